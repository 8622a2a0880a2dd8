-- The ledger's data about NetBox's objects: those that this product created and deleted, and the values that it wrote
-- last. The views build on ledger.applied alone: a comparison puts a table of one NetBox in its place
-- (compare/database.py).

-- One row per change that an apply carried out. apply_id is the apply that sent it, which a later one may have settled;
-- undoes is the apply that this one reverts. Order by seq.
create or replace view ledger.applied as
with undos as (
    select distinct apply_id, undoes
    from read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {kind: 'VARCHAR', apply_id: 'VARCHAR', undoes: 'VARCHAR'}
    )
    where kind = 'start' and undoes is not null
)
select
    v.endpoint, v.target, sent.apply_id, undos.undoes, v.resource, v.action, v.key, v.object_type, v.netbox_id,
        v.fields,
    v.cleared, v.change_id, v.recorded_at as applied_at, v.last_updated, v.seq
from ledger.verdicts v
cross join lateral (select coalesce(split_part(v.operation_id, '/', 1), v.apply_id) as apply_id) as sent
left join undos on undos.apply_id = sent.apply_id
where v.verdict = 'applied' and v.netbox_id is not null and not coalesce(v.already, false);

-- Objects that an undo created again, with a new id: one row for each former id of the object.
create or replace view ledger.made_again as
with recursive pairs as (
    select distinct again.target, again.object_type, gone.netbox_id as former_id, again.netbox_id
    from ledger.applied again
    join ledger.applied gone
        on gone.apply_id = again.undoes and gone.resource = again.resource and gone.object_type = again.object_type
        and gone.key = again.key
    where again.undoes is not null and again.action = 'create' and gone.action = 'delete'
),
chain as (
    from pairs
    union
    select p.target, p.object_type, c.former_id, p.netbox_id
    from chain c join pairs p on p.object_type = c.object_type and p.former_id = c.netbox_id and p.target = c.target
)
from chain;

-- One row per object and field that an applied change set, or that NetBox cleared because a change deleted the object
-- in the field, or replaced because a change moved its cluster. value is JSON; a null that was written is its null.
create or replace view ledger.writes as
with set_by_change as (
    select *, unnest(fields) as item from ledger.applied where action <> 'delete'
),
changed_by_netbox as (
    select *, unnest(cleared) as item from ledger.applied where action in ('delete', 'update')
),
written as (
    select endpoint, target, undoes, object_type, netbox_id, item.field as field,
        coalesce(item.after, 'null'::json) as value, applied_at as written_at, seq, change_id
    from set_by_change
    union all
    select endpoint, target, undoes, item.object_type, item.netbox_id, item.field, coalesce(item.after, 'null'::json),
        applied_at, seq, change_id
    from changed_by_netbox
)
from written
union all
select w.* replace (m.netbox_id as netbox_id)
from written w
join ledger.made_again m on m.target = w.target and m.object_type = w.object_type and m.former_id = w.netbox_id;

-- The value that this product wrote last, per object and field, whichever endpoint it came from. value is JSON
-- with references by NetBox id, as the comparison sees it as `before` next time. A value that an undo brought back
-- belongs to the endpoint that had written it before; restored says that none had: it was in NetBox already.
create or replace view ledger.last_written as
with newest as (
    -- A struct, because the maximum's row counts with all its values: arg_max passes over NULL.
    select target, object_type, netbox_id, field,
        arg_max({'endpoint': endpoint, 'value': value, 'undoes': undoes, 'change_id': change_id,
            'written_at': written_at},
            seq) as last,
        max(seq) as seq
    from ledger.writes
    group by target, object_type, netbox_id, field
),
brought_back as (
    from newest where last.undoes is not null
),
-- Names in references are for people, and may have changed since.
nameless as (
    select b.target, b.object_type, b.netbox_id, b.field, w.endpoint, w.seq,
        regexp_replace(b.last.value::varchar, ',"name":("([^"\\]|\\.)*"|null)', '', 'g') as now,
        regexp_replace(w.value::varchar, ',"name":("([^"\\]|\\.)*"|null)', '', 'g') as earlier
    from brought_back b
    join ledger.writes w using (target, object_type, netbox_id, field)
    where w.undoes is null
),
authors as (
    select n.target, n.object_type, n.netbox_id, n.field, arg_max(n.endpoint, n.seq) as endpoint
    from nameless n
    left join ledger.made_again m
        on m.target = n.target and m.former_id = try_cast(regexp_extract(n.earlier, '^\{"id":([0-9]+)', 1) as bigint)
        and m.netbox_id = try_cast(regexp_extract(n.now, '^\{"id":([0-9]+)', 1) as bigint)
    where n.now = n.earlier or m.netbox_id is not null
    group by all
)
select
    coalesce(a.endpoint, n.last.endpoint) as endpoint, n.object_type, n.netbox_id, n.field, n.last.value as value,
    n.last.written_at as written_at, n.last.change_id as change_id, n.target,
    n.last.undoes is not null and a.endpoint is null as restored, n.seq
from newest n
left join authors a using (target, object_type, netbox_id, field);

-- The objects that this product created. An object that an undo created again counts as the original.
create or replace view ledger.created as
with made as (
    select a.endpoint, a.object_type, a.netbox_id, a.applied_at, a.seq, a.target
    from ledger.applied a
    anti join ledger.made_again m
        on m.target = a.target and m.object_type = a.object_type and m.netbox_id = a.netbox_id
    where a.action = 'create'
),
known as (
    from made
    union all
    select made.* replace (m.netbox_id as netbox_id)
    from made
    join ledger.made_again m
        on m.target = made.target and m.object_type = made.object_type and m.former_id = made.netbox_id
)
select
    any_value(endpoint) as endpoint, object_type, netbox_id, arg_min(applied_at, seq) as created_at, target,
    min(seq) as seq
from known
group by target, object_type, netbox_id;

-- The objects that this product deleted.
create or replace view ledger.deleted as
select
    any_value(endpoint) as endpoint, object_type, netbox_id, arg_max(applied_at, seq) as deleted_at, target,
    max(seq) as seq
from ledger.applied
where action = 'delete'
group by target, object_type, netbox_id;

-- The lists of tags that this product wrote, one row per object and change.
create or replace view ledger.tag_lists as
with written as (
    select a.target, a.object_type, a.netbox_id, a.seq, item.before as before, item.after as after
    from (select *, unnest(fields) as item from ledger.applied where action <> 'delete') a
    anti join ledger.made_again m
        on m.target = a.target and m.object_type = a.object_type and m.netbox_id = a.netbox_id
        -- Tags of an object that an undo created again do not show who had added them.
        and a.action = 'create'
    where item.field = 'tags'
)
from written
union all
select w.* replace (m.netbox_id as netbox_id)
from written w
join ledger.made_again m on m.target = w.target and m.object_type = w.object_type and m.former_id = w.netbox_id;
