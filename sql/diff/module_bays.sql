-- Module bays that parts are in and NetBox lacks. Key: device + bay. By policy only: bays usually come with the
-- device type.
-- Only with rows of desired.modules.
select 'module_bays' as resource, w.key, w.device as parent, 'dcim/module-bays' as object_type,
    null::bigint as netbox_id,
       null::varchar as target, null::varchar as last_updated, 'create' as action, null::varchar as reason,
       [field('device', null, link('devices', d.key, d.netbox_id, d.name)),
           field('name', null, to_json(w.bay)::varchar)] as fields
from desired.modules w
join match.modules m using (key)
join match.live_devices d on d.key = w.device
where m.problem is null and m.bay_id is null and m.elsewhere_id is null
  and 'module_bays' in (select resource from config.may_create)
