-- A VLAN: the devices and clusters that name it, and those whose interfaces only have its VID.
with owners as (
    select owner_resource, owner, vid from desired.row_sources where resource = 'vlans' and key = $key
)
select 'desired.vlans' as origin, 0 as place, to_json(v) as content
from desired.vlans v join owners using (owner_resource, owner, vid)
union all
select 'desired.carried_vids', 1, to_json(c)
from desired.carried_vids c join owners using (owner_resource, owner, vid)
union all
select 'desired.rule_fields', 3, to_json({field: f.field, value: f.value, file: f.file})
from desired.rule_fields f join owners o on f.key = o.owner || ' ' || o.vid where f.resource = 'vlans'
