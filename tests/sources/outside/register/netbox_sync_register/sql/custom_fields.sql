-- The custom fields that keep the register's identities on NetBox objects. Key: the field's name.
select 'register_owner' as key, 'Register owner' as label, 'text' as type,
    ['virtualization.virtualmachine'] as object_types,
    'Owner in the machine register, kept by netbox-sync' as description
union all
select 'register_machine', 'Register machine', 'text', ['virtualization.virtualmachine'],
    'Machine in the register, kept by netbox-sync'
