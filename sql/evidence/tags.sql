-- A tag is found by its slug.
select 'desired.tags' as origin, 0 as place, to_json(t) as content from desired.tags t where t.slug = $key
