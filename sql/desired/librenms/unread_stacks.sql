-- Adds to desired.incomplete_scopes.
-- Stacks whose inventory could not be read: which member a port is on is unknown, and so is what is removed of the
-- stack. Rows of desired.incomplete_scopes.
with unread as (
    select d.key, because('not_read', {text: string_agg(distinct s.reason, '; ' order by s.reason)}) as reason
    from librenms.scopes s
    join desired.devices d on s.scope_id in ('*', d.source_id)
    where s.scope = 'inventory' and not s.complete
    group by d.key
),
-- Ports of a second or later member, or slot.
stacks as (
    select key, reason from unread
    where key in (select device from desired.interfaces where device in (select key from unread)
        and member_number(name) > 1)
)
select r.resource, s.key as owner, s.reason
from stacks s, (values ('interfaces'), ('ip_addresses'), ('mac_addresses'), ('cables')) r(resource)
union all
select 'virtual_chassis_members', key, reason from unread
union all
select 'virtual_chassis_members', m.device,
    because('stack_partly_read', {because: because('not_read', {text: s.reason})})
from librenms.scopes s
join desired.devices d on d.source_id = s.scope_id
join desired.stack_members m on m.device = d.key and m.is_master
where s.scope = 'inventory' and not s.complete
