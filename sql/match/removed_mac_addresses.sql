-- MAC addresses that this product put on a guest's interface and that the source has replaced there. Shape:
-- match.removed in sql/match/tables.sql. They are deleted only if policies.delete names them, after the interface has
-- the new one.
-- Only with rows of desired.vm_interfaces.
with shared as (
    select mac from desired.vm_interfaces where mac <> '' group by mac having count(*) > 1
)
select 'mac_addresses' as resource, 'dcim/mac-addresses' as object_type, a.id, a.last_updated,
    n.key || ' ' || a.mac_address || ' (replaced, id ' || a.id || ')' as key, n.owner as parent,
        [n.owner, n.key] as owners,
    [{'type': 'virtualization/interfaces', 'id': n.netbox_id},
        {'type': 'virtualization/virtual-machines', 'id': i.virtual_machine_id}] as above,
    because('mac_replaced', {mac: n.mac, system: s.system_name}) as fact, 'delete' as way, null::varchar as note,
    null::varchar as held, true as said_unproven,
    if(n.mac in (from shared), because('mac_of_several', {mac: n.mac, system: s.system_name}), null) as doubt
from match.interface_names n
join netbox.mac_addresses a on a.assigned_object_type = n.type and a.assigned_object_id = n.netbox_id
join netbox.vm_interfaces i on i.id = n.netbox_id
join ledger.created c on c.object_type = 'dcim/mac-addresses' and c.netbox_id = a.id
cross join config.endpoint s
where n.resource = 'vm_interfaces' and n.problem is null and n.mac <> '' and upper(a.mac_address) <> n.mac
  and c.endpoint in (select endpoint from config.same_source)
  and n.owner not in (select key from desired.virtual_machines where known_id is not null)
