-- Machines in NetBox's terms. Key and source_id: the name, which the register gives to one machine only.
select
    m.name as key,
    m.name as source_id,
    m.name,
    settings.id_scope as cluster,
    case m.state when 'up' then 'active' when 'down' then 'offline' end as status,
    m.cpus as vcpus,
    m.memory,
    null::varchar[] as tags,
    to_json({'register_owner': settings.id_scope, 'register_machine': m.name})::varchar as id_values,
    false as is_template,
    'machine' as type,
    false as inactive,
    name_problem(m.name, 64) as problem
from register.machines m
cross join config.endpoint settings
