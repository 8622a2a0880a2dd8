-- What is not compared at all, with the reason. Key: resource + key.
select 'virtual_machines' as resource, coalesce(blank(g.name_given), g.type) || ' (' || g.vmid || ')' as key,
       'it is a template; include_templates is off' as reason
from proxmox.guests g, config.endpoint settings
where g.template and not settings.include_templates
union all
select 'virtual_disks', v.key || ' ' || d.key,
       'size unknown: Proxmox gives no size for ' || coalesce(d.storage || ':', '') || coalesce(d.volume, '')
from proxmox.disks d join desired.virtual_machines v on v.source_id = d.vmid::varchar
where d.reason = 'size unknown'
union all
select 'ip_addresses', interface || ' ' || host || coalesce('/' || prefixlen, ''), left_out
from desired.ip_addresses where left_out is not null
union all
select 'vlans', owner || ' ' || vid, problem from desired.vlans where problem is not null
union all
select 'virtual_machines', key, 'its node does not answer, so nothing about it is compared' from desired.virtual_machines where inactive
union all
select source_table, row_key, reason from proxmox.rejected
