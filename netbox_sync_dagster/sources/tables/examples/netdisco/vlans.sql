-- The VLANs of each device.
select split_part(ip, '/', 1) as device, vlan as vid, nullif(description, '') as name
from netdisco.public.device_vlan
where vlan between 1 and 4094
