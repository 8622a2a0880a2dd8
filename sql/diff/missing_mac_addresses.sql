-- MAC addresses that this product put on a guest's interface and that the source has replaced there. Key: interface +
-- address. They go only where policies.delete names them, after the new one is the interface's own.
with settings as (from config.endpoint),
old as (
    select n.key as interface, n.owner, n.label, n.mac, a.*
    from match.interface_names n
    join netbox.mac_addresses a on a.assigned_object_type = n.type and a.assigned_object_id = n.netbox_id
    join ledger.created c on c.object_type = 'dcim/mac-addresses' and c.netbox_id = a.id
    where n.resource = 'vm_interfaces' and n.problem is null and n.mac <> '' and upper(a.mac_address) <> n.mac
      and c.endpoint in (select endpoint from config.same_source)
),
unproven as (
    select o.id, string_agg(distinct u.reason, '; ' order by u.reason) as reason
    from old o join desired.unproven u on u.resource = 'mac_addresses' and u.owner in ('*', o.owner)
    group by o.id
),
judged as (
    select old.*, settings.system_name, unproven.reason as unproven, 'mac_addresses' in (select resource from config.may_delete) as may_delete
    from old cross join settings left join unproven using (id)
),
decided as (
    select *, if(unproven is null and may_delete, 'delete', 'blocked') as action,
        'the interface has ' || mac || ' in ' || system_name || ' now' || case
            when unproven is not null then ', but that is no evidence: ' || unproven
            when not may_delete then ', but policies.delete does not name mac_addresses' else '' end as reason
    from judged
)
select 'mac_addresses' as resource, interface || ' ' || mac_address || ' (replaced, id ' || id || ')' as key, owner as parent,
       'dcim/mac-addresses' as object_type, id as netbox_id, null::varchar as target, last_updated, action, reason,
       case when action = 'delete' then gone_mac_address(decided, label) else [] end as fields
from decided
