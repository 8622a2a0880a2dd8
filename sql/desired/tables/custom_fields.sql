-- The custom fields that keep the identities of the tables on NetBox objects. Key: the field's name.
select 'tables_endpoint' as key, 'Tables endpoint' as label, 'text' as type,
       ['virtualization.virtualmachine'] as object_types,
       'Endpoint whose tables have the virtual machine, kept by netbox-sync' as description
union all
select 'tables_id', 'Tables ID', 'text', ['virtualization.virtualmachine'],
       'Identity of the virtual machine in the tables, kept by netbox-sync'
union all
select 'tables_device', 'Tables device', 'json', ['dcim.device'],
       'Identity of the device by endpoint, kept by netbox-sync'
