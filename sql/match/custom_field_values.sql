-- A view of what NetBox's objects hold in custom fields, where NetBox has a field that limits or demands it. Nothing of
-- it is held twice.
-- Key: object_type + id.
-- Only with rows of netbox.custom_fields WHERE coalesce(validation_minimum, validation_maximum) IS NOT NULL
--   OR validation_regex <> '' OR is_unique OR required; netbox.choices WHERE model = 'extras.customfield'.
select 'sites' as resource, 'dcim/sites' as object_type, id, cf from netbox.sites
union all select 'devices', 'dcim/devices', id, cf from netbox.devices
union all select 'clusters', 'virtualization/clusters', id, cf from netbox.clusters
union all select 'virtual_machines', 'virtualization/virtual-machines', id, cf from netbox.virtual_machines
union all select 'interfaces', 'dcim/interfaces', id, cf from netbox.interfaces
union all select 'vm_interfaces', 'virtualization/interfaces', id, cf from netbox.vm_interfaces
union all select 'vlans', 'ipam/vlans', id, cf from netbox.vlans
union all select 'ip_addresses', 'ipam/ip-addresses', id, cf from netbox.ip_addresses
