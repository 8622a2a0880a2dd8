-- The VLANs of each port. Key: interface. untagged is a VID (0 = none), tagged a list of VIDs; NULL = unknown.
-- Never an empty set out of missing evidence: without membership rows a trunk's tagged VLANs stay unknown.
with unread_devices as (
    select distinct scope_id from librenms.scopes where scope = 'port_vlans' and not complete
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
        r.vids, coalesce(r.untagged_vids, []) as untagged_vids,
        -- Rows that came from a device whose read broke off are no full set.
        p.device_id::varchar in (select scope_id from unread_devices)
            or '*' in (select scope_id from unread_devices) as unread
    from librenms.ports p
    join desired.interfaces i on i.source_id = p.port_id::varchar
    left join rows_of_port r using (port_id)
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
             then 'LibreNMS shows ' || len(untagged_vids) || ' untagged VLANs (' || array_to_string(untagged_vids, ', ') || ') and no native one'
        end as problem
    from ports
)

select
    key,
    case when problem is null then untagged end as untagged,
    case when problem is null and not unread and vids is not null
         then list_filter(vids, lambda v: v <> untagged) end as tagged,
    case when problem is not null or vids is null then null
         when len(list_filter(vids, lambda v: v <> coalesce(untagged, 0))) > 0 then 'tagged'
         when not unread and untagged > 0 then 'access' end as mode,
    -- Without membership rows nobody knows what else the port carries: the mode is only set where NetBox has none.
    case when vids is null and untagged > 0 then if(ifTrunk = 'dot1Q', 'tagged', 'access') end as mode_if_empty,
    problem
from decided
where vids is not null or native_vid is not null
