-- Objects that may have contacts: those that are in NetBox or that this diff creates. Key: resource + key.
-- Only with rows of desired.rule_fields WHERE starts_with(field, 'contacts:'); netbox.contact_assignments.
select 'clusters' as resource, key, netbox_id, coalesce(name, key) as name, null::varchar as source_id
from match.live_clusters
union all
select 'devices', m.key, m.netbox_id, coalesce(m.name, m.key), m.source_id
from match.live_devices m
union all
select 'virtual_machines', m.key, m.netbox_id, coalesce(m.name, m.key), w.source_id
from match.live_virtual_machines m join desired.virtual_machines w using (key)
