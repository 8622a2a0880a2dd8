-- Projects and services of Docker Compose as NetBox tags, by the option compose_tags. Key: the name in lower case. A
-- NetBox tag of that name is it, whatever its slug.
-- Only with rows of config.endpoint WHERE compose_tags.
with said as (
    select distinct lower(unnest([compose_project, compose_service])) as tag from docker.containers
    where (select compose_tags from config.endpoint)
),
known as (
    select lower(name) as tag, min(slug) as slug from netbox.tags group by 1
)
select s.tag as key, s.tag as name, coalesce(k.slug, slug(s.tag)) as slug, null::varchar as color
from said s left join known k using (tag)
where coalesce(k.slug, slug(s.tag)) <> ''
