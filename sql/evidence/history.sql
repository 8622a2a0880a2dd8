-- What people decided and answered about NetBox objects, and what applies wrote to them. $objects: the objects; $keys:
-- the keys that diffs have them under. what: a decision, an answer or a verdict. action clear: NetBox emptied the
-- fields because the apply deleted the object that resource and key name; replace: NetBox replaced the value, the disk
-- size of a machine because the apply created the first virtual disk, its site because the apply moved its cluster.
-- $here: the ledger's names of this NetBox, in which alone an id means these objects; NULL if they are not known.
with objects as (
    select unnest($objects::struct(object_type varchar, netbox_id bigint)[], recursive := true)
),
keys as (
    select unnest($keys::struct(endpoint varchar, resource varchar, "key" varchar)[], recursive := true)
),
verdicts as materialized (
    from ledger.verdicts
    where ($here is null or list_contains($here::varchar[], target))
        and (
            (object_type, netbox_id) in (select (object_type, netbox_id) from objects)
            or (endpoint, resource, key) in (select (endpoint, resource, key) from keys)
            or len(cleared) > 0
        )
),
-- A key may have been another object's before.
elsewhere as (
    select distinct endpoint, change_id
    from verdicts anti join objects using (object_type, netbox_id) where netbox_id is not null
),
writes as (
    select 'write' as kind, recorded_at, verdict as what, action, endpoint, resource, key, message, change_id, apply_id,
        approver, object_type, netbox_id, fields, seq
    from verdicts semi join objects using (object_type, netbox_id)
    union all
    select 'write', recorded_at, verdict, action, endpoint, resource, key, message, change_id, apply_id, approver,
        object_type, netbox_id, fields, seq
    from verdicts semi join keys using (endpoint, resource, key) where netbox_id is null
    union all
    select 'write', recorded_at, verdict, if(action = 'delete', 'clear', 'replace'), endpoint, resource, key, message,
        change_id, apply_id, approver, object_type, netbox_id,
        list({field: item.field, before: item.before, "after": coalesce(item.after, 'null'::json)} order by item.field),
        seq
    from (select *, unnest(cleared) as item from verdicts where verdict = 'applied' and len(cleared) > 0)
    where (item.object_type, item.netbox_id) in (select (object_type, netbox_id) from objects)
    group by all
),
decisions as (
    select 'decision' as kind, decided_at as recorded_at, decision as what, action, endpoint, resource, key,
        array_to_string(fields, ', ') as field, who,
        through, comment as message, override, change_id, seq
    from ledger.approvals
    semi join keys using (endpoint, resource, key)
    anti join elsewhere using (endpoint, change_id)
),
answered as (
    from ledger.resolutions semi join keys using (endpoint, resource, key)
),
answers as (
    select 'answer' as kind, answered_at as recorded_at, answer as what, always, endpoint, resource, key, field, who,
        through, nullif(concat_ws(': ', coalesce(value, 'id ' || netbox_id), nullif(why, '')), '') as message, seq
    from answered
    union all
    select 'answer', withdrawn_at, 'withdraw', null, endpoint, resource, key, field, withdrawn_by, null,
        'the answer ' || answer || if(always, ', from now on', ''), withdrawn_seq
    from answered where withdrawn_at is not null
)
select kind, recorded_at, what, always, action, endpoint, resource, key, field, who, through, approver, message,
    override, change_id, apply_id, object_type, netbox_id, fields, seq
from (from writes union all by name from decisions union all by name from answers)
order by seq, resource, key, change_id
