-- The site of each cluster after this plan, as a reference. moves: the plan changes its scope. Where
-- sql/plan/evaluated.sql decides otherwise of the scope, sql/plan/needs_of_virtual_machines.sql keeps the machines
-- back.
-- Only with rows of match.live_clusters.
with new_scopes as (
    select d.key, f.after::json as scope
    from diff.clusters d
    cross join unnest(d.fields) as u(f)
    left join ledger.last_written w
        on w.object_type = 'virtualization/clusters' and w.netbox_id = d.netbox_id and w.field = 'scope'
    where d.action in ('create', 'update') and f.field = 'scope'
      and 'clusters.scope' not in (select field from config.disowned)
      and (f.before = 'null' or 'clusters.scope' in (select field from config.owned)
           or f.before::json ->> ['$.id', '$.type'] = w.value::json ->> ['$.id', '$.type'])
)
select c.key, c.netbox_id,
    case when n.key is null then existing(s.id, s.name)
         when n.scope ->> '$.id' is not null then existing(n.scope ->> '$.id', n.scope ->> '$.name')
         else created('sites', n.scope ->> '$.key', n.scope ->> '$.name') end as site,
    n.key is not null as moves
from match.live_clusters c
left join new_scopes n using (key)
left join netbox.clusters a on a.id = c.netbox_id
left join netbox.locations l on a.scope_type = 'dcim.location' and l.id = a.scope_id
left join netbox.sites s on s.id = coalesce(l.site_id, c.site_id)
