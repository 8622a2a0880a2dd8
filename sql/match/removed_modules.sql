-- Modules on matched devices in NetBox that are not in the device's inventory, which was read. They are shown and kept.
-- Shape: match.removed in sql/match/tables.sql.
-- Only with rows of desired.modules.
select 'modules' as resource, 'dcim/modules' as object_type, i.id, i.last_updated,
    d.key || ' ' || coalesce(b.name, 'bay ' || i.module_bay_id) || ' (gone)' as key, d.key as parent, [d.key] as owners,
    [{'type': 'dcim/devices', 'id': i.device_id}] as above,
    because('not_in_inventory', {system: s.system_name}) as fact, 'leave' as way, null::varchar as note,
        null::varchar as held,
    true as said_unproven
from netbox.modules i
join match.live_devices d on d.netbox_id = i.device_id
cross join config.endpoint s
left join netbox.module_bays b on b.id = i.module_bay_id
where s.shows_parts
  and i.id not in (select netbox_id from match.modules where netbox_id is not null)
  and i.id not in (select elsewhere_id from match.modules where elsewhere_id is not null)
  and d.key in (select device from desired.modules)
