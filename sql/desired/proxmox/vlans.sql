-- The VLANs that the cluster names: SDN vnets. Key: cluster + VID. VLANs that only an interface carries have no
-- name; they are in desired.carried_vids.
with vnets as (
    select v.vnet, v.tag, blank(v.alias) as alias
    from proxmox.sdn_vnets v left join proxmox.sdn_zones z using (zone)
    where v.tag is not null and coalesce(z.type, 'vlan') in ('vlan', 'qinq')
),
carried as (
    -- A tag outside the range is shown with its reason.
    select distinct i.tag from proxmox.guest_interfaces i
    join desired.virtual_machines v on v.source_id = i.vmid::varchar
    where i.tag not between 1 and 4094
)
select distinct 'clusters' as owner_resource, c.key as owner, v.tag as vid, coalesce(v.alias, v.vnet) as name,
       case when v.tag not between 1 and 4094 then blocked('vid_out_of_range', {vid: v.tag}) end as problem
from vnets v, desired.clusters c
union
select 'clusters', c.key, tag, null, blocked('vid_out_of_range', {vid: tag})
from carried, desired.clusters c
where tag not in (select tag from vnets)
