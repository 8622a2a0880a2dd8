-- Replication jobs of guests for the plugin's model. Key: the job's id (guest and number).
select
    r.id as key,
    v.key as virtual_machine,
    r.id as replication_id,
    r.guest,
    r.target,
    coalesce(r.schedule, '') as schedule,
    r.rate,
    several_lines(coalesce(r.comment, '')) as comment,
    coalesce(r.disable, false) as disabled,
    coalesce(r.source, g.node) as source,
    try_cast(regexp_extract(r.id, '-([0-9]+)$', 1) as bigint) as jobnum
from proxmox.replications r
join proxmox.guests g on g.vmid = r.guest
join desired.virtual_machines v on v.source_id = r.guest::varchar
cross join config.endpoint settings
where settings.records_to = 'plugin' and r.target is not null
