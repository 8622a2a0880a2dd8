-- Projects and services of Docker Compose, by the option compose_tags.
-- Only with rows of config.endpoint WHERE compose_tags.
select distinct lower(word) as tag, null::varchar as name, null::varchar as color
from docker.containers, unnest([compose_project, compose_service]) as w(word)
where word is not null and (select compose_tags from config.endpoint)
