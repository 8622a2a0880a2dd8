-- Adds to desired.tags.
-- Only with rows of config.default_tags.
-- The tags of new objects that NetBox does not have, by name or slug. Key: the tag as the configuration writes it.
select distinct on (lower(tag)) lower(tag) as key, tag as name, slug(tag) as slug, null::varchar as color
from config.default_tags
where slug(tag) <> ''
  and not exists (from netbox.tags t where lower(tag) in (lower(t.name), t.slug))
order by lower(tag), tag
