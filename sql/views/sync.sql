-- The status of syncs. {home} is the warehouse directory, {current} the path to current versions. Times depend on a
-- clock; order by seq, the number in the warehouse's sequence. json_transform reads many small files in a third of the
-- time that read_json with columns needs.

create or replace {stored} sync.attempts as
select
    split_part(filename, '/', -3) as system, split_part(filename, '/', -2) as endpoint,
    started, finished, ok, error, unreachable, snapshot_id, complete, seconds,
    coalesce(seq, epoch_ms(finished)) as seq, who, part
from (
    select filename, unnest(json_transform(json, '{
        "started": "TIMESTAMPTZ", "finished": "TIMESTAMPTZ", "ok": "BOOLEAN", "error": "VARCHAR",
        "unreachable": "BOOLEAN", "snapshot_id": "VARCHAR", "complete": "BOOLEAN", "seconds": "DOUBLE",
        "seq": "BIGINT", "who": "VARCHAR", "part": "VARCHAR"
    }'))
    from read_json_objects(
        '{home}/snapshots/*/*/attempts.jsonl',
        format = 'newline_delimited', ignore_errors = true, filename = true
    )
)
where ok is not null;

create or replace {stored} sync.comparisons as
select
    split_part(filename, '/', -2) as endpoint, system, started, finished, ok, error, diff_id, seconds,
    coalesce(seq, epoch_ms(finished)) as seq, who, part
from (
    select filename, unnest(json_transform(json, '{
        "system": "VARCHAR", "started": "TIMESTAMPTZ", "finished": "TIMESTAMPTZ", "ok": "BOOLEAN", "error": "VARCHAR",
        "diff_id": "VARCHAR", "seconds": "DOUBLE", "seq": "BIGINT", "who": "VARCHAR", "part": "VARCHAR"
    }'))
    from read_json_objects(
        '{home}/diffs/*/attempts.jsonl',
        format = 'newline_delimited', ignore_errors = true, filename = true
    )
)
where ok is not null;

-- Who is working on what. A process without a heartbeat for a minute counts as dead, and so does one dated later than
-- now. On an object store this includes all machines.
create or replace view sync.running as
-- Not a window: DuckDB 1.5 fails on one over rows filtered by now().
select system, endpoint, unnest(max_by({who: who, host: host, pid: pid, since: since, heartbeat: heartbeat}, heartbeat))
from read_json(
    '{home}/running/*/*.json',
    format = 'newline_delimited',
    ignore_errors = true,
    columns = {
        system: 'VARCHAR', endpoint: 'VARCHAR', who: 'VARCHAR', host: 'VARCHAR', pid: 'BIGINT',
        since: 'TIMESTAMPTZ', heartbeat: 'TIMESTAMPTZ'
    }
)
where system not in ('run', 'notify') and heartbeat between
    now() - interval 1 minute and now() + interval 1 minute
group by system, endpoint;

-- What is known of every endpoint and of NetBox. every: configured seconds between syncs, 0 without an interval.
-- Without a recorded configuration, endpoints that were read count as configured.
create or replace view sync.facts as
with configured as (
    select endpoint, kind as system, enabled, every
    from read_json(
        '{home}/endpoints.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {endpoint: 'VARCHAR', kind: 'VARCHAR', enabled: 'BOOLEAN', every: 'BIGINT'}
    )
    where endpoint is not null
),
all_tries as (
    select system, endpoint, 'read' as what, started, finished, ok, error, unreachable, snapshot_id, seconds, seq, part
    from sync.attempts
    union all by name
    select system, endpoint, 'compare' as what, started, finished, ok, error, seconds, seq, part from sync.comparisons
),
-- One device that can be read does not prove that the server as a whole can: a failure stays until the next whole sync.
tries as (
    select *
    from all_tries
    qualify part is null or not ok or coalesce(
        last_value(case when part is null then ok end ignore nulls) over (
            partition by system, endpoint order by seq, finished, started
            rows between unbounded preceding and current row
        ), true
    )
),
last_reads as (
    select system, endpoint, arg_max(snapshot_id, seq) as snapshot_id
    from all_tries
    where what = 'read' and ok
    group by system, endpoint
),
last_tries as (
    select
        system, endpoint,
        arg_max(started, seq) filter (what = 'read') as last_attempt,
        -- The rest of a snapshot of one device is as old as the last whole one.
        coalesce(
            arg_max(started, seq) filter (what = 'read' and ok and part is null),
            arg_max(started, seq) filter (what = 'read' and ok)
        ) as last_success,
        max(seq) filter (what = 'read' and ok) as read_seq,
        max(seq) filter (what = 'read' and ok and part is null) as whole_seq,
        arg_max(seconds, seq) filter (what = 'read' and ok and part is null) as read_seconds,
        arg_max(finished, seq) filter (what = 'compare' and ok and part is null) as last_compared,
        max(seq) filter (what = 'compare' and ok) as compared_seq,
        max(seq) filter (what = 'compare' and ok and part is null) as whole_compared_seq,
        arg_max(seconds, seq) filter (what = 'compare' and ok and part is null) as compare_seconds,
        arg_max(ok, (seq, finished, started)) as ok,
        arg_max(error, (seq, finished, started)) as error,
        arg_max(coalesce(unreachable, false), (seq, finished, started)) as unreachable,
        arg_max(finished, (seq, finished)) as last_finished
    from tries
    group by system, endpoint
),
manifests as (
    select system, endpoint, snapshot_id, source_version, complete, reasons, row_counts
    from (
        select unnest(json_transform(json, '{
            "system": "VARCHAR", "endpoint": "VARCHAR", "snapshot_id": "VARCHAR", "source_version": "VARCHAR",
            "complete": "BOOLEAN", "reasons": ["VARCHAR"], "row_counts": "MAP(VARCHAR, BIGINT)"
        }'))
        from read_json_objects('{home}/snapshots/*/*/{current}/manifest.json', format = 'unstructured')
    )
),
plans as (from sync.plans),
found as (
    select
        c.endpoint,
        count(*) filter (c.state in ('waiting', 'approval expired')) as waiting,
        count(*) filter (c.action = 'delete' and c.state in ('waiting', 'approval expired')) as deletes,
        count(*) filter (c.state = 'approved') as approved,
        count(*) filter (c.state = 'rejected') as rejected,
        count(*) filter (c.state = 'applied') as applied,
        count(*) filter (c.action = 'conflict') as conflicts,
        count(*) filter (c.action = 'blocked') as blocked,
        count(*) filter (c.action = 'drifted') as drifted,
        count(*) filter (c.action in ('conflict', 'blocked', 'drifted')) as questions,
        count(*) filter (c.action = 'acknowledged') as acknowledged
    from sync.change_states as c
    group by c.endpoint
),
streaks as (
    select t.system, t.endpoint, count(*) as failures, arg_min(t.started, t.seq) as failing_since
    from tries as t
    join last_tries as l on l.system = t.system and l.endpoint = t.endpoint
    left join plans as p on p.system = t.system and p.endpoint = t.endpoint
    where not t.ok and not l.ok and t.seq > case
        when t.system = 'netbox' then coalesce(l.read_seq, -1)
        else coalesce(l.compared_seq, p.diff_seq, -1)
    end
    group by t.system, t.endpoint
)
select
    coalesce(l.endpoint, c.endpoint) as endpoint,
    coalesce(l.system, c.system) as system,
    c.endpoint is not null or not exists (from configured) as configured,
    coalesce(c.enabled, true) as enabled,
    coalesce(c.every, 0) as every,
    coalesce(not l.ok, false) as failed,
    coalesce(not l.ok and l.unreachable, false) as unreachable,
    coalesce(case when l.system = 'netbox' then l.last_success is not null else p.diff_id is not null end, false)
        as synced,
    r.since is not null as running,
    -- Dated later than now: its age is unknown.
    coalesce(
        l.last_success > now() + interval 5 minute
        or c.every > 0 and now() - l.last_success > to_seconds(2 * c.every), false
    ) as stale,
    r.since as running_since, r.who as running_by,
    l.last_attempt, l.last_success, l.last_finished,
    -- From the start of the read to the end of the comparison.
    case when l.whole_compared_seq > l.whole_seq then round(
        coalesce(l.read_seconds + l.compare_seconds, epoch(l.last_compared - l.last_success)), 1
    ) end as seconds,
    case
        when not l.ok then l.error
        when l.last_success > now() + interval 5 minute
            then 'the last read is dated later than now: a clock is or was wrong; check it and sync again'
    end as error,
    coalesce(k.failures, 0) as failures, k.failing_since,
    m.snapshot_id, m.source_version, m.complete, m.reasons,
    -- row_counts counts what is in the other tables.
    cast(list_sum(map_values(m.row_counts)) - coalesce(m.row_counts['row_counts'], 0) as bigint) as rows,
    p.diff_id, p.diff_finished, p.gates, p.shows_only,
    case when p.diff_id is not null then coalesce(f.waiting, 0) end as waiting,
    case when p.diff_id is not null then coalesce(f.deletes, 0) end as deletes,
    case when p.diff_id is not null then coalesce(f.approved, 0) end as approved,
    case when p.diff_id is not null then coalesce(f.rejected, 0) end as rejected,
    case when p.diff_id is not null then coalesce(f.applied, 0) end as applied,
    case when p.diff_id is not null then coalesce(f.conflicts, 0) end as conflicts,
    case when p.diff_id is not null then coalesce(f.blocked, 0) end as blocked,
    case when p.diff_id is not null then coalesce(f.drifted, 0) end as drifted,
    case when p.diff_id is not null then coalesce(f.questions, 0) end as questions,
    case when p.diff_id is not null then coalesce(f.acknowledged, 0) end as acknowledged
from last_tries as l
full join configured as c on c.system = l.system and c.endpoint = l.endpoint
left join last_reads as s on s.system = l.system and s.endpoint = l.endpoint
left join manifests as m on m.system = l.system and m.endpoint = l.endpoint and m.snapshot_id = s.snapshot_id
left join plans as p on p.system = l.system and p.endpoint = l.endpoint
left join found as f on f.endpoint = p.endpoint
left join streaks as k on k.system = l.system and k.endpoint = l.endpoint
left join sync.running as r
    on r.system = coalesce(l.system, c.system) and r.endpoint = coalesce(l.endpoint, c.endpoint);

create or replace view sync.status as
select
    endpoint, system,
    {state} as state,
    * exclude (endpoint, system, configured, enabled, failed, unreachable, synced, running, stale)
from sync.facts
-- NetBox is a row from its first read on.
where system <> 'netbox' or last_attempt is not null;
