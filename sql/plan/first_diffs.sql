-- The rows that one earlier diff (earlier_rows) had already, and the diff that had them first; first_diff is NULL for
-- rows that differ from the earlier ones of the same key. Rows that a later diff has decided (diff.first_diffs) are
-- omitted. The same row: the same change id, or the same question; changes with another id are in same_changes.sql.
with of_rows as (
    select resource, key, cause from diff.questions where field = ''
),
of_fields as (
    select resource, key, list({field: field, cause: cause}) as asked
    from diff.questions where field <> '' group by resource, key
)
select r.resource, r.key,
    case when i.change_id is not null then if(e.change_id = i.change_id, e.first_diff, null)
        when json_extract_string(e.questions, '//cause') = q.cause then e.first_diff
        -- What is left of a change that was applied: its fields ask what they asked then.
        when len(list_filter(f.asked,
            lambda a: coalesce(json_extract_string(e.questions, '/' || a.field || '/cause'), '') <> a.cause)) = 0
            then e.first_diff end as first_diff
from earlier_rows e
join diff.rows r on r.resource = e.resource and r.key = e.key
anti join diff.first_diffs d on d.resource = r.resource and d.key = r.key
left join diff.ids i on i.resource = r.resource and i.key = r.key
left join of_rows q on q.resource = r.resource and q.key = r.key
left join of_fields f on f.resource = r.resource and f.key = r.key
