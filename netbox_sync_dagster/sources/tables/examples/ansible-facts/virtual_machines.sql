-- Machines that are virtual, and containers that a local fact lists.
select
    host as id,
    facts ->> '$.ansible_hostname' as name,
    null as cluster,
    (facts ->> '$.ansible_processor_vcpus')::integer as vcpus,
    (facts ->> '$.ansible_memtotal_mb')::integer as memory,
    concat_ws(' ', facts ->> '$.ansible_distribution', nullif(facts ->> '$.ansible_distribution_version', 'NA'))
        as platform,
    'active' as status,
    null as description,
    null as role
from facts
where is_guest
union all
-- The same as in devices.sql: it may be a device or a virtual machine.
select host, null, null, null, null, null, null, null, null from facts where facts is null
union all
select id, name, host, null, null, null, status, image, 'Container' from containers
