-- The VLANs of each port. Key: interface. untagged is a VID (0 = none), tagged a list of VIDs; NULL = unknown.
-- Never an empty set out of missing evidence: without membership rows a trunk's tagged VLANs stay unknown.
-- Where LibreNMS has memberships and they could not be read, the native VLAN alone tells nothing either.
with unread as (
    select distinct scope_id from librenms.scopes
    where scope = 'port_vlans' and not complete and coalesce(unseen, true)
),
-- A row that cannot be read takes its port's memberships along, and no others.
unread_ports as (
    select try_cast(row_key as bigint) as port_id from librenms.rejected where source_table = 'port_vlans'
),
-- Rows are missing in a table that has shrunk, so a port's are no full set.
shrunken as (
    select count(*) > 0 as yes from librenms.scopes where scope = 'table' and scope_id = 'port_vlans' and not complete
),
-- So for a device that shows far fewer memberships than it did: of its VLANs nothing is said.
short as (
    select distinct scope_id from librenms.scopes where scope = 'short_port_vlans' and not complete
),

rows_of_port as (
    select
        v.port_id,
        list(v.vlan order by v.vlan) as vids,
        list(v.vlan order by v.vlan) filter (v.untagged) as untagged_vids
    from (select distinct port_id, vlan, bool_or(untagged) over (partition by port_id, vlan) as untagged
          from librenms.port_vlans where vlan between 1 and 4094) v
    group by v.port_id
),

ports as (
    select
        i.key, p.port_id, p.ifTrunk,
        case when try_cast(p.ifVlan as integer) between 1 and 4094 then try_cast(p.ifVlan as integer) end as native_vid,
        r.vids, coalesce(r.untagged_vids, []) as untagged_vids, shrunken.yes as no_full_set
    from librenms.ports p
    join desired.interfaces i on i.source_id = p.port_id::varchar
    cross join shrunken
    left join rows_of_port r using (port_id)
    where p.device_id::varchar not in (from short)
      and (r.vids is not null
       or not ('*' in (from unread) or p.device_id::varchar in (from unread) or shrunken.yes
           or p.port_id in (select port_id from unread_ports where port_id is not null)))
),

decided as (
    select *,
        case
            when vids is null then native_vid
            when list_contains(vids, native_vid) then native_vid
            when len(untagged_vids) = 1 then untagged_vids[1]
            when len(untagged_vids) > 1 then null
            else 0
        end as untagged,
        case when vids is not null and not coalesce(list_contains(vids, native_vid), false) and len(untagged_vids) > 1
             then conflict('several_untagged_vlans',
                 {source: 'LibreNMS', number: len(untagged_vids), vids: untagged_vids})
        end as problem
    from ports
),
-- What a person has answered, if exactly this was asked.
answered as (
    select d.* replace (
        coalesce(try_cast(a.value as integer), d.untagged) as untagged,
        if(a.answer is null, d.problem, null) as problem)
    from decided d
    left join config.answers a on a.resource = 'interfaces' and a.key = d.key and a.field = 'untagged_vlan'
        and a.answer = 'value' and a.question = question(d.problem)
        and list_contains(d.untagged_vids, try_cast(a.value as integer))
)

select
    key,
    case when problem is null then untagged end as untagged,
    case when problem is null and not no_full_set and vids is not null
         then list_filter(vids, lambda v: v <> untagged) end as tagged,
    case when problem is not null or vids is null then null
         when len(list_filter(vids, lambda v: v <> coalesce(untagged, 0))) > 0 then 'tagged'
         when not no_full_set and untagged > 0 then 'access' end as mode,
    -- Without membership rows nobody knows what else the port carries: the mode is only set where NetBox has none.
    case when vids is null and untagged > 0 then if(ifTrunk = 'dot1Q', 'tagged', 'access') end as mode_if_empty,
    problem
from answered
where vids is not null or native_vid is not null
