-- Clusters: their hosts must be in their site; see sql/plan/field_needs.sql.
-- Only with rows of diff.written_fields WHERE resource = 'clusters' AND field = 'scope'.
select 'clusters' as resource, w.key, 'scope' as field, 'clusters' as needs_resource, null as needs_key,
    null as needs_field,
    because('cluster_devices_at_other_sites', {devices: (list(d.name order by d.name) filter (d.name is not null))[:10],
        more: nullif(greatest(count(*) - 10, 0), 0)}) as why
from diff.written w
join diff.cluster_places c on c.key = w.key
join netbox.devices d on d.cluster_id = c.netbox_id
    and d.site_id is distinct from try_cast(json_extract_string(w.after, '$.id') as bigint)
where w.resource = 'clusters' and w.field = 'scope' and json_extract_string(w.after, '$.type') = 'dcim.site'
group by w.key
