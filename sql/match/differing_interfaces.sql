-- Interfaces that may differ between desired and NetBox, by ids and plain values. Key: desired interface. All others
-- are equal: before and after are computed only for these.
-- Only with rows of match.interface_pairs.
with linked as materialized (
    select i.key, i.netbox_id, w.lag, w.parent_interface, w.bridge
    from (from match.interfaces where linked) i join desired.interfaces w on w.key = i.key
),
link_targets as materialized (
    select key, netbox_id from match.interface_names
    where resource = 'interfaces' and key in (select unnest([lag, parent_interface, bridge]) from linked)
),

-- Another LAG, parent or bridge than in NetBox, or one that is not created yet.
linked_otherwise as (
    select i.key, i.netbox_id
    from linked i
    join netbox.interfaces a on a.id = i.netbox_id
    left join link_targets lag on lag.key = i.lag
    left join link_targets parent on parent.key = i.parent_interface
    left join link_targets bridge on bridge.key = i.bridge
    where (i.lag is not null and (lag.netbox_id is distinct from a.lag_id
        or (lag.key is not null and lag.netbox_id is null)))
       or (i.parent_interface is not null and (parent.netbox_id is distinct from a.parent_id
           or (parent.key is not null and parent.netbox_id is null)))
       or (i.bridge is not null and (bridge.netbox_id is distinct from a.bridge_id
           or (bridge.key is not null and bridge.netbox_id is null)))
),

-- Other VLANs, or undecided ones.
port_vlans as (
    select v.*, i.device, i.netbox_id
    from desired.interface_vlans v join match.interfaces i using (key)
    where i.same_values
),
known_vlans as (
    select owner, vid, if(problem is null, netbox_id, null) as netbox_id from match.vlans
        where owner_resource = 'devices'
),
tagged_ids as (
    select v.key, list(k.netbox_id order by k.netbox_id) as ids
    from port_vlans v cross join unnest(v.tagged) as vids(vid)
    left join known_vlans k on k.owner = v.device and k.vid = vids.vid
    group by v.key
),
tagged_otherwise as (
    select v.key, v.netbox_id
    from port_vlans v
    join netbox.interfaces a on a.id = v.netbox_id
    left join known_vlans k on k.owner = v.device and k.vid = v.untagged
    left join tagged_ids t on t.key = v.key
    where v.problem is not null
       or v.mode <> coalesce(a.mode, '')
       or (v.mode is null and v.mode_if_empty is not null and coalesce(a.mode, '') = '')
       or (v.untagged = 0 and a.untagged_vlan_id is not null)
       or (v.untagged > 0 and (k.netbox_id is null or k.netbox_id is distinct from a.untagged_vlan_id))
       or (v.tagged is not null and coalesce(t.ids, []) is distinct from list_sort(coalesce(a.tagged_vlan_ids, [])))
)

select key, netbox_id, candidate_id, problem from match.interfaces where same_values is distinct from true
union
select *, null, null from linked_otherwise
union
select key, netbox_id, null, null from match.link_removals
union
select i.key, i.netbox_id, null, null
from match.interfaces i join desired.interfaces w on w.key = i.key
where w.lag_problem is not null or w.bridge_problem is not null
union
select *, null, null from tagged_otherwise
