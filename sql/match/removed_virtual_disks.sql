-- Disks of matched virtual machines in NetBox that the guest does not have. Shape: match.removed in
-- sql/match/tables.sql.
-- Only with rows of match.live_virtual_machines.
select 'virtual_disks' as resource, 'virtualization/virtual-disks' as object_type, d.id, d.last_updated,
    v.key || ' ' || d.name || ' (gone)' as key, v.key as parent, [v.key] as owners,
    [{'type': 'virtualization/virtual-machines', 'id': v.netbox_id}] as above,
    because('no_such_disk', {system: s.system_name}) as fact, 'delete' as way, null::varchar as note,
        null::varchar as held,
    true as said_unproven
from netbox.virtual_disks d
join match.live_virtual_machines v on v.netbox_id = d.virtual_machine_id
cross join config.endpoint s
left join desired.virtual_disks w on w.virtual_machine = v.key and w.name = d.name
where w.key is null
