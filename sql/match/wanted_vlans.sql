-- The VLANs that a differing interface should have, as references. Key: desired interface (device + name).
-- One that cannot be resolved leaves the field undecided. shows_all: they are all that the device knows.
-- A view: few rows of large tables.
-- Only with rows of desired.interface_vlans.
--
-- Ports with a number that was another one's: the VLANs and the LAG that are filed under it may be that one's.
with renumbered as (
    select owner as key, reason from match.reused_ids where resource = 'interface_vlans'
),

vlans as materialized (
    select v.* replace (if(r.reason is null, v.tagged, null) as tagged, if(r.reason is null, v.mode, null) as mode,
            if(r.reason is null, v.mode_if_empty, null) as mode_if_empty, coalesce(v.problem, r.reason) as problem),
        i.device
    from desired.interface_vlans v
    join desired.interfaces i using (key)
    left join renumbered r using (key)
    where v.key in (select key from match.differing_interfaces)
),
untagged as (
    select v.key, v.untagged = 0 as none,
           link('vlans', m.key, m.netbox_id, v.untagged || coalesce(' ' || m.netbox_name, '')) as value,
           coalesce(v.problem, m.problem) as problem
    from vlans v
    left join match.vlans m on m.owner_resource = 'devices' and m.owner = v.device and m.vid = v.untagged
    where v.untagged is not null or v.problem is not null
),
tagged as (
    select v.key,
           '[' || coalesce(string_agg(link('vlans', m.key, m.netbox_id, vids.vid || coalesce(' ' || m.netbox_name, '')),
               ',' order by vids.vid), '') || ']' as value,
           any_value(m.problem) as problem
    from vlans v
    cross join unnest(v.tagged) as vids(vid)
    left join match.vlans m on m.owner_resource = 'devices' and m.owner = v.device and m.vid = vids.vid
    where v.tagged is not null
    group by v.key
    union all
    select key, '[]', null from vlans where tagged = []
),
-- The VLANs that a device knows, without those that Cisco reserves for other media.
known_vids as (
    select owner as device, list(vid order by vid) as vids from match.vlans
    where owner_resource = 'devices' and not permitted and vid not between 1002 and 1005 group by owner
)

select v.key, v.mode, v.mode_if_empty, u.none, u.value as untagged, u.problem as untagged_problem, t.value as tagged,
    t.problem as tagged_problem, list_has_all(list_append(v.tagged, v.untagged), k.vids) as shows_all
from vlans v
left join untagged u using (key)
left join tagged t using (key)
left join known_vids k using (device)
