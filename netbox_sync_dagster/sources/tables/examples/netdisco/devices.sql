-- The devices. The identity is the address under which Netdisco knows the device. Locations are the sites: map them.
-- PostgreSQL's addresses are texts like 192.0.2.1/32 here.
select
    split_part(ip, '/', 1) as id,
    coalesce(nullif(name, ''), nullif(dns, ''), split_part(ip, '/', 1)) as name,
    nullif(location, '') as site,
    model as device_type,
    vendor as manufacturer,
    concat_ws(' ', os, os_ver) as platform,
    serial
from netdisco.public.device
