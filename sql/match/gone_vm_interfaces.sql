-- Interfaces that NetBox has on a matched virtual machine and whose guest has no such netN or network, and what is proposed.
-- Key: NetBox's id. NetBox deletes an interface's addresses along with it: they must be this product's own or free
-- to be deleted by policy.
with gone as (
    select i.*, v.key as owner, v.name as vm_name
    from netbox.vm_interfaces i
    join match.live_virtual_machines v on v.netbox_id = i.virtual_machine_id
    where i.id not in (select candidate_id from match.vm_interfaces where candidate_id is not null)
),
unproven as (
    select g.id, string_agg(distinct u.reason, '; ' order by u.reason) as reason
    from gone g join desired.unproven u on u.resource = 'vm_interfaces' and u.owner in ('*', g.owner)
    group by g.id
),
ours as (
    select object_type, netbox_id from ledger.created
),
-- An address that this diff moves to another interface does not go with the old one.
moved as (
    select netbox_id as id from diff.ip_addresses where action = 'update'
),
addresses as (
    select * from netbox.ip_addresses where id not in (select id from moved where id is not null)
),
children as (
    select g.id as interface_id, 'ip_addresses' as resource, 'ipam/ip-addresses' as object_type, a.id, a.address as label
    from gone g join addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = g.id
    union all
    select g.id, 'mac_addresses', 'dcim/mac-addresses', a.id, a.mac_address
    from gone g join netbox.mac_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = g.id
),
strangers as (
    select c.interface_id as id, left(string_agg(c.label, ', ' order by c.label), 200) as labels
    from children c
    left join ours o on o.object_type = c.object_type and o.netbox_id = c.id
    where o.netbox_id is null and c.resource not in (select resource from config.may_delete_unowned)
    group by c.interface_id
),
-- NetBox keeps an interface that another one names as its parent.
parents as (
    select distinct parent_id as id from netbox.vm_interfaces where parent_id is not null
),
judged as (
    select g.*, u.reason as unproven, s.labels as strangers, p.id is not null as is_parent,
        o.netbox_id is not null as created_here,
        'vm_interfaces' in (select resource from config.may_delete) as may_delete,
        'vm_interfaces' in (select resource from config.may_delete_unowned) as may_delete_unowned
    from gone g
    left join unproven u using (id)
    left join strangers s using (id)
    left join parents p using (id)
    left join ours o on o.object_type = 'virtualization/interfaces' and o.netbox_id = g.id
),
decided as (
    select *,
        case when not created_here and not may_delete_unowned then 'drifted'
             when unproven is not null or not (may_delete or may_delete_unowned) or strangers is not null or is_parent then 'blocked'
             else 'delete' end as action,
        'no ' || settings.nic_word || ' in ' || settings.system_name || case
             when not created_here and not may_delete_unowned then ', but netbox-sync did not create it (policies.delete_unowned)'
             when unproven is not null then ', but that is no evidence: ' || unproven
             when not (may_delete or may_delete_unowned) then ', but policies.delete does not name vm_interfaces'
             when strangers is not null then ', but netbox-sync did not create what hangs on it: ' || strangers
             when is_parent then ', but another interface hangs on it'
             else '' end as reason
    from judged, config.endpoint settings
)
select * from decided
