-- How the syncs stand. {home} is the warehouse directory, {current} the way to what is current. Times are UTC.

CREATE OR REPLACE VIEW sync.snapshots AS
SELECT system, endpoint, snapshot_id, started, finished, source_version, complete, reasons, row_counts, shrunken
FROM read_json(
    '{home}/snapshots/*/*/[0-9]*/manifest.json',
    format = 'unstructured',
    columns = {
        system: 'VARCHAR', endpoint: 'VARCHAR', snapshot_id: 'VARCHAR', started: 'TIMESTAMP',
        finished: 'TIMESTAMP', source_version: 'VARCHAR', complete: 'BOOLEAN', reasons: 'VARCHAR[]',
        row_counts: 'MAP(VARCHAR, BIGINT)', shrunken: 'MAP(VARCHAR, VARCHAR)'
    }
);

CREATE OR REPLACE VIEW sync.diffs AS
SELECT
    endpoint, kind, diff_id, finished, source_snapshot, source_complete, target_snapshot, counts, existing, gates
FROM read_json(
    '{home}/diffs/*/[0-9]*/manifest.json',
    format = 'unstructured',
    columns = {
        endpoint: 'VARCHAR', kind: 'VARCHAR', diff_id: 'VARCHAR', finished: 'TIMESTAMP',
        source_snapshot: 'VARCHAR', source_complete: 'BOOLEAN', target_snapshot: 'VARCHAR',
        counts: 'MAP(VARCHAR, MAP(VARCHAR, BIGINT))', existing: 'MAP(VARCHAR, BIGINT)', gates: 'VARCHAR[]'
    }
);

CREATE OR REPLACE VIEW sync.attempts AS
SELECT
    split_part(filename, '/', -3) AS system, split_part(filename, '/', -2) AS endpoint,
    started, finished, ok, error, snapshot_id, complete
FROM read_json(
    '{home}/snapshots/*/*/attempts.jsonl',
    format = 'newline_delimited',
    ignore_errors = true,
    filename = true,
    columns = {
        started: 'TIMESTAMP', finished: 'TIMESTAMP', ok: 'BOOLEAN', error: 'VARCHAR', snapshot_id: 'VARCHAR',
        complete: 'BOOLEAN'
    }
)
WHERE ok IS NOT NULL;

CREATE OR REPLACE VIEW sync.scopes AS
SELECT 'librenms' AS system, * FROM librenms.scopes
UNION ALL BY NAME SELECT 'proxmox' AS system, * FROM proxmox.scopes
UNION ALL BY NAME SELECT 'netbox' AS system, * FROM netbox.scopes;

CREATE OR REPLACE VIEW sync.rejected AS
SELECT 'librenms' AS system, * FROM librenms.rejected
UNION ALL BY NAME SELECT 'proxmox' AS system, * FROM proxmox.rejected
UNION ALL BY NAME SELECT 'netbox' AS system, * FROM netbox.rejected;

CREATE OR REPLACE VIEW sync.left_out AS SELECT * FROM desired.left_out;

-- A rejection stands until it is withdrawn; an approval until it expires or the change is applied under it.
CREATE OR REPLACE VIEW sync.decisions AS
WITH since AS (
    SELECT a.*
    FROM ledger.approvals AS a
    LEFT JOIN (
        SELECT endpoint, change_id, max("at") AS withdrawn
        FROM ledger.approvals WHERE decision = 'withdraw' GROUP BY ALL
    ) AS w ON w.endpoint = a.endpoint AND w.change_id = a.change_id
    LEFT JOIN (
        SELECT endpoint, change_id, max("at") AS applied
        FROM ledger.verdicts WHERE verdict = 'applied' GROUP BY ALL
    ) AS v ON v.endpoint = a.endpoint AND v.change_id = a.change_id
    WHERE a.decision <> 'withdraw' AND (w.withdrawn IS NULL OR a."at" > w.withdrawn)
        AND (a.decision = 'reject' OR v.applied IS NULL OR a."at" > v.applied)
)
SELECT
    endpoint, change_id, any_value(resource) AS resource, any_value(action) AS action, any_value(key) AS key,
    CASE
        WHEN bool_or(decision = 'reject') THEN 'rejected'
        WHEN arg_max(expires, "at") > now() AT TIME ZONE 'UTC' THEN 'approved'
        ELSE 'expired'
    END AS state,
    coalesce(arg_min(who, "at") FILTER (decision = 'reject'), arg_max(who, "at")) AS who,
    coalesce(min("at") FILTER (decision = 'reject'), max("at")) AS "at",
    CASE WHEN NOT bool_or(decision = 'reject') THEN arg_max(expires, "at") END AS expires
FROM since
GROUP BY endpoint, change_id;

CREATE OR REPLACE VIEW sync.status AS
WITH tries AS (
    SELECT
        system, endpoint, max(started) AS last_attempt, max(started) FILTER (ok) AS last_success,
        arg_max(ok, started) AS ok, arg_max(error, started) AS error,
        arg_max(snapshot_id, started) FILTER (ok) AS snapshot_id
    FROM sync.attempts
    GROUP BY system, endpoint
),
plans AS (
    SELECT endpoint, arg_max(diff_id, finished) AS diff_id, max(finished) AS diff_finished,
        arg_max(gates, finished) AS gates, arg_max(target_snapshot, finished) AS target_snapshot
    FROM sync.diffs
    GROUP BY endpoint
),
-- What was applied before NetBox was read for the diff says nothing about its changes.
applied AS (
    SELECT DISTINCT v.endpoint, v.change_id
    FROM ledger.verdicts AS v JOIN plans AS p ON p.endpoint = v.endpoint
    WHERE v.verdict = 'applied' AND v."at" >= strptime(p.target_snapshot[1:18], '%Y%m%dT%H%M%S%g')
),
found AS (
    SELECT
        c.endpoint,
        count(*) FILTER (is_change AND NOT is_applied AND d.state IS DISTINCT FROM 'approved'
            AND d.state IS DISTINCT FROM 'rejected') AS waiting,
        count(*) FILTER (is_change AND NOT is_applied AND d.state = 'approved') AS approved,
        count(*) FILTER (is_change AND NOT is_applied AND d.state = 'rejected') AS rejected,
        count(*) FILTER (is_applied) AS applied,
        count(*) FILTER (c.action = 'conflict') AS conflicts,
        count(*) FILTER (c.action = 'blocked') AS blocked,
        count(*) FILTER (c.action = 'drifted') AS drifted
    FROM (
        SELECT
            x.endpoint, x.change_id, x.action, x.action IN ('create', 'update', 'delete') AS is_change,
            a.change_id IS NOT NULL AS is_applied
        FROM diff.changes AS x
        LEFT JOIN applied AS a ON a.endpoint = x.endpoint AND a.change_id = x.change_id AND x.change_id <> ''
    ) AS c
    LEFT JOIN sync.decisions AS d ON d.endpoint = c.endpoint AND d.change_id = c.change_id
    GROUP BY c.endpoint
)
SELECT
    t.endpoint, t.system,
    CASE WHEN NOT t.ok THEN 'failed' WHEN NOT s.complete THEN 'incomplete' ELSE 'ok' END AS state,
    t.last_attempt, t.last_success, CASE WHEN NOT t.ok THEN t.error END AS error,
    s.snapshot_id, s.source_version, s.complete, s.reasons,
    CAST(list_sum(map_values(s.row_counts)) AS BIGINT) AS rows,
    p.diff_id, p.diff_finished, p.gates,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.waiting, 0) END AS waiting,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.approved, 0) END AS approved,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.rejected, 0) END AS rejected,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.applied, 0) END AS applied,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.conflicts, 0) END AS conflicts,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.blocked, 0) END AS blocked,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.drifted, 0) END AS drifted
FROM tries AS t
LEFT JOIN sync.snapshots AS s
    ON s.system = t.system AND s.endpoint = t.endpoint AND s.snapshot_id = t.snapshot_id
LEFT JOIN plans AS p ON p.endpoint = t.endpoint AND t.system <> 'netbox'
LEFT JOIN found AS f ON f.endpoint = p.endpoint;
