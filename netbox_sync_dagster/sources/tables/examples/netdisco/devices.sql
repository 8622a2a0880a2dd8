-- The devices. The identity is the address under which Netdisco knows the device. Locations are the sites: map them.
select
    ip as id,
    coalesce(nullif(name, ''), nullif(dns, ''), ip) as name,
    nullif(location, '') as site,
    model as device_type,
    vendor as manufacturer,
    concat_ws(' ', os, os_ver) as platform,
    serial
from netdisco.public.device
