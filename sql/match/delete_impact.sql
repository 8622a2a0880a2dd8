-- Objects whose delete would also delete other objects, or clear references, that no undo can restore: one row per
-- object, for each delete rule (sql/diff). Key: object type (list endpoint) + id.
-- netbox_sync_dagster/sources/netbox/dependents.csv has NetBox's own rules; unread dependents count as present.
-- Only with rows of match.all_removed, config.may_delete; match.all_removed, config.may_delete_unowned.
with allowed as (
    select distinct object_type from config.deleted_types
    where resource in (select resource from config.may_delete union select resource from config.may_delete_unowned)
),
-- By type: why the dependents of its objects are not known.
unread as (
    select a.object_type, coalesce(string_agg(distinct s.reason, '; ' order by s.reason),
            because('netbox_read_before_policy')) as reason
    from allowed a
    left join netbox.scopes s on s.scope = 'dependents' and s.scope_id = a.object_type
    where s.reason is not null
       or a.object_type not in (select unnest(dependents_of) from netbox.status where dependents_of is not null)
    group by a.object_type
),
objects as (
    select 'dcim/interfaces' as object_type, id as netbox_id from match.removed_interfaces
    union all select 'virtualization/interfaces', id from netbox.vm_interfaces
    union all select 'virtualization/virtual-machines', id from netbox.virtual_machines
    union all select 'virtualization/virtual-disks', id from netbox.virtual_disks
    union all select 'ipam/ip-addresses', id from netbox.ip_addresses
    union all select 'dcim/mac-addresses', id from netbox.mac_addresses
    union all select 'dcim/cables', id from netbox.cables
    union all select 'tenancy/contact-assignments', id from netbox.contact_assignments
    union all select 'plugins/proxbox/storage', id from netbox.proxbox_storages
    union all select 'plugins/proxbox/backups', id from netbox.proxbox_backups
    union all select 'plugins/proxbox/snapshots', id from netbox.proxbox_snapshots
    union all select 'plugins/proxbox/task-history', id from netbox.proxbox_tasks
    union all select 'plugins/proxbox/replications', id from netbox.proxbox_replications
),
-- The dependents of each object, from the tables of the snapshot and netbox.dependents.
hanging as (
    select object_type, object_id as netbox_id, word || ' ' || label as name from netbox.dependents
    -- Those of machines are separate rows (sql/match/removals.sql).
    where object_type <> 'virtualization/virtual-machines' or related_type <> 'tenancy/contact-assignments'
       or related_id not in (select id from netbox.contact_assignments)
    union all
    select 'ipam/ip-addresses', nat_inside_id, 'NAT address ' || address from netbox.ip_addresses
        where nat_inside_id <> id
    union all
    select 'dcim/interfaces', u.holder, 'interface ' || i.name
    from netbox.interfaces i, unnest([i.lag_id, i.parent_id, i.bridge_id]) as u(holder) where u.holder <> i.id
    union all
    -- A dependent that is deleted too does not count: it is deleted first (sql/match/delete_needs.sql).
    select 'virtualization/interfaces', u.holder, 'interface ' || i.name
    from netbox.vm_interfaces i, unnest([i.parent_id, i.bridge_id]) as u(holder)
    where u.holder <> i.id and i.id in (select candidate_id from match.vm_interfaces)
    union all
    select 'plugins/proxbox/storage', proxmox_storage_id, 'backup ' || volume_id from netbox.proxbox_backups
    where proxmox_storage_id is not null
),
named as (
    select object_type, netbox_id, list(distinct name order by name) as names from hanging
    where object_type in (select object_type from allowed)
    group by all
),
own as (
    select object_type, netbox_id,
        if(len(names) = 1, because('hangs_on_it', {what: names}),
            because('hang_on_it', {what: names[:5], more: nullif(greatest(len(names) - 5, 0), 0)})) as reason
    from named
    union all
    select o.object_type, o.netbox_id, because('unknown_what_hangs_on_it', {because: u.reason})
    from objects o join unread u using (object_type)
),
-- Objects that NetBox deletes with another one are rows of the plan: their dependents keep the other one too.
on_interfaces as (
    select 'ipam/ip-addresses' as object_type, id as netbox_id, address as label, assigned_object_type as holder_model,
        assigned_object_id as holder_id
    from netbox.ip_addresses
    union all
    select 'dcim/mac-addresses', id, mac_address, assigned_object_type, assigned_object_id from netbox.mac_addresses
),
up_to_interfaces as (
    from own
    union all
    select if(a.holder_model = 'dcim.interface', 'dcim/interfaces', 'virtualization/interfaces'), a.holder_id,
        because('of_its_part', {because: o.reason, part: a.label})
    from own o
    join on_interfaces a on a.object_type = o.object_type and a.netbox_id = o.netbox_id
    where a.holder_model in ('dcim.interface', 'virtualization.vminterface')
),
parts as (
    select 'virtualization/interfaces' as object_type, id as netbox_id, name as label, virtual_machine_id
        from netbox.vm_interfaces
    union all select 'virtualization/virtual-disks', id, name, virtual_machine_id from netbox.virtual_disks
    union all select 'plugins/proxbox/backups', id, volume_id, virtual_machine_id from netbox.proxbox_backups
    union all select 'plugins/proxbox/snapshots', id, name, virtual_machine_id from netbox.proxbox_snapshots
    union all select 'plugins/proxbox/task-history', id, upid, virtual_machine_id from netbox.proxbox_tasks
    union all select 'plugins/proxbox/replications', id, replication_id, virtual_machine_id
        from netbox.proxbox_replications
),
up_to_machines as (
    from up_to_interfaces
    union all
    select 'virtualization/virtual-machines', p.virtual_machine_id,
        because('of_its_part', {because: u.reason, part: p.label})
    from up_to_interfaces u
    join parts p on p.object_type = u.object_type and p.netbox_id = u.netbox_id
    where p.virtual_machine_id is not null
),
-- One sentence is enough: the nearest first, and one of many equal children.
kept as (
    select object_type, netbox_id, arg_min(reason, (len(reason), reason)) as reason
    from up_to_machines
    group by all
)
select object_type, netbox_id, reason from kept where object_type in (select object_type from allowed)
