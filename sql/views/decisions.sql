-- Decisions of people and policies on the changes of the current diffs. {home} is the warehouse directory, {current}
-- the path to current versions. {stored} is view, or table where a connection asks only a few questions: reading
-- hundreds of small files costs more than all the rest, and each is read once for a table.

-- The diffs of endpoints; a plan to undo an apply is in a folder of another name.
create or replace {stored} sync.plans as
select
    endpoint, kind as system, diff_id, finished as diff_finished, gates, shows_only, earlier, netbox_url,
    coalesce(netbox_urls, [netbox_url]) as netbox_urls,
    epoch_ms(try_strptime(diff_id[1:18], '%Y%m%dT%H%M%S%g')) as diff_seq,
    epoch_ms(try_strptime(target_snapshot[1:18], '%Y%m%dT%H%M%S%g')) as target_seq
from (
    select filename, unnest(json_transform(json, '{
        "endpoint": "VARCHAR", "kind": "VARCHAR", "diff_id": "VARCHAR", "finished": "TIMESTAMPTZ",
        "target_snapshot": "VARCHAR", "gates": ["VARCHAR"], "shows_only": "VARCHAR",
        "earlier": "VARCHAR", "netbox_url": "VARCHAR", "netbox_urls": ["VARCHAR"]
    }'))
    from read_json_objects('{home}/diffs/*/{current}/manifest.json', format = 'unstructured', filename = true)
)
where contains(filename, '/diffs/' || endpoint || '/');

-- A rejection is valid until it is withdrawn, an approval until it expires or the change is applied. An approval that
-- is dated in the future counts as expired. A decision about another NetBox does not count.
create or replace {stored} sync.decisions as
with given as materialized (
    select a.*
    from ledger.approvals as a
    left join sync.plans as p on p.endpoint = a.endpoint
    where a.netbox is null or p.netbox_url is null or list_contains(p.netbox_urls, a.netbox)
),
since as (
    select a.*
    from given as a
    left join (
        -- Under the shorter id of an older version too.
        select endpoint, change_id, max(seq) as withdrawn
        from (
            select endpoint, unnest(list_distinct([change_id, left(change_id, 20)])) as change_id, seq
            from given where decision = 'withdraw'
        ) group by all
    ) as w on w.endpoint = a.endpoint and w.change_id = a.change_id
    left join (
        select endpoint, change_id, max(seq) as applied
        from ledger.verdicts where verdict = 'applied' group by all
    ) as v on v.endpoint = a.endpoint and v.change_id = a.change_id
    where a.decision <> 'withdraw' and (w.withdrawn is null or a.seq > w.withdrawn)
        and (a.decision = 'reject' or v.applied is null or a.seq > v.applied)
)
select
    endpoint, change_id, any_value(resource) as resource, any_value(action) as action, any_value(key) as key,
    case
        when bool_or(decision = 'reject') then 'rejected'
        when arg_max(expires, seq) > now()
            and arg_max(decided_at, seq) <= now() + interval 5 minute then 'approved'
        else 'expired'
    end as state,
    coalesce(arg_min(who, seq) filter (decision = 'reject'), arg_max(who, seq)) as who,
    coalesce(arg_min(decided_at, seq) filter (decision = 'reject'), arg_max(decided_at, seq)) as decided_at,
    case when not bool_or(decision = 'reject') then arg_max(expires, seq) end as expires,
    coalesce(min(seq) filter (decision = 'reject'), max(seq)) as seq
from since
group by endpoint, change_id;

-- The last verdict on each change, and when it was last applied, as a number of the warehouse's sequence.
create or replace view sync.last_verdicts as
select endpoint, change_id, arg_max(verdict, seq) as verdict, max(seq) filter (verdict = 'applied') as applied_seq
from ledger.verdicts
group by endpoint, change_id;

-- What was applied since NetBox was read for the current diff; older applies say nothing about its changes.
create or replace view sync.applied_since as
select v.endpoint, v.change_id
from sync.last_verdicts as v join sync.plans as p on p.endpoint = v.endpoint
where v.applied_seq >= p.target_seq;

-- The decisions on some fields of an update: each is on a separate change, a part of the whole update.
create or replace view sync.parts as
with given as (
    select endpoint, change_id, any_value(part_of) as part_of, any_value(fields) as fields
    from ledger.approvals where part_of is not null
    group by endpoint, change_id
)
select
    g.endpoint, g.part_of, g.change_id, g.fields,
    case
        when a.change_id is not null then 'applied'
        when d.state = 'expired' then 'approval expired'
        else d.state
    end as state,
    d.who, d.decided_at, d.expires
from given as g
left join sync.decisions as d on d.endpoint = g.endpoint and d.change_id = g.change_id
left join sync.applied_since as a on a.endpoint = g.endpoint and a.change_id = g.change_id
where a.change_id is not null or d.change_id is not null;
