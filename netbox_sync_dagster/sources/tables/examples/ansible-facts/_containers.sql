-- Containers, from the local fact `containers`. Its script /etc/ansible/facts.d/containers.fact is, for Podman,
--   podman ps --all --format json
-- and for Docker
--   docker ps --all --format json | jq --slurp .
with listed as (
    select host, unnest(from_json(facts -> '$.ansible_local.containers', '["json"]')) as container from facts
),
named as (
    select host, container, coalesce(container ->> '$.Names[0]', container ->> '$.Names') as name from listed
)
select host || '/' || name as id, host, name, container ->> '$.Image' as image,
    case container ->> '$.State' when 'running' then 'active' else 'offline' end as status
from named
