-- Snapshots of guests for the plugin's model. Key: guest + name.
select
    v.key || ' ' || s.name as key,
    v.key as virtual_machine,
    s.name as name,
    several_lines(coalesce(s.description, '')) as description,
    s.vmid,
    g.node,
    strftime(s.snaptime, '%Y-%m-%dT%H:%M:%S+00:00') as snaptime,
    coalesce(s.parent, '') as parent,
    g.type as subtype
from proxmox.snapshots s
join proxmox.guests g using (vmid)
join desired.virtual_machines v on v.source_id = s.vmid::varchar
cross join config.endpoint settings
where settings.records_to = 'plugin'
