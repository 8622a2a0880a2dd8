-- Resources of which the tables prove no removal, although all files ran: a file that the folder does not have says
-- nothing of its table. Key: resource + owner.
with unsaid as (
    select unnest(case name
        when 'interfaces' then ['interfaces', 'lags']
        when 'ip_addresses' then ['ip_addresses', 'primary_ips']
        else [name] end) as resource,
        name || '.sql' as file
    from tables.files where not present
)
select resource, '*' as owner, because('not_read', {text: 'there is no ' || file}) as reason, true as quiet from unsaid
union all
-- Without any neighbour nobody knows whether the device shows its neighbours at all.
select 'cables', d.key, because('no_neighbour', {source: 'cables.sql', device: d.key}), true
from desired.devices d
where d.source_id not in (select device from tables.cables)
