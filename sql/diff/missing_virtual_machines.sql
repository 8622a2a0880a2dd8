-- Virtual machines that the source no longer lists (sql/match/removals.sql). Key: NetBox's name and the source's id.
-- Only with rows of match.removals
--   WHERE object_type = 'virtualization/virtual-machines' AND action IN ('update', 'delete').
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       case r.action
           when 'update' then [field('status', to_json(v.status)::varchar, to_json(r.way)::varchar)]
           when 'delete' then non_empty(list_concat([
               removed_value('name', v.name),
               removed_field('cluster', (select existing(c.id, c.name) from netbox.clusters c
                   where c.id = v.cluster_id)),
               removed_field('device', (select existing(d.id, d.name) from netbox.devices d where d.id = v.device_id)),
               removed_field('site', (select existing(s.id, s.name) from netbox.sites s where s.id = v.site_id)),
               removed_value('status', v.status),
               removed_field('role', (select existing(r.id, r.name) from netbox.device_roles r where r.id = v.role_id)),
               removed_field('platform', (select existing(p.id, p.name) from netbox.platforms p
                   where p.id = v.platform_id)),
               removed_tenant(v.tenant_id),
               removed_value('vcpus', v.vcpus), removed_value('memory', v.memory),
               removed_text('start_on_boot', v.start_on_boot), removed_text('serial', v.serial),
               removed_text('description', v.description), removed_text('comments', v.comments),
               removed_primary_ip('primary_ip4', v.primary_ip4_id), removed_primary_ip('primary_ip6', v.primary_ip6_id),
               removed_tags(v.tags)],
               removed_custom_fields(v.cf))) end as fields
from match.removals r
join netbox.virtual_machines v on v.id = r.id
where r.object_type = 'virtualization/virtual-machines' and r.action in ('update', 'delete')
