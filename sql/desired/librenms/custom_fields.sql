-- The custom field that keeps LibreNMS's ids on NetBox objects: {"<endpoint>": id}. Key: the field's name.
select 'librenms_id' as key, 'LibreNMS ID' as label, 'json' as type,
       ['dcim.device', 'dcim.interface'] as object_types,
       'LibreNMS device_id or port_id by endpoint, kept by netbox-sync' as description
