-- The netN of guests whose name ignored_interfaces matches, with the pattern. Key: virtual_machine + net.
select v.key as virtual_machine, i.key as net,
    coalesce(matching_pattern(i.key, settings.ignored_interfaces),
        matching_pattern(stripped(i.name), settings.ignored_interfaces),
        any_value(matching_pattern(stripped(a.name), settings.ignored_interfaces))) as pattern
from proxmox.guest_interfaces i
join desired.virtual_machines v on v.source_id = i.vmid::varchar
cross join config.endpoint settings
left join proxmox.guest_agent_interfaces a on a.vmid = i.vmid and a.key = i.key
where len(settings.ignored_interfaces) > 0
  and (v.key, i.key) not in (select (virtual_machine, old_name) from desired.vm_interfaces)
  and i.vmid in (select vmid from proxmox.guests where config_read)
group by v.key, i.key, i.name, settings.ignored_interfaces
