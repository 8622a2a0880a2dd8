-- The VLANs that a differing interface has in NetBox. Key: NetBox interface.
-- A view: few rows of large tables.
-- Only with rows of netbox.interfaces WHERE untagged_vlan_id IS NOT NULL OR len(tagged_vlan_ids) > 0.
with present as materialized (
    select id, untagged_vlan_id, tagged_vlan_ids from netbox.interfaces
    where id in (select netbox_id from match.differing_interfaces)
),
tagged as (
    select i.id, '[' || string_agg(existing(v.id, v.vid || ' ' || v.name), ',' order by v.vid, v.id) || ']' as vlans
    from present i cross join unnest(i.tagged_vlan_ids) as t(vlan_id)
    join netbox.vlans v on v.id = t.vlan_id
    where len(i.tagged_vlan_ids) > 0
    group by i.id
)

select i.id, existing(u.id, u.vid || ' ' || u.name) as untagged, t.vlans as tagged
from present i
left join netbox.vlans u on u.id = i.untagged_vlan_id
left join tagged t on t.id = i.id
