-- The rows of this diff to which a row's values or its target refer. Key: resource + key.
with texts as (
    select resource, key, f.after as text
    from (from diff.rows where len(list_filter(list_transform(fields, lambda f: f.after),
        lambda text: contains(text, '"ref":'))) > 0), unnest(fields) as u(f)
    where f.decision = 'update' and contains(f.after, '"ref":')
    union all
    select resource, key, target from diff.rows where target is not null
),
found as (
    select resource, key, unnest(regexp_extract_all(text,
        '\{"key":"(?:[^"\\]|\\.)*","name":(?:null|"(?:[^"\\]|\\.)*"),"ref":"[a-z_]+"')) as part
    from texts
)
select distinct resource, key, (part || '}')::json ->> '$.ref' as needs_resource,
    (part || '}')::json ->> '$.key' as needs_key
from found
