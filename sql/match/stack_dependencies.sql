-- What a stack's objects need beside what their values refer to. Resource + key -> resource + key.
-- NetBox takes as master only who is a member, and a LAG or parent on another device only within one virtual chassis.
-- Only with rows of desired.stack_members.
with joining as (
    select key from diff.virtual_chassis_members where action = 'update'
),
stacked as (
    select key, device, lag, parent_interface from desired.interfaces
        where device in (select key from desired.stack_members)
),
bases as (
    select key, device, lag as base from stacked where lag is not null
    union
    select key, device, parent_interface from stacked where parent_interface is not null
)
select 'virtual_chassis_masters' as resource, m.key, 'virtual_chassis_members' as needs_resource, j.key as needs_key
from diff.virtual_chassis_masters m join joining j using (key)
union
select 'interfaces', b.key, 'virtual_chassis_members', j.key
from bases b
join stacked other on other.key = b.base and other.device <> b.device
cross join unnest([b.device, other.device]) as u(device)
join joining j on j.key = u.device
