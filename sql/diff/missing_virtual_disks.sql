-- Disks that NetBox has on a matched virtual machine and the guest does not have. Key: virtual machine + name.
with gone as (
    select d.*, v.key as owner, v.name as vm_name
    from netbox.virtual_disks d
    join match.live_virtual_machines v on v.netbox_id = d.virtual_machine_id
    left join desired.virtual_disks w on w.virtual_machine = v.key and w.name = d.name
    where w.key is null
),
unproven as (
    select g.id, string_agg(distinct u.reason, '; ' order by u.reason) as reason
    from gone g join desired.unproven u on u.resource = 'virtual_disks' and u.owner in ('*', g.owner)
    group by g.id
),
judged as (
    select g.*, u.reason as unproven,
        g.id in (select netbox_id from ledger.created where object_type = 'virtualization/virtual-disks') as created_here,
        'virtual_disks' in (select resource from config.may_delete) as may_delete,
        'virtual_disks' in (select resource from config.may_delete_unowned) as may_delete_unowned
    from gone g left join unproven u using (id)
),
decided as (
    select *,
        case when not created_here and not may_delete_unowned then 'drifted'
             when unproven is not null or not (may_delete or may_delete_unowned) then 'blocked'
             else 'delete' end as action,
        'no disk of the guest in ' || settings.system_name || case
             when not created_here and not may_delete_unowned then ', but netbox-sync did not create it (policies.delete_unowned)'
             when unproven is not null then ', but that is no evidence: ' || unproven
             when not (may_delete or may_delete_unowned) then ', but policies.delete does not name virtual_disks'
             else '' end as reason
    from judged, config.endpoint settings
)
select 'virtual_disks' as resource, owner || ' ' || name || ' (gone)' as key, owner as parent, 'virtualization/virtual-disks' as object_type,
       id as netbox_id, null::varchar as target, last_updated, action, reason,
       case when action = 'delete' then gone_virtual_disk(decided, vm_name) else [] end as fields
from decided
