-- Contact assignments of objects of which a part of the source could not be read: a rule may read any part of it, so a
-- contact that it does not give now is no evidence. Key: netbox_id.
-- Only with rows of config.gaps.
select a.id as netbox_id, arg_min(g.reason, len(g.reason)) as reason
from netbox.contact_assignments a
join config.models m on m.model = a.object_type
join match.contact_owners o on o.resource = m.resource and o.netbox_id = a.object_id
join config.gaps g on g.wide or g.part = '*' or g.part = o.source_id
group by a.id
