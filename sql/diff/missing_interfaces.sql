-- Interfaces that NetBox has on a matched device and the source does not show. Key: device + NetBox's name.
-- A delete needs evidence (the device was read completely), ownership and an interface that nothing hangs on.
-- NetBox deletes an interface's MAC addresses along with it: each has its own row here, goes first, and must be
-- this product's own or free to be deleted by policy.
with settings as (from config.endpoint),

gone as (
    from match.gone_interfaces
),
bearing as (
    select unnest([lag_id, parent_id, bridge_id]) as id from netbox.interfaces
    where lag_id is not null or parent_id is not null or bridge_id is not null
),
ours as (
    select object_type, netbox_id from ledger.created
),
strangers as (
    select g.id, left(string_agg(a.mac_address, ', ' order by a.mac_address), 200) as labels
    from gone g join netbox.mac_addresses a on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = g.id
    left join ours o on o.object_type = 'dcim/mac-addresses' and o.netbox_id = a.id
    where o.netbox_id is null and 'mac_addresses' not in (select resource from config.may_delete_unowned)
    group by g.id
),
unproven as (
    select g.id, string_agg(distinct u.reason, '; ' order by u.reason) as reason
    from gone g join desired.unproven u on u.resource = 'interfaces' and u.owner in ('*', g.device_key)
    group by g.id
),
held as (
    select g.id,
        list_filter([
            if(g.cable_id is not null, 'a cable', null),
            if(g.module_id is not null, 'a module', null),
            if(g.mark_connected, 'a mark as connected', null),
            if(exists (from netbox.ip_addresses a where a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = g.id), 'an IP address', null),
            if(g.id in (select id from bearing where id is not null), 'another interface', null)
        ], lambda h: h is not null) as by
    from gone g
),
judged as (
    select g.*, u.reason as unproven, h.by as held_by, s.labels as strangers,
        g.id in (select netbox_id from ledger.created where object_type = 'dcim/interfaces' and endpoint = settings.endpoint)
            as created_here,
        settings.missing_interfaces as policy, settings.system_name,
        'interfaces' in (select resource from config.may_delete) as may_delete,
        'interfaces' in (select resource from config.may_delete_unowned) as may_delete_unowned
    from gone g cross join settings
    left join unproven u using (id)
    left join held h using (id)
    left join strangers s using (id)
    -- Of a node's interfaces Proxmox shows only the configured ones: others are none of its business, and those of
    -- a node that was not read are unknown.
    where settings.kind <> 'proxmox'
       or (u.reason is null and g.id in (select netbox_id from ledger.created where object_type = 'dcim/interfaces' and endpoint = settings.endpoint))
),
decided as (
    select *,
        case
            when policy = 'leave' then 'drifted'
            when unproven is not null then 'blocked'
            when policy = 'disable' then if(enabled, 'update', null)
            when len(held_by) > 0 or strangers is not null then 'blocked'
            when (created_here and may_delete) or may_delete_unowned then 'delete'
            else 'blocked'
        end as action,
        case
            when policy = 'leave' then 'not in ' || system_name || '; missing_interfaces is leave'
            when unproven is not null then 'not in ' || system_name || ', but that is no evidence: ' || unproven
            when policy = 'disable' then 'not in ' || system_name || '; missing_interfaces is disable'
            when len(held_by) > 0 then 'not in ' || system_name || ', but ' || array_to_string(held_by, ' and ') || ' hangs on it'
            when strangers is not null then 'not in ' || system_name || ', but netbox-sync did not create what hangs on it: ' || strangers
            when (created_here and may_delete) or may_delete_unowned then 'not in ' || system_name
            when not created_here then 'not in ' || system_name || ', but netbox-sync did not create it (policies.delete_unowned)'
            else 'not in ' || system_name || ', but policies.delete does not name interfaces'
        end as reason
    from judged
)
select 'interfaces' as resource, device_key || ' ' || name as key, device_key as parent, 'dcim/interfaces' as object_type,
       id as netbox_id, null::varchar as target, last_updated, action, reason,
       case action
           when 'update' then [field('enabled', 'true', 'false')]
           when 'delete' then gone_interface(decided, device_name)
           else [] end as fields
from decided
where action is not null
union all
select 'mac_addresses', d.device_key || ' ' || d.name || ' ' || a.mac_address || ' (id ' || a.id || ')', d.device_key, 'dcim/mac-addresses', a.id, null, a.last_updated,
       'delete', 'goes with its interface: ' || d.reason, gone_mac_address(a, d.device_name || ' ' || d.name)
from decided d
join netbox.mac_addresses a on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = d.id
where d.action = 'delete'
