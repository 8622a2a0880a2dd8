-- The custom fields that keep Proxmox's identities on NetBox objects. Key: the field's name.
select 'proxmox_cluster' as key, 'Proxmox cluster' as label, 'text' as type,
       ['virtualization.virtualmachine'] as object_types,
       'Name of the Proxmox cluster, kept by netbox-sync' as description
union all
select 'proxmox_vmid', 'Proxmox VMID', 'integer', ['virtualization.virtualmachine'],
       'VMID within the Proxmox cluster, kept by netbox-sync'
union all
select 'proxmox_node', 'Proxmox node', 'json', ['dcim.device'],
       'Node name by Proxmox cluster, kept by netbox-sync'
