-- Makes desired.row_sources.
-- What the source shows for rows of the diff whose keys it does not know: of a VLAN the devices and clusters that have
-- it, of a cable the interfaces that see a neighbour. Key: resource + key, with at most 20 owners or interfaces each.
-- Only with rows of diff.vlans; diff.cables; desired.rule_fields WHERE resource = 'vlans'.
with vlans as (
    select if(problem is null, key, 'VLAN ' || vid || ' of ' || owner) as key, owner_resource, owner, vid
    from match.vlans where not permitted
    union
    select 'VLAN ' || vid || ' of ' || owner, owner_resource, owner, vid from desired.vlans where problem is not null
),
ends as (
    select c.key, n.interface
    from match.cables c join match.neighbours n on n.local_end = c.a.end and n.remote_end = c.b.end
    union
    select c.key, n.interface
    from match.cables c join match.neighbours n on n.local_end = c.b.end and n.remote_end = c.a.end
    union
    select local_label || ' <-> ' || seen, interface from match.neighbours where remote_end is null
    union
    select i.device || ': unknown neighbours', n.interface
    from match.neighbours n join desired.interfaces i on i.key = n.interface where n.remote_end is null
)
select 'vlans' as resource, key, owner_resource, owner, vid, null::varchar as interface
from vlans
where key in (select key from diff.vlans)
    or (owner || ' ' || vid) in (select key from desired.rule_fields where resource = 'vlans')
qualify row_number() over (partition by key order by owner_resource, owner) <= 20
union all
select 'cables', key, null, null, null, interface
from ends
where key in (select key from diff.cables)
qualify row_number() over (partition by key order by interface) <= 20
