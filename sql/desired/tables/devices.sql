-- The devices of devices.sql in NetBox's terms. Key: the name, with the id if several have it; source_id: the id.
with named as (
    select d.*, count(*) over (partition by lower(d.name)) as same_name, c.key as cluster_key
    from tables.devices d
    left join desired.clusters c on lower(c.name) = lower(d.cluster)
)
select
    id as source_id,
    if(same_name > 1, name || ' [' || id || ']', name) as key,
    name,
    list_filter([name, short_name(name)], lambda n: n is not null) as names,
    serial_number(serial) as serial,
    status,
    false as inactive,
    null::varchar as ip,
    to_json(id)::varchar as id_value,
    name_problem(name, 64) as not_imported,
    false as in_site_only,
    cluster_key as cluster,
    site as place,
    device_type as hardware,
    platform as os,
    role as device_kind
from named
