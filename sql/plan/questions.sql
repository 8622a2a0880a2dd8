-- What each row and field asks that is not written as usual. Key: resource + key + field; field '' is the row.
create or replace table diff.questions as
select resource, key, '' as field, content_question(reason, fields::varchar) as question, question(reason) as cause
from diff.rows
where action in ('blocked', 'conflict', 'drifted')
union all
select resource, key, f.field, field_question(f.reason, f.before, f.after), question(f.reason)
-- Rows with such fields have a reason.
from (select resource, key, unnest(fields) as f from diff.rows where reason is not null and action <> 'delete')
where f.decision in ('conflict', 'drifted')
