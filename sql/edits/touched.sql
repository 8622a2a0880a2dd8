-- The devices and virtual machines on which something was edited in NetBox. Key: type + id.
-- edits.<table>: the rows of both snapshots; edits.changed: which of them differ.
with vlans as (
    select list(id) as ids from edits.changed where table_name = 'vlans' having count(*) > 0
),
ends as (
    select assigned_object_type as type, assigned_object_id as id from edits.mac_addresses
    where id in (select id from edits.changed where table_name = 'mac_addresses')
    union
    select assigned_object_type, assigned_object_id from edits.ip_addresses
    where id in (select id from edits.changed where table_name = 'ip_addresses')
    union
    select 'dcim.interface', unnest(list_concat(a_ids, b_ids)) from edits.cables
    where id in (select id from edits.changed where table_name = 'cables')
    union
    select 'dcim.interface', id from edits.changed where table_name = 'interfaces'
    union
    select 'virtualization.vminterface', id from edits.changed where table_name = 'vm_interfaces'
    union
    select 'dcim.interface', i.id from edits.interfaces i cross join vlans v
    where list_contains(v.ids, i.untagged_vlan_id) or list_has_any(v.ids, i.tagged_vlan_ids)
    union
    select 'virtualization.vminterface', i.id from edits.vm_interfaces i cross join vlans v
    where list_contains(v.ids, i.untagged_vlan_id) or list_has_any(v.ids, i.tagged_vlan_ids)
)
select 'device' as type, id from edits.changed where table_name = 'devices'
union
select 'device', device_id from edits.interfaces where id in (select id from ends where type = 'dcim.interface')
union
select 'device', device_id from edits.modules where id in (select id from edits.changed where table_name = 'modules')
union
select 'device', device_id from edits.module_bays
where id in (select id from edits.changed where table_name = 'module_bays')
union
select 'machine', id from edits.changed where table_name = 'virtual_machines'
union
select 'machine', virtual_machine_id from edits.vm_interfaces
where id in (select id from ends where type = 'virtualization.vminterface')
union
select 'machine', virtual_machine_id from edits.virtual_disks
where id in (select id from edits.changed where table_name = 'virtual_disks')
