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
    -- Which object it is was answered, and the row is about this object now: its fields ask something else.
    and not bool_or(a.answer in ('pick', 'create') and r.action <> 'blocked' and r.netbox_id is not null
        and not contains(coalesce(r.reason, ''), '"candidate_ids":[')
        and (a.answer = 'create' or r.netbox_id = a.netbox_id))
    -- NetBox's value stays by an answer to this field: it asks nothing else.
    and not bool_or(len(list_filter(r.fields, lambda f: f.field = a.field
        and starts_with(coalesce(f.reason, ''), '{"cause":"kept_by_answer"'))) > 0)
