-- Answers to what is no longer asked in this way: the row or field asks something else now, e.g. with other candidates.
-- Key: resolution_id + resource + key.
-- Only with rows of config.answers.
select a.resolution_id, a.resource, a.key, coalesce(a.field, '') as field, any_value(a.who) as who,
    any_value(a.answered_on) as answered_on
from config.answers a
join diff.questions q on q.resource = a.resource and q.key = a.key and q.field = coalesce(a.field, '')
join diff.rows r on r.resource = a.resource and r.key = a.key
    and r.action in ('blocked', 'conflict', 'drifted', 'update')
where a.question is not null and a.answer <> 'map'
group by a.resolution_id, a.resource, a.key, coalesce(a.field, '')
having not bool_or(a.question in (q.question, q.cause))
    and not bool_or(starts_with(coalesce(r.reason, ''), '{"cause":"kept_by_answer"'))
