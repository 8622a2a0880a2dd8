-- The VLANs of each device.
select v.device_id as device, v.vlan_vlan as vid, nullif(v.vlan_name, '') as name
from librenms.vlans v
join librenms.devices d using (device_id)
where d.disabled = 0 and v.vlan_vlan between 1 and 4094
