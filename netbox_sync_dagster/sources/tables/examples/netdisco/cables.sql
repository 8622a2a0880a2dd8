-- Neighbours by LLDP and CDP: the device that Netdisco knows, else the name that the neighbour gives itself.
select
    split_part(p.ip, '/', 1) as device,
    p.port as interface,
    coalesce(split_part(d.ip, '/', 1), nullif(p.remote_id, ''), split_part(p.remote_ip, '/', 1)) as remote_device,
    p.remote_port as remote_interface
from netdisco.public.device_port p
left join netdisco.public.device_ip a on a.alias = p.remote_ip
left join netdisco.public.device d on d.ip = coalesce(a.ip, p.remote_ip)
where p.remote_ip is not null
