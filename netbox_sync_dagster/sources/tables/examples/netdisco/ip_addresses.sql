-- The addresses on ports. The device's own address is its primary address.
select
    split_part(ip, '/', 1) as device,
    port as interface,
    split_part(alias, '/', 1) || coalesce('/' || split_part(subnet, '/', 2), '') as address,
    alias = ip as is_primary
from netdisco.public.device_ip
where port is not null
