-- What is not compared at all, with the reason. Key: resource + key.
select 'virtual_machines' as resource, name as key,
       case when len(list_filter(settings.ignored_containers, lambda pattern: regexp_full_match(name, pattern))) > 0
                then skipped('ignored_by_option', {option: 'ignored_containers',
                    pattern: list_filter(settings.ignored_containers, lambda p: regexp_full_match(name, p))[1]})
            when replaced_by is not null then skipped('task_replaced', {name: replaced_by})
            when auto_remove and not settings.auto_removed_containers
                then skipped('removed_when_it_stops', {source: 'Docker'})
            else skipped('temporary_name', {program: 'Docker Compose', name: substr(name, 14)}) end as reason
from docker.containers, config.endpoint settings
where name not in (select source_id from desired.virtual_machines)
union all
select 'devices', h.wanted_name, case
    when count(h.id) = 0 then skipped('host_not_in_netbox', {name: h.wanted_name})
    when bool_and(h.object_type <> 'dcim/devices')
        then skipped('host_is_virtual_machine', {candidates: list({'type': h.object_type, 'id': h.id, 'name': h.name}
            order by h.name, h.id)})
    else skipped('host_in_another_cluster', {device: any_value(h.name), cluster: any_value(c.name)}) end
from desired.host_machines h
left join netbox.clusters c on c.id = h.cluster_id
-- A host that NetBox does not have is only missing if it was named.
where not exists (from desired.devices where cluster is not null)
  and (h.id is not null or (select host from config.endpoint) is not null)
group by h.wanted_name
union all
select 'vm_interfaces', v.key || ' ' || i.network,
       if(i.network = 'host', skipped('interfaces_of_the_host'), skipped('no_network'))
from docker.container_interfaces i
join desired.virtual_machines v on v.source_id = i.container
where i.network in ('host', 'none')
union all
select 'vm_interfaces', v.key || ' ' || i.network, skipped('ignored_by_option', {option: 'ignored_interfaces',
    pattern: matching_pattern(i.network, settings.ignored_interfaces)})
from docker.container_interfaces i
join desired.virtual_machines v on v.source_id = i.container
cross join config.endpoint settings
where i.network not in ('host', 'none') and matching_pattern(i.network, settings.ignored_interfaces) is not null
union all
select 'vm_interfaces', v.key || ' ' || c.network_mode, skipped('interfaces_of_another', {object: 'container'})
from docker.containers c
join desired.virtual_machines v on v.source_id = c.name
where starts_with(c.network_mode, 'container:')
union all
select 'vm_interfaces', v.key || ' ' || c.network_mode, skipped('users_own_network', {mode: c.network_mode})
from docker.containers c
join desired.virtual_machines v on v.source_id = c.name
where regexp_matches(c.network_mode, '^(pasta|slirp4netns)(:|$)')
union all
select 'ip_addresses', interface || ' ' || host || coalesce('/' || prefixlen, ''), left_out
from desired.ip_addresses where left_out is not null
union all
select 'virtual_machines', name, skipped('being_removed', {source: 'Docker'}) from docker.containers
    where state = 'removing'
union all
select source_table, row_key, skipped('unreadable_row', {text: reason}) from docker.rejected
