-- Clusters: site and location of their scope, as they will be.
select m.key, m.netbox_id,
    case when c.scope_type = 'dcim.site' then c.scope_id
         when c.scope_type = 'dcim.location' then l.site_id
         when c.scope_type is null then r.netbox_id end as site_id,
    if(c.scope_type = 'dcim.location', c.scope_id, null) as location_id, coalesce(c.name, m.name, m.key) as name
from match.clusters m
left join netbox.clusters c on c.id = m.netbox_id
left join netbox.locations l on c.scope_type = 'dcim.location' and l.id = c.scope_id
left join match.references r on r.owner_resource = 'clusters' and r.owner_key = m.key and r.field = 'site'
