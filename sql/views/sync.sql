-- How the syncs stand. {home} is the warehouse directory, {current} the way to what is current. Times are UTC.

CREATE OR REPLACE VIEW sync.attempts AS
SELECT
    split_part(filename, '/', -3) AS system, split_part(filename, '/', -2) AS endpoint,
    started, finished, ok, error, unreachable, snapshot_id, complete
FROM read_json(
    '{home}/snapshots/*/*/attempts.jsonl',
    format = 'newline_delimited',
    ignore_errors = true,
    filename = true,
    columns = {
        started: 'TIMESTAMP', finished: 'TIMESTAMP', ok: 'BOOLEAN', error: 'VARCHAR', unreachable: 'BOOLEAN',
        snapshot_id: 'VARCHAR', complete: 'BOOLEAN'
    }
)
WHERE ok IS NOT NULL;

CREATE OR REPLACE VIEW sync.comparisons AS
SELECT split_part(filename, '/', -2) AS endpoint, system, started, finished, ok, error, diff_id
FROM read_json(
    '{home}/diffs/*/attempts.jsonl',
    format = 'newline_delimited',
    ignore_errors = true,
    filename = true,
    columns = {
        system: 'VARCHAR', started: 'TIMESTAMP', finished: 'TIMESTAMP', ok: 'BOOLEAN', error: 'VARCHAR',
        diff_id: 'VARCHAR'
    }
)
WHERE ok IS NOT NULL;

-- Who is working on what. A process that was killed is silent; after a minute of that it counts as gone. What is said here
-- may, on an object store, be said by all machines too.
CREATE OR REPLACE VIEW sync.running AS
SELECT system, endpoint, who, host, pid, since, heartbeat
FROM read_json(
    '{home}/running/*/*.json',
    format = 'newline_delimited',
    ignore_errors = true,
    columns = {
        system: 'VARCHAR', endpoint: 'VARCHAR', who: 'VARCHAR', host: 'VARCHAR', pid: 'BIGINT',
        since: 'TIMESTAMP', heartbeat: 'TIMESTAMP'
    }
)
WHERE system NOT IN ('run', 'notify') AND heartbeat > now() AT TIME ZONE 'UTC' - INTERVAL 1 MINUTE
QUALIFY row_number() OVER (PARTITION BY system, endpoint ORDER BY heartbeat DESC) = 1;

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

-- What is known of every endpoint and of NetBox. every: seconds from sync to sync that the configuration asks for,
-- 0 where it asks for none. Without a configuration on record, what was read counts as configured.
CREATE OR REPLACE VIEW sync.facts AS
WITH configured AS (
    SELECT endpoint, kind AS system, enabled, every
    FROM read_json(
        '{home}/endpoints.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {endpoint: 'VARCHAR', kind: 'VARCHAR', enabled: 'BOOLEAN', every: 'BIGINT'}
    )
    WHERE endpoint IS NOT NULL
),
tries AS (
    SELECT system, endpoint, 'read' AS what, started, finished, ok, error, unreachable, snapshot_id
    FROM sync.attempts
    UNION ALL BY NAME
    SELECT system, endpoint, 'compare' AS what, started, finished, ok, error FROM sync.comparisons
),
last_tries AS (
    SELECT
        system, endpoint,
        max(started) FILTER (what = 'read') AS last_attempt,
        max(started) FILTER (what = 'read' AND ok) AS last_success,
        max(finished) FILTER (what = 'compare' AND ok) AS last_compared,
        arg_max(started, started) FILTER (what = 'compare' AND ok) AS compare_started,
        arg_max(ok, (finished, started)) AS ok,
        arg_max(error, (finished, started)) AS error,
        arg_max(coalesce(unreachable, false), (finished, started)) AS unreachable,
        arg_max(snapshot_id, started) FILTER (what = 'read' AND ok) AS snapshot_id,
        max(finished) AS last_finished
    FROM tries
    GROUP BY system, endpoint
),
manifests AS (
    SELECT system, endpoint, snapshot_id, source_version, complete, reasons, row_counts
    FROM read_json(
        '{home}/snapshots/*/*/{current}/manifest.json',
        format = 'unstructured',
        columns = {
            system: 'VARCHAR', endpoint: 'VARCHAR', snapshot_id: 'VARCHAR', source_version: 'VARCHAR',
            complete: 'BOOLEAN', reasons: 'VARCHAR[]', row_counts: 'MAP(VARCHAR, BIGINT)'
        }
    )
),
-- The diffs of endpoints; a plan to undo an apply is in a folder of another name.
plans AS (
    SELECT endpoint, kind AS system, diff_id, finished AS diff_finished, gates, target_snapshot
    FROM read_json(
        '{home}/diffs/*/{current}/manifest.json',
        format = 'unstructured',
        filename = true,
        columns = {
            endpoint: 'VARCHAR', kind: 'VARCHAR', diff_id: 'VARCHAR', finished: 'TIMESTAMP',
            target_snapshot: 'VARCHAR', gates: 'VARCHAR[]'
        }
    )
    WHERE contains(filename, '/diffs/' || endpoint || '/')
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
        count(*) FILTER (is_open AND d.state IS DISTINCT FROM 'approved'
            AND d.state IS DISTINCT FROM 'rejected') AS waiting,
        count(*) FILTER (is_open AND c.action = 'delete' AND d.state IS DISTINCT FROM 'approved'
            AND d.state IS DISTINCT FROM 'rejected') AS deletes,
        count(*) FILTER (is_open AND d.state = 'approved') AS approved,
        count(*) FILTER (is_open AND d.state = 'rejected') AS rejected,
        count(*) FILTER (is_applied) AS applied,
        count(*) FILTER (c.action = 'conflict') AS conflicts,
        count(*) FILTER (c.action = 'blocked') AS blocked,
        count(*) FILTER (c.action = 'drifted') AS drifted
    FROM (
        SELECT
            x.endpoint, x.change_id, x.action, a.change_id IS NOT NULL AS is_applied,
            x.action IN ('create', 'update', 'delete') AND a.change_id IS NULL AS is_open
        FROM diff.changes AS x
        JOIN plans AS p ON p.endpoint = x.endpoint AND p.diff_id = x.diff_id
        LEFT JOIN applied AS a ON a.endpoint = x.endpoint AND a.change_id = x.change_id AND x.change_id <> ''
    ) AS c
    LEFT JOIN sync.decisions AS d ON d.endpoint = c.endpoint AND d.change_id = c.change_id
    GROUP BY c.endpoint
),
streaks AS (
    SELECT t.system, t.endpoint, count(*) AS failures, min(t.started) AS failing_since
    FROM tries AS t
    JOIN last_tries AS l ON l.system = t.system AND l.endpoint = t.endpoint
    LEFT JOIN plans AS p ON p.system = t.system AND p.endpoint = t.endpoint
    WHERE NOT t.ok AND NOT l.ok AND t.finished > CASE
        WHEN t.system = 'netbox' THEN coalesce(l.last_success, '-infinity')
        ELSE coalesce(l.last_compared, p.diff_finished, '-infinity')
    END
    GROUP BY t.system, t.endpoint
)
SELECT
    coalesce(l.endpoint, c.endpoint) AS endpoint,
    coalesce(l.system, c.system) AS system,
    c.endpoint IS NOT NULL OR NOT EXISTS (FROM configured) AS configured,
    coalesce(c.enabled, true) AS enabled,
    coalesce(c.every, 0) AS every,
    coalesce(NOT l.ok, false) AS failed,
    coalesce(NOT l.ok AND l.unreachable, false) AS unreachable,
    coalesce(CASE WHEN l.system = 'netbox' THEN l.last_success IS NOT NULL ELSE p.diff_id IS NOT NULL END, false)
        AS synced,
    r.since IS NOT NULL AS running,
    coalesce(
        c.every > 0 AND now() AT TIME ZONE 'UTC' - l.last_success > to_seconds(2 * c.every), false
    ) AS stale,
    r.since AS running_since, r.who AS running_by,
    l.last_attempt, l.last_success, l.last_finished,
    -- From the start of the read to the end of the comparison.
    CASE WHEN l.last_compared > l.last_success
        THEN round(epoch(l.last_compared - l.last_success), 1) END AS seconds,
    CASE WHEN NOT l.ok THEN l.error END AS error,
    coalesce(k.failures, 0) AS failures, k.failing_since,
    m.snapshot_id, m.source_version, m.complete, m.reasons,
    CAST(list_sum(map_values(m.row_counts)) AS BIGINT) AS rows,
    p.diff_id, p.diff_finished, p.gates,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.waiting, 0) END AS waiting,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.deletes, 0) END AS deletes,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.approved, 0) END AS approved,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.rejected, 0) END AS rejected,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.applied, 0) END AS applied,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.conflicts, 0) END AS conflicts,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.blocked, 0) END AS blocked,
    CASE WHEN p.diff_id IS NOT NULL THEN coalesce(f.drifted, 0) END AS drifted
FROM last_tries AS l
FULL JOIN configured AS c ON c.system = l.system AND c.endpoint = l.endpoint
LEFT JOIN manifests AS m ON m.system = l.system AND m.endpoint = l.endpoint AND m.snapshot_id = l.snapshot_id
LEFT JOIN plans AS p ON p.system = l.system AND p.endpoint = l.endpoint
LEFT JOIN found AS f ON f.endpoint = p.endpoint
LEFT JOIN streaks AS k ON k.system = l.system AND k.endpoint = l.endpoint
LEFT JOIN sync.running AS r
    ON r.system = coalesce(l.system, c.system) AND r.endpoint = coalesce(l.endpoint, c.endpoint);

CREATE OR REPLACE VIEW sync.status AS
SELECT
    endpoint, system,
    {state} AS state,
    * EXCLUDE (endpoint, system, configured, enabled, failed, unreachable, synced, running, stale)
FROM sync.facts
-- NetBox is a row from its first read on.
WHERE system <> 'netbox' OR last_attempt IS NOT NULL;
