-- Virtual chassis of stacks. Key: the stack's device. NetBox's own name stays; members and master have
-- separate rows, because in NetBox only a member can be master. One with a single member is not created.
-- Only with rows of desired.stack_members.
with members as (
    select m.device as key, count(*) as shown, count(d.key) as present
    from desired.stack_members m left join match.live_devices d using (key) group by m.device
),
decided as (
    select v.key, v.name, coalesce(v.problem, case when m.present < 2
        then blocked('single_stack_member', {number: m.shown}) end) as problem
    from match.virtual_chassis v join members m using (key)
    where v.problem is not null or v.netbox_id is null
)
select 'virtual_chassis' as resource, key, key as parent, 'dcim/virtual-chassis' as object_type,
    null::bigint as netbox_id,
       null::varchar as target, null::varchar as last_updated,
       coalesce(action_of(problem), 'create') as action, problem as reason,
       [field('name', null, to_json(name)::varchar)] as fields
from decided
