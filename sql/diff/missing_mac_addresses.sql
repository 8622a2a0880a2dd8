-- MAC addresses that the source has replaced, and those that go with their interface (sql/match/removals.sql). Key:
-- interface + address.
-- Only with rows of match.removals WHERE object_type = 'dcim/mac-addresses' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       removed_mac_address(a,
           coalesce(d.name || ' ' || i.name, v.name || ' ' || n.name)) as fields
from match.removals r
join netbox.mac_addresses a on a.id = r.id
left join netbox.interfaces i on a.assigned_object_type = 'dcim.interface' and i.id = a.assigned_object_id
left join netbox.devices d on d.id = i.device_id
left join netbox.vm_interfaces n on a.assigned_object_type = 'virtualization.vminterface'
    and n.id = a.assigned_object_id
left join netbox.virtual_machines v on v.id = n.virtual_machine_id
where r.object_type = 'dcim/mac-addresses' and r.action = 'delete'
