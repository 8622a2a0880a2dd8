-- The device on which the engine runs, if NetBox has it: its containers are on it, so it is in the host's cluster. Key:
-- its name. It is never created, and nothing else of it is compared. NetBox takes the device of a virtual machine only
-- from the machine's own cluster: a device of another cluster keeps that.
-- Only with rows of desired.host_machines WHERE object_type = 'dcim/devices'.
select null::varchar as source_id, min(h.name) as key, min(h.name) as name, list(distinct h.name) as names,
    null::varchar as serial, null::varchar as status, false as inactive, null::varchar as ip, null::varchar as id_value,
    blocked('import_is_off') as not_imported, false as in_site_only,
    if(bool_and(h.cluster_id is null or lower(c.name) = lower(settings.cluster_name)), any_value(settings.cluster_name),
        null) as cluster
from desired.host_machines h
cross join config.endpoint settings
left join netbox.clusters c on c.id = h.cluster_id
where h.object_type = 'dcim/devices'
