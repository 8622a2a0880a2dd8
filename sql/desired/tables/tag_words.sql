-- The tags of virtual machines.
-- Only with rows of tables.virtual_machines WHERE len(tags) > 0.
select distinct on (lower(w.word)) lower(w.word) as tag, w.word as name, null::varchar as color
from tables.virtual_machines v, unnest(v.tags) as w(word)
where blank(w.word) is not null
order by lower(w.word), w.word
