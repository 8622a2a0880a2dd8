-- The owner's machines as a cluster. Key: the endpoint's name, under which their ids stand too.
select settings.id_scope as key, settings.id_scope as name, 'active' as status,
    name_problem(settings.id_scope, 100) as problem
from config.endpoint settings
