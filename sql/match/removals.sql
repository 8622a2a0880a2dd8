-- Decides about all NetBox objects without a counterpart in the source, with the rule removal() of
-- sql/macros/removals.sql.
-- Key: object_type + id.
-- NetBox deletes an object's children with it. Each child has its own row here, is deleted first, and must be
-- deletable: created by this product or named in policies.delete_unowned, not in doubt, and without anything that an
-- undo could not restore. Otherwise the parent is kept too.
-- Only with rows of match.all_removed.
with removed as (from match.all_removed),

-- What is on them. An address that this diff moves to another interface does not go with the old one.
addresses as (
    select * from netbox.ip_addresses
    where assigned_object_id is not null
      and id not in (select netbox_id from diff.ip_addresses where action = 'update' and netbox_id is not null)
),
machines as (
    select id, key, parent from removed where resource = 'virtual_machines' and way = 'delete'
),
-- Interfaces of guests that would be deleted, alone or with their machine. ending: suffix for the keys of objects on
-- them.
nics as (
    select r.object_type as root_type, r.id as root_id, r.id, i.name, r.parent || ' ' || i.name as stem,
        ' (gone)' as ending, r.parent, r.last_updated
    from removed r join netbox.vm_interfaces i on i.id = r.id where r.resource = 'vm_interfaces' and r.way = 'delete'
    union all
    select 'virtualization/virtual-machines', m.id, i.id, i.name, m.key || ' ' || i.name, '', m.parent, i.last_updated
    from machines m join netbox.vm_interfaces i on i.virtual_machine_id = m.id
),
below as (
    select root_type, root_id, 'vm_interfaces' as resource, 'virtualization/interfaces' as object_type, id,
        last_updated,
        stem as key, parent, name as label, root_type as under_type, root_id as under_id
    from nics where root_type = 'virtualization/virtual-machines'
    union all
    select n.root_type, n.root_id, 'ip_addresses', 'ipam/ip-addresses', a.id, a.last_updated,
        a.address || ' on ' || n.stem || n.ending, n.parent, a.address, 'virtualization/interfaces', n.id
    from nics n join addresses a on a.assigned_object_type = 'virtualization.vminterface'
        and a.assigned_object_id = n.id
    union all
    select n.root_type, n.root_id, 'mac_addresses', 'dcim/mac-addresses', a.id, a.last_updated,
        n.stem || ' ' || a.mac_address || ' (id ' || a.id || ')', n.parent, a.mac_address, 'virtualization/interfaces',
            n.id
    from nics n join netbox.mac_addresses a on a.assigned_object_type = 'virtualization.vminterface'
        and a.assigned_object_id = n.id
    union all
    select r.object_type, r.id, 'mac_addresses', 'dcim/mac-addresses', a.id, a.last_updated,
        r.key || ' ' || a.mac_address || ' (id ' || a.id || ')', r.parent, a.mac_address, r.object_type, r.id
    from removed r
    join netbox.mac_addresses a on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = r.id
    where r.resource = 'interfaces' and r.way = 'delete'
    union all
    select 'virtualization/virtual-machines', m.id, c.resource, c.object_type, c.id, c.last_updated,
        m.key || ' ' || c.label || c.ending, m.parent, c.label, 'virtualization/virtual-machines', m.id
    from machines m
    join (
        select virtual_machine_id as vm_id, 'virtual_disks' as resource, 'virtualization/virtual-disks' as object_type,
            id, last_updated, name as label, '' as ending
        from netbox.virtual_disks
        union all
        select object_id, 'contact_assignments', 'tenancy/contact-assignments', a.id, a.last_updated,
            'contact ' || coalesce(c.name, a.contact_id::varchar)
                || ' (' || coalesce(r.name, a.role_id::varchar) || ')', ' (id ' || a.id || ')'
        from netbox.contact_assignments a
        left join netbox.contacts c on c.id = a.contact_id
        left join netbox.contact_roles r on r.id = a.role_id
        where a.object_type = 'virtualization.virtualmachine'
        union all
        select virtual_machine_id, 'backups', 'plugins/proxbox/backups', id, last_updated, storage || ' ' || volume_id,
            ' (gone, id ' || id || ')' from netbox.proxbox_backups
        union all
        select virtual_machine_id, 'snapshots', 'plugins/proxbox/snapshots', id, last_updated, name, ' (gone, id ' || id
            || ')' from netbox.proxbox_snapshots
        union all
        select virtual_machine_id, 'tasks', 'plugins/proxbox/task-history', id, last_updated, upid, ' (gone, id ' || id
            || ')' from netbox.proxbox_tasks
        union all
        select virtual_machine_id, 'replications', 'plugins/proxbox/replications', id, last_updated, replication_id,
            ' (gone, id ' || id || ')' from netbox.proxbox_replications
    ) c on c.vm_id = m.id
),

-- What keeps them.
concerned as materialized (
    select object_type, id, above from removed
    union
    select object_type, id, [] from below
),
doubts as (
    select object_type, id, string_agg(distinct reason, '; ' order by reason) as reason, bool_or(shown) as shown
    from (
        select c.object_type, c.id, d.reason, d.shown
        from concerned c join match.doubts d on d.object_type = c.object_type and d.netbox_id = c.id
        union all
        -- A device or guest in doubt could have these objects, and no other row of this diff says so.
        select c.object_type, c.id, because('holder_in_doubt', {
            holder: case u.a.type when 'dcim/devices' then 'device' when 'virtualization/virtual-machines'
                then 'virtual machine' else 'interface' end,
            because: d.reason}), false
        from concerned c, unnest(c.above) as u(a)
        join match.doubts d on d.object_type = u.a.type and d.netbox_id = u.a.id)
    group by object_type, id
),
unproven as (
    select object_type, id, string_agg(distinct reason, '; ' order by reason) as reason,
        bool_or(coalesce(quiet, false)) as quiet
    from (
        select r.object_type, r.id, u.reason, u.quiet
        from (select object_type, id, resource, unnest(list_append(owners, '*')) as owner from removed) r
        join desired.incomplete_scopes u on u.owner = r.owner
            and u.resource in (r.resource, if(r.resource = 'virtual_chassis_members', 'members', r.resource))
        union all
        select 'virtualization/virtual-machines', netbox_id, reason, false from match.guests_elsewhere
        union all
        select 'tenancy/contact-assignments', netbox_id, reason, false from match.unproven_contacts)
    group by object_type, id
),
impact as (
    select object_type, netbox_id as id, string_agg(distinct reason, '; ' order by reason) as reason
    from match.delete_impact group by all
),
keeping as (
    select b.root_type, b.root_id,
        list(b.label order by b.resource, b.label)
            filter (o.netbox_id is null and b.resource not in (select resource
                from config.may_delete_unowned)) as unowned_children,
        list(because('child_in_doubt', {object: b.label, because: d.reason}) order by b.resource, b.label)
            filter (d.reason is not null) as doubts,
        list(because('child_held', {object: b.label, because: i.reason}) order by b.resource, b.label)
            filter (i.reason is not null) as impact
    from below b
    left join (select distinct object_type, netbox_id from ledger.created) o on o.object_type = b.object_type
        and o.netbox_id = b.id
    left join doubts d on d.object_type = b.object_type and d.id = b.id
    left join impact i on i.object_type = b.object_type and i.id = b.id
    group by b.root_type, b.root_id
),
owned as (
    select distinct object_type, netbox_id as id from ledger.created
        where endpoint in (select endpoint from config.same_source)
),
-- What another source created or last wrote, and this one did not create: that it is not here proves nothing about it.
written_by_others as (
    select object_type, netbox_id as id, min(endpoint) as endpoint
    from (select object_type, netbox_id, endpoint from ledger.created
          union all select object_type, netbox_id, endpoint from ledger.last_written where not restored)
    where endpoint in (select endpoint from config.other_endpoints)
      and (object_type, netbox_id) not in (select (object_type, id) from owned)
    group by all
),

caused as materialized (
    select r.*, removal(
        r.resource, r.fact, r.way, r.note,
        coalesce(d.reason, r.doubt), coalesce(d.shown, false), u.reason,
        r.said_unproven and not coalesce(u.quiet, false),
        o.id is not null,
        e.endpoint,
        r.resource in (select resource from config.may_delete),
        r.resource in (select resource from config.may_delete_unowned),
        case when r.way = 'unassign' then r.held
             when r.way = 'delete' then coalesce(
                 r.held,
                 if(len(k.unowned_children) > 0, because('unowned_children', {
                     children: k.unowned_children[:10],
                     more: nullif(greatest(len(k.unowned_children) - 10, 0), 0)}), null),
                 i.reason, array_to_string(k.doubts[:3], '; '), array_to_string(k.impact[:3], '; ')) end) as cause
    from removed r
    left join doubts d on d.object_type = r.object_type and d.id = r.id
    left join unproven u on u.object_type = r.object_type and u.id = r.id
    left join owned o on o.object_type = r.object_type and o.id = r.id
    left join written_by_others e on e.object_type = r.object_type and e.id = r.id
    left join impact i on i.object_type = r.object_type and i.id = r.id
    left join keeping k on k.root_type = r.object_type and k.root_id = r.id
),
decided as (
    select *, case when action_of(cause) = 'noted' then if(way = 'delete', 'delete', 'update') else action_of(cause)
        end as action
    from caused
)
select resource, object_type, id, last_updated, key, parent, action, cause as reason, way,
    null::varchar as under_type, null::bigint as under_id
from decided where action is not null
union all
select b.resource, b.object_type, b.id, b.last_updated, b.key, b.parent, 'delete',
    noted('goes_with_holder', {holder: if(b.root_type = 'virtualization/virtual-machines', 'virtual machine',
        'interface'), because: d.cause}),
    'delete', b.under_type, b.under_id
from below b
join decided d on d.object_type = b.root_type and d.id = b.root_id and d.action = 'delete'
