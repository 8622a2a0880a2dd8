-- Clusters: site and location of their scope. new_site_id, new_location_id: those after this plan. moves: the plan
-- changes the scope of a cluster that NetBox has.
-- Only with rows of match.clusters.
select *, if(moves, scope_site_id, site_id) as new_site_id, if(moves, null, location_id) as new_location_id
from (select m.key, m.netbox_id,
    case when c.scope_type = 'dcim.site' then c.scope_id
         when c.scope_type = 'dcim.location' then l.site_id
         when m.netbox_id is null or s.key is not null then r.netbox_id end as site_id,
    if(c.scope_type = 'dcim.location', c.scope_id, null) as location_id, coalesce(c.name, m.name, m.key) as name,
    s.key is not null as moves, try_cast(s.after::json ->> '$.id' as bigint) as scope_site_id
from match.clusters m
left join netbox.clusters c on c.id = m.netbox_id
left join netbox.locations l on c.scope_type = 'dcim.location' and l.id = c.scope_id
left join match.references r on r.owner_resource = 'clusters' and r.owner_key = m.key and r.field = 'site'
left join diff.written s on s.resource = 'clusters' and s.key = m.key and s.field = 'scope')
