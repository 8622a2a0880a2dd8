-- The VLANs that each device knows. Key: device + VID.
-- Only with rows of librenms.vlans.
select distinct on (d.key, v.vlan_vlan)
    d.key as owner,
    'devices' as owner_resource,
    v.vlan_vlan as vid,
    -- A placeholder is not a name; the VLAN gets a neutral one.
    case when is_placeholder(v.vlan_name) then null else stripped(v.vlan_name) end as name,
    case when v.vlan_vlan not between 1 and 4094 then blocked('vid_out_of_range', {vid: v.vlan_vlan}) end as problem
from librenms.vlans v
join desired.devices d on d.source_id = v.device_id::varchar
order by d.key, v.vlan_vlan, v.vlan_id
