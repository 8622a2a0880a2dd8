-- How the syncs stand. {home} is the warehouse directory, {current} the way to what is current. Times are UTC and the word
-- of a clock; what came before what is seq, the number in the warehouse's sequence.

CREATE OR REPLACE VIEW sync.attempts AS
SELECT
    split_part(filename, '/', -3) AS system, split_part(filename, '/', -2) AS endpoint,
    started, finished, ok, error, unreachable, snapshot_id, complete, seconds,
    coalesce(seq, epoch_ms(finished)) AS seq
FROM read_json(
    '{home}/snapshots/*/*/attempts.jsonl',
    format = 'newline_delimited',
    ignore_errors = true,
    filename = true,
    columns = {
        started: 'TIMESTAMP', finished: 'TIMESTAMP', ok: 'BOOLEAN', error: 'VARCHAR', unreachable: 'BOOLEAN',
        snapshot_id: 'VARCHAR', complete: 'BOOLEAN', seconds: 'DOUBLE', seq: 'BIGINT'
    }
)
WHERE ok IS NOT NULL;

CREATE OR REPLACE VIEW sync.comparisons AS
SELECT
    split_part(filename, '/', -2) AS endpoint, system, started, finished, ok, error, diff_id, seconds,
    coalesce(seq, epoch_ms(finished)) AS seq
FROM read_json(
    '{home}/diffs/*/attempts.jsonl',
    format = 'newline_delimited',
    ignore_errors = true,
    filename = true,
    columns = {
        system: 'VARCHAR', started: 'TIMESTAMP', finished: 'TIMESTAMP', ok: 'BOOLEAN', error: 'VARCHAR',
        diff_id: 'VARCHAR', seconds: 'DOUBLE', seq: 'BIGINT'
    }
)
WHERE ok IS NOT NULL;

-- Who is working on what. A process that was killed is silent; after a minute of that it counts as gone, and so it does where
-- it is dated later than now. What is said here may, on an object store, be said by all machines too.
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
WHERE system NOT IN ('run', 'notify') AND heartbeat BETWEEN
    now() AT TIME ZONE 'UTC' - INTERVAL 1 MINUTE AND now() AT TIME ZONE 'UTC' + INTERVAL 1 MINUTE
QUALIFY row_number() OVER (PARTITION BY system, endpoint ORDER BY heartbeat DESC) = 1;

-- A rejection stands until it is withdrawn; an approval until it expires or the change is applied under it. Expiry goes by
-- the clock: an approval that is dated later than now counts as expired.
CREATE OR REPLACE VIEW sync.decisions AS
WITH since AS (
    SELECT a.*
    FROM ledger.approvals AS a
    LEFT JOIN (
        -- Under the shorter id of an older version too.
        SELECT endpoint, change_id, max(seq) AS withdrawn
        FROM (
            SELECT endpoint, unnest(list_distinct([change_id, left(change_id, 20)])) AS change_id, seq
            FROM ledger.approvals WHERE decision = 'withdraw'
        ) GROUP BY ALL
    ) AS w ON w.endpoint = a.endpoint AND w.change_id = a.change_id
    LEFT JOIN (
        SELECT endpoint, change_id, max(seq) AS applied
        FROM ledger.verdicts WHERE verdict = 'applied' GROUP BY ALL
    ) AS v ON v.endpoint = a.endpoint AND v.change_id = a.change_id
    WHERE a.decision <> 'withdraw' AND (w.withdrawn IS NULL OR a.seq > w.withdrawn)
        AND (a.decision = 'reject' OR v.applied IS NULL OR a.seq > v.applied)
)
SELECT
    endpoint, change_id, any_value(resource) AS resource, any_value(action) AS action, any_value(key) AS key,
    CASE
        WHEN bool_or(decision = 'reject') THEN 'rejected'
        WHEN arg_max(expires, seq) > now() AT TIME ZONE 'UTC'
            AND arg_max("at", seq) <= now() AT TIME ZONE 'UTC' + INTERVAL 5 MINUTE THEN 'approved'
        ELSE 'expired'
    END AS state,
    coalesce(arg_min(who, seq) FILTER (decision = 'reject'), arg_max(who, seq)) AS who,
    coalesce(arg_min("at", seq) FILTER (decision = 'reject'), arg_max("at", seq)) AS "at",
    CASE WHEN NOT bool_or(decision = 'reject') THEN arg_max(expires, seq) END AS expires,
    coalesce(min(seq) FILTER (decision = 'reject'), max(seq)) AS seq
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
    SELECT system, endpoint, 'read' AS what, started, finished, ok, error, unreachable, snapshot_id, seconds, seq
    FROM sync.attempts
    UNION ALL BY NAME
    SELECT system, endpoint, 'compare' AS what, started, finished, ok, error, seconds, seq FROM sync.comparisons
),
last_tries AS (
    SELECT
        system, endpoint,
        arg_max(started, seq) FILTER (what = 'read') AS last_attempt,
        arg_max(started, seq) FILTER (what = 'read' AND ok) AS last_success,
        max(seq) FILTER (what = 'read' AND ok) AS read_seq,
        arg_max(seconds, seq) FILTER (what = 'read' AND ok) AS read_seconds,
        arg_max(finished, seq) FILTER (what = 'compare' AND ok) AS last_compared,
        max(seq) FILTER (what = 'compare' AND ok) AS compared_seq,
        arg_max(seconds, seq) FILTER (what = 'compare' AND ok) AS compare_seconds,
        arg_max(ok, (seq, finished, started)) AS ok,
        arg_max(error, (seq, finished, started)) AS error,
        arg_max(coalesce(unreachable, false), (seq, finished, started)) AS unreachable,
        arg_max(snapshot_id, seq) FILTER (what = 'read' AND ok) AS snapshot_id,
        arg_max(finished, (seq, finished)) AS last_finished
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
    SELECT
        endpoint, kind AS system, diff_id, finished AS diff_finished, gates,
        epoch_ms(strptime(diff_id[1:18], '%Y%m%dT%H%M%S%g')) AS diff_seq,
        epoch_ms(strptime(target_snapshot[1:18], '%Y%m%dT%H%M%S%g')) AS target_seq
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
    WHERE v.verdict = 'applied' AND v.seq >= p.target_seq
),
found AS (
    SELECT
        c.endpoint,
        count(*) FILTER (is_open AND c.state = 'none') AS waiting,
        count(*) FILTER (is_open AND c.action = 'delete' AND c.state = 'none') AS deletes,
        count(*) FILTER (is_open AND c.state = 'approved') AS approved,
        count(*) FILTER (is_open AND c.state = 'rejected') AS rejected,
        count(*) FILTER (is_applied) AS applied,
        count(*) FILTER (c.action = 'conflict') AS conflicts,
        count(*) FILTER (c.action = 'blocked') AS blocked,
        count(*) FILTER (c.action = 'drifted') AS drifted
    FROM (
        SELECT
            x.endpoint, x.change_id, x.action, a.change_id IS NOT NULL AS is_applied,
            x.action IN ('create', 'update', 'delete') AND a.change_id IS NULL AS is_open,
            CASE
                WHEN d.state = 'rejected' OR o.state IS NOT NULL THEN 'rejected'
                WHEN d.state IS DISTINCT FROM 'approved' THEN 'none'
                -- A later diff that is dated before the approval, or after its end, shows that a clock was wrong.
                WHEN p.diff_seq > d.seq AND (
                    p.diff_finished < d."at" - INTERVAL 5 MINUTE OR p.diff_finished >= d.expires
                ) THEN 'none'
                ELSE 'approved'
            END AS state
        FROM diff.changes AS x
        JOIN plans AS p ON p.endpoint = x.endpoint AND p.diff_id = x.diff_id
        LEFT JOIN applied AS a ON a.endpoint = x.endpoint AND a.change_id = x.change_id AND x.change_id <> ''
        LEFT JOIN sync.decisions AS d ON d.endpoint = x.endpoint AND d.change_id = x.change_id
        -- A rejection under the shorter id of an older version.
        LEFT JOIN sync.decisions AS o
            ON o.endpoint = x.endpoint AND o.change_id = left(x.change_id, 20) AND o.state = 'rejected'
    ) AS c
    GROUP BY c.endpoint
),
streaks AS (
    SELECT t.system, t.endpoint, count(*) AS failures, arg_min(t.started, t.seq) AS failing_since
    FROM tries AS t
    JOIN last_tries AS l ON l.system = t.system AND l.endpoint = t.endpoint
    LEFT JOIN plans AS p ON p.system = t.system AND p.endpoint = t.endpoint
    WHERE NOT t.ok AND NOT l.ok AND t.seq > CASE
        WHEN t.system = 'netbox' THEN coalesce(l.read_seq, -1)
        ELSE coalesce(l.compared_seq, p.diff_seq, -1)
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
    -- Dated later than now: how old it is nobody knows.
    coalesce(
        l.last_success > now() AT TIME ZONE 'UTC' + INTERVAL 5 MINUTE
        OR c.every > 0 AND now() AT TIME ZONE 'UTC' - l.last_success > to_seconds(2 * c.every), false
    ) AS stale,
    r.since AS running_since, r.who AS running_by,
    l.last_attempt, l.last_success, l.last_finished,
    -- From the start of the read to the end of the comparison.
    CASE WHEN l.compared_seq > l.read_seq THEN round(
        coalesce(l.read_seconds + l.compare_seconds, epoch(l.last_compared - l.last_success)), 1
    ) END AS seconds,
    CASE
        WHEN NOT l.ok THEN l.error
        WHEN l.last_success > now() AT TIME ZONE 'UTC' + INTERVAL 5 MINUTE
            THEN 'the last read is dated later than now: a clock is or was wrong; check it and sync again'
    END AS error,
    coalesce(k.failures, 0) AS failures, k.failing_since,
    m.snapshot_id, m.source_version, m.complete, m.reasons,
    -- row_counts counts what is in the other tables.
    CAST(list_sum(map_values(m.row_counts)) - coalesce(m.row_counts['row_counts'], 0) AS BIGINT) AS rows,
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
