-- NetBox's clusters of a site or location, with the place that their hosts must be in.
select c.id, c.name, coalesce(s.id, l.site_id) as site_id, l.id as location_id, coalesce(l.name, s.name) as place
from netbox.clusters c
left join netbox.sites s on c.scope_type = 'dcim.site' and s.id = c.scope_id
left join netbox.locations l on c.scope_type = 'dcim.location' and l.id = c.scope_id
where coalesce(s.id, l.id) is not null
