-- Adds to desired.tag_words.
-- Only with rows of config.default_tags.
-- The tags of new objects that NetBox does not have, by name or slug, spelled as in the configuration.
select distinct on (lower(tag)) lower(tag) as tag, tag as name, null::varchar as color
from config.default_tags
where blank(tag) is not null
  and not exists (from netbox.tags t where lower(tag) in (lower(t.name), t.slug))
order by lower(tag), tag
