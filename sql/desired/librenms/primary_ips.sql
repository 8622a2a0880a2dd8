-- Only with rows of librenms.devices.
-- The addresses that may become primary. Key: device + family + address + interface. The address that LibreNMS polls,
-- if it is on an interface of the device or of its stack; then the other addresses of that interface. problem:
-- LibreNMS shows the polled address on no interface.
with polled as (
    select 'devices' as resource, d.key, d.source_id, d.ip, if(contains(d.ip, ':'), 6, 4) as family
    from desired.devices d
    where d.ip is not null and not d.inactive
    union all
    select 'virtual_machines', v.key, v.source_id, d.ip, if(contains(d.ip, ':'), 6, 4)
    from desired.virtual_machines v join librenms.devices d on d.device_id::varchar = v.source_id
    where blank(d.ip) is not null and not v.inactive
),
of_device as (
    select p.resource, p.key, p.ip, p.family, a.host, a.vrf, a.interface, a.left_out
    from polled p
    left join desired.stack_members m on m.device = p.key and p.resource = 'devices'
    join desired.ip_addresses a on a.owner_resource = p.resource and a.owner in (p.key, m.key) and a.family = p.family
),
placed as (
    select distinct resource, key, interface from of_device where host = ip and left_out is null
)

select
    o.key as owner, o.resource as owner_resource, o.family, o.host, o.vrf, o.interface,
    row_number() over (partition by o.resource, o.key, o.family
        order by o.host <> o.ip, o.interface, o.host)::integer as rank,
    o.host = o.ip as named, null::varchar as problem
from (select distinct resource, key, ip, family, host, vrf, interface from of_device where left_out is null) o
join placed p on p.resource = o.resource and p.key = o.key and p.interface = o.interface
union all
select
    p.key, p.resource, p.family, p.ip, null, null, 1, true,
    because('polled_address_on_no_interface', {address: p.ip, system: 'LibreNMS',
        because: any_value(o.left_out)})
from polled p
left join of_device o on o.resource = p.resource and o.key = p.key and o.host = p.ip
where (p.resource, p.key) not in (select (resource, key) from placed)
  -- Addresses that could not be read may be on an interface.
  and not exists (from desired.incomplete_scopes u where u.resource = 'ip_addresses' and u.owner in ('*', p.key))
group by p.resource, p.key, p.family, p.ip
