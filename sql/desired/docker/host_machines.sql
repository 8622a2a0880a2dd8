-- What NetBox has under the name of the machine on which the engine runs: the option host, else the name that the
-- engine reports; exact, else without its domain. Key: object_type + id. cluster_id: the cluster of a device.
-- Only with rows of docker.host; config.endpoint WHERE host IS NOT NULL.
with wanted as (
    select lower(coalesce(settings.host, (select any_value(name) from docker.host))) as name
    from config.endpoint settings
),
known as (
    select 'dcim/devices' as object_type, id, name, cluster_id from netbox.devices where name is not null
    union all
    -- A container is not the host of others.
    select 'virtualization/virtual-machines', id, name, null from netbox.virtual_machines v, config.endpoint settings
    where held_guest(v.cf, settings.id_field) is null
),
hits as (
    select k.*, 1 as step from known k join wanted w on lower(k.name) = w.name
    union all
    select k.*, 2 from known k join wanted w on short_name(lower(k.name)) = w.name
    union all
    select k.*, 2 from known k join wanted w on lower(k.name) = short_name(w.name)
)
select w.name as wanted_name, h.object_type, h.id, h.name, h.cluster_id
from wanted w left join (from hits qualify step = min(step) over ()) h on true
where w.name is not null
