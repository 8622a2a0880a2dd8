-- Addresses that NetBox has on a matched interface and the source does not show. Key: host address + VRF.
-- They go only by policy, with complete evidence, and never while they are a primary address.
with settings as (from config.endpoint),
gone as (
    from match.gone_ip_addresses
),
primaries as (
    select primary_ip4_id as id from netbox.devices union select primary_ip6_id from netbox.devices
    union select oob_ip_id from netbox.devices
    union select primary_ip4_id from netbox.virtual_machines union select primary_ip6_id from netbox.virtual_machines
),
unproven as (
    select g.id, string_agg(distinct u.reason, '; ' order by u.reason) as reason
    from gone g join desired.unproven u on u.resource = 'ip_addresses' and u.owner in ('*', g.owner)
    group by g.id
),
judged as (
    select g.*, u.reason as unproven, settings.stale_addresses as policy, settings.system_name,
        g.id in (select id from primaries where id is not null) as is_primary,
        g.id in (select netbox_id from ledger.created where object_type = 'ipam/ip-addresses' and endpoint in (select endpoint from config.same_source)) as created_here,
        'ip_addresses' in (select resource from config.may_delete) as may_delete,
        'ip_addresses' in (select resource from config.may_delete_unowned) as may_delete_unowned
    from gone g cross join settings left join unproven u using (id)
    -- What a silent guest agent, a stopped container or an unread node does not show is unknown, and no difference.
    where settings.kind = 'librenms' or u.reason is null
),
decided as (
    select *,
        case
            when policy = 'leave' then 'drifted'
            when unproven is not null or is_primary or nat_inside_id is not null then 'blocked'
            when policy = 'unassign' then 'update'
            when (created_here and may_delete) or may_delete_unowned then 'delete'
            else 'blocked' end as action,
        'not on ' || label || ' in ' || system_name || case
            when policy = 'leave' then '; stale_addresses is leave'
            when unproven is not null then ', but that is no evidence: ' || unproven
            when is_primary then ', but it is a primary address'
            when nat_inside_id is not null then ', but NAT refers to it'
            when policy = 'unassign' then '; stale_addresses is unassign'
            when (created_here and may_delete) or may_delete_unowned then ''
            when not created_here then ', but netbox-sync did not create it (policies.delete_unowned)'
            else ', but policies.delete does not name ip_addresses' end as reason
    from judged
)
select 'ip_addresses' as resource, host || coalesce(' in ' || (select v.name from netbox.vrfs v where v.id = vrf_id), '') || ' on ' || label as key,
       owner as parent, 'ipam/ip-addresses' as object_type, id as netbox_id, null::varchar as target, last_updated, action, reason,
       case action
           when 'update' then [field('assigned_object', typed_existing(assigned_object_type, assigned_object_id, label), 'null')]
           when 'delete' then gone_ip_address(decided, label)
           else [] end as fields
from decided
