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
union all
select f.key, f.label, f.type, ['virtualization.virtualmachine'], f.description
from (values
    ('proxmox_backups', 'Proxmox backups', 'integer', 'Number of backups in Proxmox, kept by netbox-sync'),
    ('proxmox_last_backup', 'Proxmox last backup', 'datetime',
        'When the newest backup in Proxmox was made, kept by netbox-sync'),
    ('proxmox_snapshots', 'Proxmox snapshots', 'integer', 'Number of snapshots in Proxmox, kept by netbox-sync'),
    ('proxmox_newest_snapshot', 'Proxmox newest snapshot', 'text',
        'Name of the newest snapshot in Proxmox, kept by netbox-sync'),
    ('proxmox_storages', 'Proxmox storages', 'text', 'Storages of the disks in Proxmox, kept by netbox-sync'),
    ('proxmox_replications', 'Proxmox replications', 'text',
        'Nodes that Proxmox replicates to, with the schedule, kept by netbox-sync')
) f(key, label, type, description)
where exists (from desired.virtual_machines where facts is not null)
union all
select 'proxmox_bridge', 'Proxmox bridge', 'text', ['virtualization.vminterface'],
       'Bridge or vnet of the interface in Proxmox, kept by netbox-sync'
from config.endpoint where guest_bridge = 'custom_field'
