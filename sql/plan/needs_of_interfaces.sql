-- Interfaces: the VLANs that a mode allows, and the fields that a type allows; see sql/plan/field_needs.sql.
with ports as materialized (
    select 'interfaces' as resource, w.key, w.field, w.after, coalesce(a.mode, '') as mode,
        a.untagged_vlan_id is not null as untagged, len(coalesce(a.tagged_vlan_ids, [])) > 0 as tagged, a.type,
        a.cable_id is not null as cabled, a.mark_connected, a.parent_id, a.lag_id, a.channel_id
    from diff.written w join netbox.interfaces a on a.id = w.netbox_id
    where w.resource = 'interfaces' and w.field in ('mode', 'untagged_vlan', 'tagged_vlans', 'type', 'parent', 'lag')
    union all
    select 'vm_interfaces', w.key, w.field, w.after, coalesce(a.mode, ''), a.untagged_vlan_id is not null,
        len(coalesce(a.tagged_vlan_ids, [])) > 0, null, false, false, null, null, null
    from diff.written w join netbox.vm_interfaces a on a.id = w.netbox_id
    where w.resource = 'vm_interfaces' and w.field in ('mode', 'untagged_vlan', 'tagged_vlans')
)

select resource, key, field, resource as needs_resource, key as needs_key, 'mode' as needs_field,
    because('interface_without_mode') as why
from ports where field = 'untagged_vlan' and after <> 'null' and mode = ''
union all
select resource, key, field, resource, key, 'mode', because('interface_not_in_mode_tagged')
from ports where field = 'tagged_vlans' and after not in ('null', '[]') and mode <> 'tagged'
union all
select resource, key, field, resource, key, 'tagged_vlans', because('interface_has_tagged_vlans', {mode: after})
from ports where field = 'mode' and tagged and after <> '"tagged"'
union all
select resource, key, field, resource, key, 'untagged_vlan', because('interface_has_an_untagged_vlan')
from ports where field = 'mode' and untagged and after in ('null', '""')
union all
select resource, key, field, resource, null, null, because('interface_has_a_cable')
from ports where field = 'type' and is_virtual_type(after ->> '$') and (cabled or mark_connected)
union all
select resource, key, field, resource, key, 'parent', because('interface_has_a_parent')
from ports where field = 'type' and after <> '"virtual"' and parent_id is not null and channel_id is null
union all
select resource, key, field, resource, null, null, because('interface_is_a_channel')
from ports
where field = 'type' and channel_id is not null and (is_virtual_type(after ->> '$') or is_wireless_type(after ->> '$'))
union all
select resource, key, field, resource, key, 'lag', because('interface_is_in_a_lag')
from ports where field = 'type' and after = '"virtual"' and lag_id is not null
union all
select resource, key, field, resource, key, 'type', because('only_virtual_has_a_parent', {type: type})
from ports where field = 'parent' and after <> 'null' and type <> 'virtual'
union all
select resource, key, field, resource, key, 'type', because('virtual_not_in_a_lag')
from ports where field = 'lag' and after <> 'null' and type = 'virtual'
