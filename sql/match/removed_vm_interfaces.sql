-- Interfaces of matched virtual machines in NetBox whose guest has no such netN or network. Shape: match.removed in
-- sql/match/tables.sql.
-- Only with rows of match.live_virtual_machines.
select 'vm_interfaces' as resource, 'virtualization/interfaces' as object_type, i.id, i.last_updated,
    v.key || ' ' || i.name || ' (gone)' as key, v.key as parent, [v.key] as owners,
    [{'type': 'virtualization/virtual-machines', 'id': v.netbox_id}] as above,
    because('no_such_guest_interface', {kind: s.nic_word, system: s.system_name}) as fact, 'delete' as way,
        null::varchar as note,
    -- NetBox does not delete an interface that is another one's parent.
    if(i.id in (select parent_id from netbox.vm_interfaces where parent_id is not null),
        because('hangs_on_it', {what: ['another interface']}), null) as held,
    true as said_unproven
from netbox.vm_interfaces i
join match.live_virtual_machines v on v.netbox_id = i.virtual_machine_id
cross join config.endpoint s
where i.id not in (select netbox_id from match.vm_interfaces where netbox_id is not null)
  and v.key not in (select key from desired.virtual_machines where known_id is not null)
