-- The ledger as tables. {home} is the warehouse directory. Times are UTC and the word of a clock; what came before what
-- is seq, the number in the warehouse's sequence. Lines from before there were numbers are placed by their time.
CREATE SCHEMA IF NOT EXISTS ledger;

-- One row per decision and change id. decision: approve, reject, withdraw.
CREATE OR REPLACE VIEW ledger.approvals AS
SELECT
    approval_id, "at", who, through, decision, endpoint, diff_id, expires, override,
    change.change_id, change.resource, change.action, change.key,
    "by"."user" AS os_user, "by".host AS host, "by".run AS run_id, coalesce(seq, epoch_ms("at")) AS seq
FROM (
    SELECT * EXCLUDE (changes), unnest(changes) AS change
    FROM read_json(
        '{home}/ledger/approvals/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            approval_id: 'VARCHAR', "at": 'TIMESTAMP', who: 'VARCHAR', through: 'VARCHAR', decision: 'VARCHAR',
            endpoint: 'VARCHAR', diff_id: 'VARCHAR', expires: 'TIMESTAMP', override: 'VARCHAR', seq: 'BIGINT',
            "by": 'STRUCT("user" VARCHAR, host VARCHAR, run VARCHAR)',
            changes: 'STRUCT(change_id VARCHAR, resource VARCHAR, action VARCHAR, key VARCHAR)[]'
        }
    )
    WHERE approval_id IS NOT NULL
);

-- One row per verdict. target is the URL of the NetBox that was written to; fields are the change's fields
-- with references resolved to NetBox ids. weak_guard: NetBox below 4.6, compared just before the write. cleared: fields
-- of other objects that NetBox empties because this change deletes the object they name. already: NetBox had it as
-- approved, so nothing was sent.
CREATE OR REPLACE VIEW ledger.verdicts AS
SELECT * EXCLUDE (kind) REPLACE (coalesce(seq, epoch_ms("at")) AS seq)
FROM read_json(
    '{home}/ledger/applies/*/*.jsonl',
    format = 'newline_delimited',
    ignore_errors = true,
    columns = {
        kind: 'VARCHAR', apply_id: 'VARCHAR', "at": 'TIMESTAMP', endpoint: 'VARCHAR', target: 'VARCHAR',
        operation_id: 'VARCHAR', change_id: 'VARCHAR', resource: 'VARCHAR', action: 'VARCHAR', key: 'VARCHAR',
        parent: 'VARCHAR', object_type: 'VARCHAR', netbox_id: 'BIGINT', verdict: 'VARCHAR',
        message: 'VARCHAR', last_updated: 'VARCHAR', request_id: 'VARCHAR', weak_guard: 'BOOLEAN',
        open: 'BOOLEAN', approval_id: 'VARCHAR', approver: 'VARCHAR', seq: 'BIGINT',
        fields: 'STRUCT(field VARCHAR, before JSON, after JSON)[]',
        cleared: 'STRUCT(object_type VARCHAR, netbox_id BIGINT, owner VARCHAR, field VARCHAR, before JSON)[]',
        already: 'BOOLEAN'
    }
)
WHERE kind = 'verdict';

-- One row per apply. finished is NULL while it runs or when it was killed; changes are those approved then;
-- undoes is the apply that this one takes back; branch the netbox-branching branch that it wrote to.
CREATE OR REPLACE VIEW ledger.applies AS
WITH lines AS (
    SELECT *
    FROM read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            kind: 'VARCHAR', apply_id: 'VARCHAR', "at": 'TIMESTAMP', endpoint: 'VARCHAR', target: 'VARCHAR',
            who: 'VARCHAR', diff_id: 'VARCHAR', netbox_version: 'VARCHAR', changes: 'JSON',
            verdict: 'VARCHAR', undoes: 'VARCHAR', branch: 'VARCHAR', through: 'VARCHAR', seq: 'BIGINT',
            "by": 'STRUCT("user" VARCHAR, host VARCHAR, run VARCHAR)'
        }
    )
    WHERE kind IN ('start', 'verdict', 'end')
)
SELECT
    apply_id, endpoint, any_value(target) AS target, any_value(who) AS who,
    any_value(netbox_version) AS netbox_version, any_value(diff_id) AS diff_id, any_value(undoes) AS undoes,
    any_value(branch) AS branch,
    min("at") FILTER (kind = 'start') AS started, max("at") FILTER (kind = 'end') AS finished,
    any_value(through) AS through, any_value("by")."user" AS os_user, any_value("by").host AS host,
    any_value("by").run AS run_id, max(coalesce(seq, epoch_ms("at"))) AS seq,
    any_value(changes::BIGINT) FILTER (kind = 'start') AS changes,
    count(*) FILTER (verdict = 'applied') AS applied,
    count(*) FILTER (verdict = 'stale') AS stale,
    count(*) FILTER (verdict = 'failed') AS failed,
    count(*) FILTER (verdict = 'blocked') AS blocked,
    count(*) FILTER (verdict = 'uncertain') AS uncertain
FROM lines
GROUP BY apply_id, endpoint;

-- Where NetBox's own changelog has what was written; no rows for a token that may not view it, nor where
-- netbox.changelog_message is off.
CREATE OR REPLACE VIEW ledger.object_changes AS
SELECT apply_id, endpoint, target, item.*
FROM (
    SELECT apply_id, endpoint, target, unnest(found) AS item
    FROM read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            kind: 'VARCHAR', apply_id: 'VARCHAR', endpoint: 'VARCHAR', target: 'VARCHAR',
            found: 'STRUCT(object_type VARCHAR, netbox_id BIGINT, request_id VARCHAR, object_change_id BIGINT)[]'
        }
    )
    WHERE kind = 'object_changes'
);

-- One row per journal entry that an apply wrote into NetBox.
CREATE OR REPLACE VIEW ledger.journal AS
SELECT apply_id, endpoint, target, "at", item.*
FROM (
    SELECT apply_id, endpoint, target, "at", unnest(entries) AS item
    FROM read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {
            kind: 'VARCHAR', apply_id: 'VARCHAR', "at": 'TIMESTAMP', endpoint: 'VARCHAR', target: 'VARCHAR',
            entries: 'STRUCT(assigned_object_type VARCHAR, assigned_object_id BIGINT, journal_entry_id BIGINT, comments VARCHAR)[]'
        }
    )
    WHERE kind = 'journal'
);

-- One row per change and field that an apply decided on; before and after are JSON text.
CREATE OR REPLACE VIEW ledger.operations AS
SELECT
    apply_id, operation_id, endpoint, target, resource, action, key, parent, object_type, netbox_id, change_id,
    item.field AS field, item.before::VARCHAR AS before, item.after::VARCHAR AS after,
    approver, approval_id, verdict, message, request_id, object_change_id, weak_guard, "at", seq
FROM (
    SELECT *, unnest(CASE WHEN len(fields) > 0 THEN fields ELSE [NULL] END) AS item
    FROM ledger.verdicts
)
LEFT JOIN (
    SELECT target, object_type, netbox_id, request_id, min(object_change_id) AS object_change_id
    FROM ledger.object_changes GROUP BY ALL
) USING (target, object_type, netbox_id, request_id);
