-- The number of NetBox objects of each resource in this diff: a plan's limits are a share of it.
-- An interface is matched once at most: there may be a million, so avoid count(distinct).
with matched as (
    select 'clusters' as resource, netbox_id from match.clusters
    union all select 'devices', netbox_id from match.devices
    union all select 'virtual_chassis', netbox_id from match.virtual_chassis
    union all select 'virtual_machines', netbox_id from match.virtual_machines
    union all select 'interfaces', netbox_id from match.interfaces
    union all select 'vm_interfaces', netbox_id from match.vm_interfaces
    union all select 'vlans', netbox_id from match.vlans
    union all select 'modules', netbox_id from match.modules
),
-- What the source no longer shows has no match: the row that changes or deletes it counts it.
removed as (
    select resource, count(distinct netbox_id) as existing
    from diff.rows r
    where action in ('update', 'delete')
      and resource not in ('ip_addresses', 'mac_addresses', 'virtual_disks', 'cables')
      and not exists (from matched m where m.resource = r.resource and m.netbox_id = r.netbox_id)
    group by resource
),
attached as (
    select 'ip_addresses' as resource, assigned_object_type as type, assigned_object_id as object_id
        from netbox.ip_addresses
    union all
    select 'mac_addresses', assigned_object_type, assigned_object_id from netbox.mac_addresses
),
counted as (
    select 'clusters' as resource, count(distinct netbox_id) as existing from match.clusters
    union all select 'devices', count(distinct netbox_id) from match.devices
    union all select 'virtual_chassis', count(distinct netbox_id) from match.virtual_chassis
    union all select 'virtual_machines', count(distinct netbox_id) from match.virtual_machines
    union all select 'interfaces', count(netbox_id) from match.interfaces
    union all select 'vm_interfaces', count(distinct netbox_id) from match.vm_interfaces
    union all select 'vlans', count(distinct netbox_id) from match.vlans
    union all select 'modules', count(distinct netbox_id) from match.modules
    union all
    select r.resource, count(n.netbox_id)
    from (select unnest(['ip_addresses', 'mac_addresses']) as resource) r
    left join attached a using (resource)
    left join match.interface_names n on n.type = a.type and n.netbox_id = a.object_id
    group by r.resource
    union all
    select 'virtual_disks', count(*) from netbox.virtual_disks d join match.virtual_machines m
        on m.netbox_id = d.virtual_machine_id
    union all
    select 'contact_assignments', count(*) from netbox.contact_assignments a
        join config.models m on m.model = a.object_type
        join match.contact_owners o on o.resource = m.resource and o.netbox_id = a.object_id
    -- Their rows count those that are removed.
    where a.id not in (select netbox_id from diff.rows where resource = 'contact_assignments' and action = 'delete')
    union all
    select 'cables', count(distinct e.cable_id)
    from match.cable_ends e join match.interface_names n on n.type = e.type and n.netbox_id = e.id
),
totals as (
    select resource, c.existing + coalesce(r.existing, 0) as existing
    from counted c left join removed r using (resource)
)
select resource, existing from totals
union all
select 'primary_ips', sum(existing)::bigint from counted where resource in ('devices', 'virtual_machines')
union all
select 'primary_macs', sum(existing)::bigint from counted where resource in ('interfaces', 'vm_interfaces')
