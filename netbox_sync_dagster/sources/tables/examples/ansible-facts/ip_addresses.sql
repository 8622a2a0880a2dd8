-- The addresses on all interfaces. Primary is the one of the default route. Old releases of Ansible give a netmask
-- without a prefix length.
with places as (
    select host, is_guest, name, unnest(list_concat(
        [interface -> '$.ipv4'], from_json(interface -> '$.ipv4_secondaries', '["json"]'),
        from_json(interface -> '$.ipv6', '["json"]'))) as place
    from interfaces
),
addresses as (
    select host, is_guest, name, place ->> '$.address' as address, place ->> '$.scope' as scope,
        coalesce(place ->> '$.prefix', list_sum(list_transform(string_split(place ->> '$.netmask', '.'),
            lambda part: bit_count(part::integer)))::varchar) as prefix
    from places
)
select
    if(is_guest, null, a.host) as device,
    if(is_guest, a.host, null) as virtual_machine,
    name as interface,
    address || '/' || prefix as address,
    address in (facts ->> '$.ansible_default_ipv4.address', facts ->> '$.ansible_default_ipv6.address') as is_primary
from addresses a
join (select host, facts from facts) using (host)
where address is not null and coalesce(scope, 'global') not in ('link', 'host')
