-- Interfaces: which VLANs a mode allows, and what a type allows; see sql/diff/field_needs.sql.
with ports as materialized (
    select 'interfaces' as resource, w.key, w.field, w.after, coalesce(a.mode, '') as mode,
        a.untagged_vlan_id is not null as untagged, len(coalesce(a.tagged_vlan_ids, [])) > 0 as tagged, a.type,
        a.cable_id is not null as cabled, a.mark_connected, a.parent_id, a.lag_id
    from diff.written w join netbox.interfaces a on a.id = w.netbox_id
    where w.resource = 'interfaces' and w.field in ('mode', 'untagged_vlan', 'tagged_vlans', 'type', 'parent', 'lag')
    union all
    select 'vm_interfaces', w.key, w.field, w.after, coalesce(a.mode, ''), a.untagged_vlan_id is not null,
        len(coalesce(a.tagged_vlan_ids, [])) > 0, null, false, false, null, null
    from diff.written w join netbox.vm_interfaces a on a.id = w.netbox_id
    where w.resource = 'vm_interfaces' and w.field in ('mode', 'untagged_vlan', 'tagged_vlans')
)

select resource, key, field, resource as needs_resource, key as needs_key, 'mode' as needs_field,
    'the interface has no 802.1Q mode in NetBox' as why
from ports where field = 'untagged_vlan' and after <> 'null' and mode = ''
union all
select resource, key, field, resource, key, 'mode', 'the interface is not in mode tagged in NetBox'
from ports where field = 'tagged_vlans' and after not in ('null', '[]') and mode <> 'tagged'
union all
select resource, key, field, resource, key, 'tagged_vlans', 'the interface has tagged VLANs in NetBox, which mode ' || after || ' does not allow'
from ports where field = 'mode' and tagged and after <> '"tagged"'
union all
select resource, key, field, resource, key, 'untagged_vlan', 'the interface has an untagged VLAN in NetBox'
from ports where field = 'mode' and untagged and after in ('null', '""')
union all
select resource, key, field, resource, null, null, 'it has a cable in NetBox, or is marked as connected'
from ports where field = 'type' and after in ('"virtual"', '"bridge"', '"lag"') and (cabled or mark_connected)
union all
select resource, key, field, resource, key, 'parent', 'it has a parent interface in NetBox'
from ports where field = 'type' and after <> '"virtual"' and parent_id is not null
union all
select resource, key, field, resource, key, 'lag', 'it is a member of a LAG in NetBox'
from ports where field = 'type' and after = '"virtual"' and lag_id is not null
union all
select resource, key, field, resource, key, 'type', 'only a virtual interface has a parent, and it is of type ' || type
from ports where field = 'parent' and after <> 'null' and type <> 'virtual'
union all
select resource, key, field, resource, key, 'type', 'a virtual interface is no member of a LAG'
from ports where field = 'lag' and after <> 'null' and type = 'virtual'
