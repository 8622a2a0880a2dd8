-- Virtual machines that NetBox has with an id of this cluster (a vmid, a container's name) and the source no longer
-- shows, and what is proposed.
-- Key: NetBox's id. They go only with complete evidence, and by policy; what NetBox would delete along with them
-- must be this product's own or free to be deleted by policy.
with settings as (from config.endpoint),

gone as (
    select v.*, settings.id_word || ' ' || json_extract_string(v.cf, '$.' || settings.id_field) as guest
    from netbox.virtual_machines v, settings
    where lower(json_extract_string(v.cf, '$.' || settings.cluster_field)) = lower(settings.id_scope)
      and json_extract_string(v.cf, '$.' || settings.id_field) is not null
      and settings.cluster_field is not null
      and v.id not in (select candidate_id from match.virtual_machines where candidate_id is not null)
      and v.id not in (select unnest(candidate_ids) from match.virtual_machines where candidate_ids is not null)
      and json_extract_string(v.cf, '$.' || settings.id_field) not in (select source_id from desired.listed_guests)
),
unproven as (
    select id, string_agg(distinct reason, '; ' order by reason) as reason
    from (
        select g.id, u.reason
        from gone g join desired.unproven u on u.resource = 'virtual_machines' and u.owner in ('*', g.guest)
        union all
        select netbox_id, reason from match.guests_elsewhere)
    group by id
),
ours as (
    select object_type, netbox_id from ledger.created
),
may as (
    select resource, true as unowned from config.may_delete_unowned
),
-- An address that this diff moves to another interface does not go with the old one.
moved as (
    select netbox_id as id from diff.ip_addresses where action = 'update'
),
addresses as (
    select * from netbox.ip_addresses where id not in (select id from moved where id is not null)
),
interfaces as (
    select i.*, g.id as vm_id from netbox.vm_interfaces i join gone g on g.id = i.virtual_machine_id
),
children as (
    select i.vm_id, 'vm_interfaces' as resource, 'virtualization/interfaces' as object_type, i.id, i.name as label from interfaces i
    union all
    select d.virtual_machine_id, 'virtual_disks', 'virtualization/virtual-disks', d.id, d.name
    from netbox.virtual_disks d join gone g on g.id = d.virtual_machine_id
    union all
    select i.vm_id, 'ip_addresses', 'ipam/ip-addresses', a.id, a.address
    from addresses a join interfaces i on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = i.id
    union all
    select i.vm_id, 'mac_addresses', 'dcim/mac-addresses', a.id, a.mac_address
    from netbox.mac_addresses a join interfaces i on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = i.id
    union all
    select b.virtual_machine_id, 'backups', 'plugins/proxbox/backups', b.id, b.volume_id
    from netbox.proxbox_backups b join gone g on g.id = b.virtual_machine_id
    union all
    select s.virtual_machine_id, 'snapshots', 'plugins/proxbox/snapshots', s.id, s.name
    from netbox.proxbox_snapshots s join gone g on g.id = s.virtual_machine_id
    union all
    select t.virtual_machine_id, 'tasks', 'plugins/proxbox/task-history', t.id, t.upid
    from netbox.proxbox_tasks t join gone g on g.id = t.virtual_machine_id
    union all
    select r.virtual_machine_id, 'replications', 'plugins/proxbox/replications', r.id, r.replication_id
    from netbox.proxbox_replications r join gone g on g.id = r.virtual_machine_id
),
strangers as (
    select c.vm_id, left(string_agg(c.label, ', ' order by c.resource, c.label), 200) as labels
    from children c
    left join ours o on o.object_type = c.object_type and o.netbox_id = c.id
    where o.netbox_id is null and c.resource not in (select resource from config.may_delete_unowned)
    group by c.vm_id
),
judged as (
    select g.*, u.reason as unproven, s.labels as strangers, settings.missing_guests as policy,
        o.netbox_id is not null as created_here,
        'virtual_machines' in (select resource from config.may_delete) as may_delete,
        'virtual_machines' in (select resource from config.may_delete_unowned) as may_delete_unowned,
        g.guest || ' is no longer in ' || settings.system_name as fact
    from gone g cross join settings
    left join unproven u using (id)
    left join strangers s on s.vm_id = g.id
    left join ours o on o.object_type = 'virtualization/virtual-machines' and o.netbox_id = g.id
),
decided as (
    select *,
        case when policy = 'leave' then 'drifted'
             when unproven is not null then 'blocked'
             when policy in ('offline', 'decommissioning') then if(status = policy, null, 'update')
             when not ((created_here and may_delete) or may_delete_unowned) then 'blocked'
             when strangers is not null then 'blocked'
             else 'delete' end as action,
        case when policy = 'leave' then fact || '; missing_guests is leave'
             when unproven is not null then fact || ', but that is no evidence: ' || unproven
             when policy in ('offline', 'decommissioning') then fact || '; missing_guests is ' || policy
             when may_delete_unowned then if(strangers is null, fact, fact || ', but netbox-sync did not create what hangs on it: ' || strangers)
             when not created_here then fact || ', but netbox-sync did not create it (policies.delete_unowned)'
             when not may_delete then fact || ', but policies.delete does not name virtual_machines'
             when strangers is not null then fact || ', but netbox-sync did not create what hangs on it: ' || strangers
             else fact end as reason
    from judged
)
select * from decided where action is not null
