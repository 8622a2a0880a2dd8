-- Interfaces whose untagged VLAN is at another site than their device or machine, as after it was moved to another
-- site: NetBox refuses every edit that leaves the VLAN unchanged; see sql/plan/field_needs.sql.
with kept as (
    select 'dcim/interfaces' as object_type, a.id, v.vid || ' ' || v.name as vlan, s.name as site
    from netbox.vlans v
    join netbox.sites s on s.id = v.site_id
    join netbox.interfaces a on a.untagged_vlan_id = v.id
    join netbox.devices d on d.id = a.device_id
    where d.site_id is distinct from v.site_id
    union all
    select 'virtualization/interfaces', a.id, v.vid || ' ' || v.name, s.name
    from netbox.vlans v
    join netbox.sites s on s.id = v.site_id
    join netbox.vm_interfaces a on a.untagged_vlan_id = v.id
    join netbox.virtual_machines m on m.id = a.virtual_machine_id
    where m.site_id is distinct from v.site_id
),
edited as (
    select r.resource, r.key, r.object_type, r.netbox_id, f.field
    from diff.rows r, unnest(r.fields) as u(f)
    where r.action = 'update' and f.decision = 'update'
      and (r.object_type, r.netbox_id) in (select (object_type, id) from kept)
)
select e.resource, e.key, e.field, coalesce(o.resource, e.resource) as needs_resource,
    coalesce(o.key, e.key) as needs_key, 'untagged_vlan' as needs_field,
    because('untagged_vlan_at_another_site', {vlan: k.vlan, site: k.site}) as why
from edited e
join kept k on k.object_type = e.object_type and k.id = e.netbox_id
left join edited o on o.object_type = e.object_type and o.netbox_id = e.netbox_id and o.field = 'untagged_vlan'
where e.field <> 'untagged_vlan'
