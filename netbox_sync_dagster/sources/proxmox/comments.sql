-- proxmox: the current snapshot of every Proxmox VE endpoint.
comment on view proxmox.cluster is 'The cluster, or the standalone node, behind each endpoint';
comment on view proxmox.nodes is 'Nodes';
comment on column proxmox.nodes.maxmem is 'bytes';
comment on column proxmox.nodes.maxdisk is 'bytes';
comment on column proxmox.nodes.uptime is 'seconds';
comment on view proxmox.node_interfaces is 'Network interfaces of nodes: NICs, bonds, bridges, VLANs';
comment on view proxmox.guests is 'Virtual machines (qemu) and containers (lxc), templates included';
comment on column proxmox.guests.maxmem is 'bytes';
comment on column proxmox.guests.maxdisk is 'bytes';
comment on column proxmox.guests.uptime is 'seconds';
comment on column proxmox.guests.config_read is
    'false: the configuration could not be read, what it would say is unknown';
comment on view proxmox.guest_config is 'Every line of every guest''s configuration; secrets are never stored';
comment on view proxmox.guest_interfaces is 'Network cards of guests (netN)';
comment on column proxmox.guest_interfaces.tag is 'VID';
comment on column proxmox.guest_interfaces.rate is 'MB/s';
comment on view proxmox.guest_agent_interfaces is
    'Interface names that guests report, joined to their network cards by MAC';
comment on view proxmox.guest_addresses is
    'Addresses of guests: from the guest agent, the container, or the configuration';
comment on view proxmox.disks is 'Disks of guests, and entries of the configuration that are not disks, and why';
comment on column proxmox.disks.size_mib is 'MiB; NULL: unknown';
comment on view proxmox.storages is 'Storages, per node';
comment on column proxmox.storages.total is 'bytes';
comment on column proxmox.storages.used is 'bytes';
comment on column proxmox.storages.avail is 'bytes';
comment on view proxmox.backups is 'Backups on storages';
comment on column proxmox.backups.size is 'bytes';
comment on view proxmox.snapshots is 'Snapshots of guests';
comment on view proxmox.tasks is 'Tasks of the cluster';
comment on view proxmox.replications is 'Replication jobs';
comment on view proxmox.backup_jobs is 'Scheduled backup jobs';
comment on view proxmox.sdn_zones is 'SDN zones';
comment on view proxmox.sdn_vnets is 'SDN virtual networks';
comment on column proxmox.sdn_vnets.tag is 'VID';
comment on view proxmox.pools is 'Resource pools';
comment on view proxmox.tag_styles is 'Colours of tags';
comment on view proxmox.scopes is
    'Parts of the snapshot that could not be read completely: no evidence that something is gone';
comment on view proxmox.rejected is 'Rows from the server that could not be taken, with the reason';
comment on view proxmox.row_counts is
    'How many rows each owner has, and had in the last good snapshot: what a fall is measured by';
