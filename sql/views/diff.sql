-- Views on the current diffs. {rows}: the rows of their files.

-- Files of an older version call the decision verdict.
create or replace view diff.fields as
select
    endpoint, resource, key, parent, action, item.field as field, item.before::json as before,
    item.after::json as after, coalesce(item.decision, item.verdict) as decision, item.reason as reason,
    item.cause as cause, change_id, netbox_id
from (select *, unnest(fields) as item from {rows});

-- The closed list of causes. sentence: with its parameters in braces; about: the parameters that say what is missing.
create or replace view sync.causes as
{causes};

-- The open questions: rows with the same cause and the same parameters in `about` are answered together.
create or replace view diff.causes as
with known as (
    select map_from_entries(list({key: cause, value: about})) as abouts from sync.causes
),
asked as (
    select
        d.endpoint, d.resource, d.action, d.cause, d.key, d.reason,
        missing_of(d.cause, d.subject, known.abouts) as missing
    from diff.changes d
    cross join known
    where d.cause is not null and d.action in ('blocked', 'conflict', 'drifted')
)
select
    endpoint, resource, action, cause, missing, count(*) as "rows",
    arg_min(key, (natural_order(key), key)) as example, arg_min(reason, (natural_order(key), key)) as reason
from asked
group by all;
