-- What is not compared at all, with the reason. Key: resource + key.
select 'virtual_machines' as resource, coalesce(blank(g.name_given), g.type) || ' (' || g.vmid || ')' as key,
       skipped('template') as reason
from proxmox.guests g, config.endpoint settings
where g.template and not settings.include_templates
union all
select 'virtual_machines', coalesce(blank(g.name_given), g.type) || ' (' || g.vmid || ')',
       skipped('ignored_by_option', {option: i.option, pattern: i.pattern})
from desired.ignored_guests i join proxmox.guests g using (vmid)
union all
select 'interfaces', n.node || ' ' || n.iface, skipped('ignored_by_option', {option: 'ignored_interfaces',
    pattern: matching_pattern(n.iface, settings.ignored_interfaces)})
from proxmox.node_interfaces n, config.endpoint settings
where matching_pattern(n.iface, settings.ignored_interfaces) is not null
union all
select 'vm_interfaces', virtual_machine || ' ' || net,
    skipped('ignored_by_option', {option: 'ignored_interfaces', pattern: pattern})
from desired.ignored_nics
union all
select 'virtual_disks', key, problem from desired.virtual_disks where size is null
union all
select 'ip_addresses', interface || ' ' || host || coalesce('/' || prefixlen, ''), left_out
from desired.ip_addresses where left_out is not null
union all
select 'vlans', owner || ' ' || vid, problem from desired.vlans where problem is not null
union all
select 'virtual_machines', v.key, case when g.lock = 'destroyed' then skipped('being_removed', {source: 'Proxmox'})
    when g.lock in ('create', 'clone') then skipped('unfinished', {source: 'Proxmox', lock: g.lock})
    else skipped('node_does_not_answer') end
from desired.virtual_machines v join proxmox.guests g on g.vmid::varchar = v.source_id
where v.inactive
union all
select 'backups', settings.endpoint, skipped('no_plugin', {plugin: 'netbox-proxbox'})
from config.endpoint settings where settings.guest_records = 'plugin'
    and not (select coalesce(bool_or(proxbox), false) from netbox.status)
union all
select 'backups', s.scope_id, skipped('netbox_not_read', {text: s.reason}) from netbox.scopes s,
    config.endpoint settings
where not s.complete and starts_with(s.scope_id, 'proxbox_') and settings.guest_records in ('plugin', 'auto')
union all
select 'vm_interfaces', v.key || ' ' || coalesce(a.name, a.mac),
    skipped('passed_through', {interface: coalesce(a.name, a.mac), mac: a.mac})
from proxmox.guest_agent_interfaces a
join desired.virtual_machines v on v.source_id = a.vmid::varchar
where a.key is null
union all
select source_table, row_key, skipped('unreadable_row', {text: reason}) from proxmox.rejected
