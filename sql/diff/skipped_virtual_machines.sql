-- Virtual machines of NetBox whose guests the comparison leaves out: they stay. Key: NetBox's name and the source's id.
-- Only with rows of desired.skipped_guests.
with settings as (from config.endpoint)
select 'virtual_machines' as resource, v.name || ' (' || s.source_id || ')' as key, v.name as parent,
    'virtualization/virtual-machines' as object_type, v.id as netbox_id, null::varchar as target, v.last_updated,
    'drifted' as action, drifted('left_out_and_kept', {because: s.reason}) as reason, [] as fields
from desired.skipped_guests s
cross join settings
join netbox.virtual_machines v on held_guest(v.cf, settings.id_field) = s.source_id
    and lower(held_cluster(v.cf, settings.cluster_field)) = lower(settings.id_scope)
