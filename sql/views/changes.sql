-- Rows of the current diffs ({rows}) with their decision, since when they are there, and their object in NetBox.
-- decision: waiting, approved, approval expired, rejected, applied; NULL for rows that are not changes. verdict: of the
-- last apply that took the change up, also before this diff. Fields: see fields.sql.
select
    r.* replace (try_cast(r.last_updated as timestamptz) as last_updated, {fields} as fields),
    case
        when r.action not in ('create', 'update', 'delete') then null
        -- If the object was reset since, the same change is proposed again: older applies do not count.
        when v.applied_seq >= p.target_seq then 'applied'
        when d.state = 'rejected' or o.state is not null then 'rejected'
        when d.state is null then 'waiting'
        when d.state <> 'approved' then 'approval expired'
        -- A later diff that is dated before the approval, or after its end, shows that a clock was wrong.
        when p.diff_seq > d.seq and (
            p.diff_finished < d.decided_at - interval 5 minute or p.diff_finished >= d.expires
        ) then 'approval expired'
        else 'approved'
    end as decision,
    coalesce(d.who, o.who) as decided_by, coalesce(d.decided_at, o.decided_at) as decided_at, d.expires as expires,
    v.verdict as verdict,
    -- A diff of an older version does not say which diff had the row first.
    try_strptime(coalesce(r.first_diff, r.diff_id)[1:18], '%Y%m%dT%H%M%S%g') at time zone 'UTC' as first_seen,
    -- Plugins have no common place for the pages of their objects.
    case when r.netbox_id is not null and not starts_with(r.object_type, 'plugins/')
        then p.netbox_url || '/' || r.object_type || '/' || r.netbox_id || '/' end as link
from {rows} as r
left join sync.plans as p on p.endpoint = r.endpoint and p.diff_id = r.diff_id
left join sync.last_verdicts as v on v.endpoint = r.endpoint and v.change_id = r.change_id and r.change_id <> ''
left join sync.decisions as d on d.endpoint = r.endpoint and d.change_id = r.change_id
-- A rejection under the shorter id of an older version.
left join sync.decisions as o
    on o.endpoint = r.endpoint and o.change_id = left(r.change_id, 20) and o.state = 'rejected'
