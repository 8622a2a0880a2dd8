-- Rows that people have decided to leave: counted apart, and shown on request. So are rows whose fields are all kept by
-- answers.
-- Only with rows of config.answers.
with answered as (
    select q.resource, q.key
    from diff.questions q
    join config.answers a on a.resource = q.resource and a.key = q.key and a.field is null and a.question = q.question
    where q.field = '' and a.answer in ('acknowledge', 'leave')
    union
    select r.resource, r.key
    from diff.rows r
    where r.action = 'drifted' and len(r.fields) > 0 and len(list_filter(r.fields,
        lambda f: not starts_with(coalesce(f.reason, ''), '{"cause":"kept_by_answer"'))) = 0
)
update diff.rows set action = 'acknowledged'
from answered a
where a.resource = rows.resource and a.key = rows.key and rows.action in ('blocked', 'conflict', 'drifted')
