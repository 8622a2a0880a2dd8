-- A contact: the user's rules that give it to the object.
select 'desired.rule_fields' as origin, 0 as place, to_json(f) as content
from desired.rule_fields f
where f.key = $parent and starts_with(f.field, 'contacts:')
    and starts_with($key, rtrim(replace(f.resource, '_', ' '), 's') || ' ' || f.key || ': ')
    and contains(lower($key), lower(': ' || trim(f.value ->> '$') || ' ('))
