-- Virtual chassis of stacks. Key: the stack's device. NetBox's own name stays; members and master have
-- separate rows, because in NetBox only a member can be master.
-- Only with rows of desired.stack_members.
select 'virtual_chassis' as resource, key, key as parent, 'dcim/virtual-chassis' as object_type,
    null::bigint as netbox_id,
       null::varchar as target, null::varchar as last_updated,
       coalesce(action_of(problem), 'create') as action, problem as reason,
       [field('name', null, to_json(name)::varchar)] as fields
from match.virtual_chassis
where problem is not null or netbox_id is null
