-- The words of an endpoint: all that its source, its desired tables and its settings say (endpoint_texts), whole,
-- without a domain, and each word of a longer text. Key: word.
with parts as (
    select unnest(regexp_split_to_array(text, '[\s,;|=/"''(){}\[\]<>]+')) as text from endpoint_texts
    where regexp_matches(text, '[\s,;|=/"''(){}\[\]<>]')
)
select distinct word_of(u.text) as word
from (from endpoint_texts union all from parts) t, unnest([t.text, short_name(t.text)]) as u(text)
where word_of(u.text) <> ''
