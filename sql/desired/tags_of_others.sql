-- Adds to desired.skipped.
-- Only with rows of netbox.tags WHERE len(object_types) > 0.
-- Tags of the source that NetBox does not allow on virtual machines. Key: the tag's slug.
select 'tags' as resource, t.slug as key,
    skipped('tag_of_others', {tag: t.name, resource: 'virtual_machines'}) as reason
from netbox.tags t
where not tag_fits(t.object_types, 'virtualization.virtualmachine')
  and t.slug in (select unnest(tags) from desired.virtual_machines)
