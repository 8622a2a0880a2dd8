-- The custom fields that keep Docker's identities on NetBox objects. Key: the field's name.
select 'docker_host' as key, 'Docker host' as label, 'text' as type,
       ['virtualization.virtualmachine'] as object_types,
       'Cluster of the Docker host, kept by netbox-sync' as description
union all
select 'docker_container', 'Docker container', 'text', ['virtualization.virtualmachine'],
       'Container name on the Docker host, kept by netbox-sync'
