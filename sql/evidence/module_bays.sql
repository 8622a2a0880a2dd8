-- A module bay is known from the part that is in it.
select 'desired.modules' as origin, 0 as place, to_json(m) as content from desired.modules m where m.key = $key
