-- Devices that carry this endpoint's id in NetBox and that the source no longer shows. Key: NetBox's name.
-- They are shown and never deleted: a device that is gone from monitoring may still stand in its rack.
with settings as (from config.endpoint),

gone as (
    select d.id, coalesce(d.name, 'device ' || d.id) as name, d.last_updated,
           source_claim(d.cf, settings.node_field, settings.id_scope, false) as claim
    from netbox.devices d cross join settings
)
select 'devices' as resource, g.name || ' (gone, id ' || g.claim || ')' as key, g.name as parent, 'dcim/devices' as object_type, g.id as netbox_id,
       null::varchar as target, g.last_updated, 'drifted' as action,
       'no longer in ' || settings.system_name || '; devices are never deleted by a sync' as reason, [] as fields
from gone g cross join settings
where g.claim is not null
  and g.claim not in (select source_id from desired.devices)
