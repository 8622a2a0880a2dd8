-- Addresses that the source does not show where NetBox has them, and those that go with their interface
-- (sql/match/removals.sql). Key: host address + VRF, or address, with the interface.
-- Only with rows of match.removals WHERE object_type = 'ipam/ip-addresses' AND action IN ('update', 'delete').
with removed as (
    select r.* from match.removals r where r.object_type = 'ipam/ip-addresses' and r.action in ('update', 'delete')
),
placed as (
    select r.*, a.assigned_object_type as type, a.assigned_object_id as object_id,
        coalesce(d.name || ' ' || i.name, v.name || ' ' || n.name) as place
    from removed r
    join netbox.ip_addresses a on a.id = r.id
    left join netbox.interfaces i on a.assigned_object_type = 'dcim.interface' and i.id = a.assigned_object_id
    left join netbox.devices d on d.id = i.device_id
    left join netbox.vm_interfaces n on a.assigned_object_type = 'virtualization.vminterface'
        and n.id = a.assigned_object_id
    left join netbox.virtual_machines v on v.id = n.virtual_machine_id
)
select p.resource, p.key, p.parent, p.object_type, p.id as netbox_id, null::varchar as target, p.last_updated, p.action,
    p.reason,
       case p.action
           when 'update' then [field('assigned_object', typed_existing(p.type, p.object_id, p.place), 'null')]
           when 'delete' then removed_ip_address(a, p.place) end as fields
from placed p
join netbox.ip_addresses a on a.id = p.id
