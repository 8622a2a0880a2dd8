-- The rows of vm_interfaces.sql in NetBox's terms. Key: virtual machine + interface.
-- Only with rows of tables.vm_interfaces.
select
    v.key || ' ' || i.name as key,
    v.key as virtual_machine,
    i.name,
    i.name as old_name,
    i.enabled,
    i.mtu,
    described(i.description, 200) as description,
    case when i.mac is not null then mac_address(i.mac) end as mac,
    i.untagged_vlan as untagged,
    list_filter(i.tagged_vlans, lambda v: v <> coalesce(i.untagged_vlan, 0)) as tagged,
    coalesce(i.mode, case
        when len(list_filter(i.tagged_vlans, lambda v: v <> coalesce(i.untagged_vlan, 0))) > 0 then 'tagged'
        when i.untagged_vlan > 0 then 'access'
        when i.untagged_vlan = 0 and i.tagged_vlans is not null then '' end) as mode,
    name_problem(i.name, 64) as problem
from tables.vm_interfaces i
join desired.virtual_machines v on v.source_id = i.virtual_machine
cross join config.endpoint settings
where matching_pattern(i.name, settings.ignored_interfaces) is null
