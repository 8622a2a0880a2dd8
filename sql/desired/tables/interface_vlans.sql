-- The VLANs of each interface. Key: interface. untagged is a VID (0 = none), tagged a list of VIDs; NULL = unknown.
-- Only with rows of tables.interfaces WHERE untagged_vlan IS NOT NULL OR tagged_vlans IS NOT NULL OR mode IS NOT NULL.
select
    d.key || ' ' || i.name as key,
    i.untagged_vlan as untagged,
    list_filter(i.tagged_vlans, lambda v: v <> coalesce(i.untagged_vlan, 0)) as tagged,
    coalesce(i.mode, case
        when len(list_filter(i.tagged_vlans, lambda v: v <> coalesce(i.untagged_vlan, 0))) > 0 then 'tagged'
        when i.untagged_vlan > 0 and i.tagged_vlans is not null then 'access'
        when i.untagged_vlan = 0 and i.tagged_vlans is not null then '' end) as mode,
    -- Without tagged_vlans nobody knows what else it carries: the mode is only set where NetBox has none.
    case when i.mode is null and i.tagged_vlans is null and i.untagged_vlan > 0 then 'access' end as mode_if_empty,
    null::varchar as problem
from tables.interfaces i
join desired.devices d on d.source_id = i.device
where (i.untagged_vlan is not null or i.tagged_vlans is not null or i.mode is not null)
  and (d.key || ' ' || i.name) in (select key from desired.interfaces)
