-- Templates, where they are left out. Key: source_id, the vmid.
select g.vmid::varchar as source_id, because('guest_is_template') as reason
from proxmox.guests g, config.endpoint settings
where g.template and not settings.include_templates and g.vmid not in (select vmid from desired.ignored_guests)
