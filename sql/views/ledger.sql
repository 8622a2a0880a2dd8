-- The ledger as tables. {home} is the warehouse directory. Times depend on a clock; order by seq, the number in the
-- warehouse's sequence. Lines from before there were numbers are ordered by their time. For approvals see the note on
-- json_transform in sync.sql.
create schema if not exists ledger;

-- One row per decision and change id. decision: approve, reject, withdraw.
create or replace view ledger.approvals as
select
    approval_id, "at" as decided_at, who, through, decision, endpoint, diff_id, expires, override,
    change.change_id, change.resource, change.action, change.key, change.part_of, change.fields,
    "by"."user" as os_user, "by".host as host, "by".run as run_id, "by".login_by as login_by, comment,
    coalesce(seq, epoch_ms("at")) as seq, netbox
from (
    select * exclude (changes), unnest(changes) as change
    from (
        select unnest(json_transform(json, '{
            "approval_id": "VARCHAR", "at": "TIMESTAMPTZ", "who": "VARCHAR", "through": "VARCHAR",
            "decision": "VARCHAR", "endpoint": "VARCHAR", "diff_id": "VARCHAR", "expires": "TIMESTAMPTZ",
            "override": "VARCHAR", "seq": "BIGINT", "comment": "VARCHAR",
            "netbox": "VARCHAR",
            "by": {"user": "VARCHAR", "host": "VARCHAR", "run": "VARCHAR", "login_by": "VARCHAR"},
            "changes": [{"change_id": "VARCHAR", "resource": "VARCHAR", "action": "VARCHAR", "key": "VARCHAR",
                "part_of": "VARCHAR", "fields": ["VARCHAR"]}]
        }'))
        from read_json_objects(
            '{home}/ledger/approvals/*/*.jsonl',
            format = 'newline_delimited', ignore_errors = true
        )
    )
    where approval_id is not null
);

-- One row per verdict. target is the URL of the NetBox that was written to; fields are the change's fields
-- with references resolved to NetBox ids. weak_guard: NetBox below 4.6, compared just before the write. cleared: fields
-- of other objects that NetBox clears because this change deletes the object that they name, the disk size of a
-- virtual machine, which NetBox replaces because this change creates its first virtual disk, and its site, which NetBox
-- replaces (by after) because this change gives its cluster a scope. already: NetBox had it as approved, so nothing was
-- sent.
create or replace view ledger.verdicts as
select * exclude (kind) replace (coalesce(seq, epoch_ms("at")) as seq) rename ("at" as recorded_at)
from read_json(
    '{home}/ledger/applies/*/*.jsonl',
    format = 'newline_delimited',
    ignore_errors = true,
    columns = {
        kind: 'VARCHAR', apply_id: 'VARCHAR', "at": 'TIMESTAMPTZ', endpoint: 'VARCHAR', target: 'VARCHAR',
        operation_id: 'VARCHAR', change_id: 'VARCHAR', resource: 'VARCHAR', action: 'VARCHAR', key: 'VARCHAR',
        parent: 'VARCHAR', object_type: 'VARCHAR', netbox_id: 'BIGINT', verdict: 'VARCHAR',
        message: 'VARCHAR', last_updated: 'TIMESTAMPTZ', request_id: 'VARCHAR', weak_guard: 'BOOLEAN',
        open: 'BOOLEAN', approval_id: 'VARCHAR', approver: 'VARCHAR', seq: 'BIGINT',
        fields: 'STRUCT(field VARCHAR, before JSON, after JSON)[]',
        cleared: 'STRUCT(object_type VARCHAR, netbox_id BIGINT, owner VARCHAR, field VARCHAR, before JSON, after JSON)[]',
        already: 'BOOLEAN'
    }
)
where kind = 'verdict';

-- One row per apply. finished is NULL while it runs or when it was killed; changes are those approved then;
-- undoes is the apply that this one reverts; branch the netbox-branching branch that it wrote to.
create or replace view ledger.applies as
with lines as (
    select *
    from read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            kind: 'VARCHAR', apply_id: 'VARCHAR', "at": 'TIMESTAMPTZ', endpoint: 'VARCHAR', target: 'VARCHAR',
            who: 'VARCHAR', diff_id: 'VARCHAR', netbox_version: 'VARCHAR', changes: 'JSON',
            verdict: 'VARCHAR', undoes: 'VARCHAR', branch: 'VARCHAR', through: 'VARCHAR', seq: 'BIGINT',
            "by": 'STRUCT("user" VARCHAR, host VARCHAR, run VARCHAR)'
        }
    )
    where kind in ('start', 'verdict', 'end')
)
select
    apply_id, endpoint, any_value(target) as target, any_value(who) as who,
    any_value(netbox_version) as netbox_version, any_value(diff_id) as diff_id, any_value(undoes) as undoes,
    any_value(branch) as branch,
    min("at") filter (kind = 'start') as started, max("at") filter (kind = 'end') as finished,
    any_value(through) as through, any_value("by")."user" as os_user, any_value("by").host as host,
    any_value("by").run as run_id, max(coalesce(seq, epoch_ms("at"))) as seq,
    any_value(changes::bigint) filter (kind = 'start') as changes,
    count(*) filter (verdict = 'applied') as applied,
    count(*) filter (verdict = 'stale') as stale,
    count(*) filter (verdict = 'failed') as failed,
    count(*) filter (verdict = 'blocked') as blocked,
    count(*) filter (verdict = 'uncertain') as uncertain
from lines
group by apply_id, endpoint;

-- The entries of NetBox's changelog for the writes; no rows if the token may not view it, or netbox.changelog_message
-- is off.
create or replace view ledger.object_changes as
select apply_id, endpoint, target, item.*
from (
    select apply_id, endpoint, target, unnest(found) as item
    from read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            kind: 'VARCHAR', apply_id: 'VARCHAR', endpoint: 'VARCHAR', target: 'VARCHAR',
            found: 'STRUCT(object_type VARCHAR, netbox_id BIGINT, request_id VARCHAR, object_change_id BIGINT)[]'
        }
    )
    where kind = 'object_changes'
);

-- One row per journal entry that an apply wrote into NetBox.
create or replace view ledger.journal as
select apply_id, endpoint, target, written_at, item.*
from (
    select apply_id, endpoint, target, "at" as written_at, unnest(entries) as item
    from read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            kind: 'VARCHAR', apply_id: 'VARCHAR', "at": 'TIMESTAMPTZ', endpoint: 'VARCHAR', target: 'VARCHAR',
            entries: 'STRUCT(assigned_object_type VARCHAR, assigned_object_id BIGINT, journal_entry_id BIGINT, comments VARCHAR)[]'
        }
    )
    where kind = 'journal'
);

-- One row per change and field that an apply decided on; before and after are JSON.
create or replace view ledger.operations as
select
    apply_id, operation_id, endpoint, target, resource, action, key, parent, object_type, netbox_id, change_id,
    item.field as field, item.before as before, item.after as after,
    approver, approval_id, verdict, message, request_id, object_change_id, weak_guard, recorded_at, seq
from (
    select *, unnest(case when len(fields) > 0 then fields else [null] end) as item
    from ledger.verdicts
)
left join (
    select target, object_type, netbox_id, request_id, min(object_change_id) as object_change_id
    from ledger.object_changes group by all
) using (target, object_type, netbox_id, request_id);

-- One row per answered row, field or name. answer: pick, create, map, value, move, take, keep, leave, acknowledge.
-- question: hash of what was asked. state: valid, withdrawn, expired. A valid answer counts only
-- while exactly this is asked; the manifest of a diff (sync.diffs) names those that have lapsed.
create or replace view ledger.resolutions as
with lines as (
    select *
    from read_json(
        '{home}/ledger/resolutions/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            kind: 'VARCHAR', resolution_id: 'VARCHAR', "at": 'TIMESTAMPTZ', who: 'VARCHAR', through: 'VARCHAR',
            endpoint: 'VARCHAR', answer: 'VARCHAR', cause: 'VARCHAR', sentence: 'VARCHAR', section: 'VARCHAR',
            word: 'VARCHAR', netbox_id: 'BIGINT', value: 'VARCHAR', why: 'VARCHAR', until: 'TIMESTAMPTZ',
            diff_id: 'VARCHAR', seq: 'BIGINT',
            items: 'STRUCT(resource VARCHAR, key VARCHAR, field VARCHAR, question VARCHAR)[]'
        }
    )
    where resolution_id is not null
),
withdrawn as (
    select resolution_id, min("at") as withdrawn_at, min_by(who, "at") as withdrawn_by,
        min(coalesce(seq, epoch_ms("at"))) as withdrawn_seq
    from lines where kind = 'withdrawal' group by resolution_id
)
select
    resolution_id, l."at" as answered_at, l.who, through, endpoint, answer,
    answer = 'keep' and item.question is null as always, cause, sentence, section, word, netbox_id, value, why,
    until, diff_id, item.resource, item.key, item.field, item.question,
    case when w.resolution_id is not null then 'withdrawn'
         when until <= now() then 'expired'
         else 'valid' end as state,
    w.withdrawn_by, w.withdrawn_at, w.withdrawn_seq, coalesce(seq, epoch_ms(l."at")) as seq
from (
    select * exclude (items), unnest(case when len(items) > 0 then items else [null] end) as item
    from lines where kind = 'resolution'
) l
left join withdrawn w using (resolution_id);
