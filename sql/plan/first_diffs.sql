-- The rows that one earlier diff (earlier_rows) had already, and the diff that had them first; first_diff is NULL for
-- rows that differ from the earlier ones of the same key. Rows that a later diff has decided (diff.first_diffs) are
-- omitted. The same row: the same change id, or the same question; changes with another id are in same_changes.sql.
select r.resource, r.key,
    case when if(e.change_id = '', json_extract_string(e.questions, '//cause') = q.cause and i.change_id is null,
        e.change_id = i.change_id) then e.first_diff end as first_diff
from earlier_rows e
join diff.rows r on r.resource = e.resource and r.key = e.key
anti join diff.first_diffs f on f.resource = r.resource and f.key = r.key
left join diff.ids i on i.resource = r.resource and i.key = r.key
left join diff.questions q on q.resource = r.resource and q.key = r.key and q.field = ''
