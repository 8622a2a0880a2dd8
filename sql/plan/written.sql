-- The fields that would be written and may need others; see sql/plan/field_needs.sql. Rows of nothing but fields that
-- never do are left out. Of a new interface NetBox checks its VLANs against the device or machine, which may be there,
-- and its mark against its type.
select r.resource, r.key, r.netbox_id, r.action, f.field, f.after
from (
    -- A first sync has a million new interfaces: their fields are taken apart only where one is named here.
    from diff.rows
    where (action = 'update' and len(list_filter(list_transform(fields, lambda f: f.field),
          lambda name: not starts_with(name, 'cf.') and name not in ('description', 'comments', 'enabled', 'mtu',
              'speed', 'label', 'serial', 'asset_tag', 'tags', 'vcpus', 'memory'))) > 0)
       or (action = 'create' and resource in ('devices', 'virtual_machines', 'primary_ips', 'primary_macs'))
       or (action = 'create' and resource in ('interfaces', 'vm_interfaces')
           and list_has_any(list_transform(fields, lambda f: f.field),
               ['untagged_vlan', 'tagged_vlans', 'mark_connected']))
) r, unnest(r.fields) as u(f)
where f.decision = 'update'
  and (r.action = 'update' or r.resource not in ('interfaces', 'vm_interfaces')
       or f.field in ('untagged_vlan', 'tagged_vlans', 'mark_connected'))
