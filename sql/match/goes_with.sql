-- Objects that are deleted only because another object is: if that one is kept, they are kept too. Resource + key ->
-- resource + key.
-- Only with rows of match.removals WHERE under_id IS NOT NULL.
select b.resource, b.key, d.resource as parent_resource, d.key as parent_key
from match.removals b
join match.removals d on d.object_type = b.under_type and d.id = b.under_id
where b.action = 'delete'
