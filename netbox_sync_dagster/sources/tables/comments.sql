-- tables: the current snapshot of every endpoint of the kind tables. The columns are those of docs/tables.md.
comment on view tables.files is 'Which tables the endpoint has a SQL file for';
comment on view tables.devices is 'Rows of devices.sql';
comment on view tables.interfaces is 'Rows of interfaces.sql';
comment on column tables.interfaces.device is 'id of the device';
comment on column tables.interfaces.speed is 'kbit/s';
comment on view tables.clusters is 'Rows of clusters.sql';
comment on view tables.virtual_machines is 'Rows of virtual_machines.sql';
comment on column tables.virtual_machines.memory is 'MB';
comment on view tables.vm_interfaces is 'Rows of vm_interfaces.sql';
comment on column tables.vm_interfaces.virtual_machine is 'id of the virtual machine';
comment on view tables.virtual_disks is 'Rows of virtual_disks.sql';
comment on column tables.virtual_disks.size is 'MB';
comment on view tables.ip_addresses is 'Rows of ip_addresses.sql';
comment on column tables.ip_addresses.host is 'the address without its prefix length, in canonical form';
comment on view tables.vlans is 'Rows of vlans.sql';
comment on view tables.cables is 'Rows of cables.sql: neighbours';
comment on view tables.scopes is
    'Parts of the snapshot that could not be read completely: no evidence that something is gone';
comment on view tables.rejected is 'Rows of the SQL files that were rejected, with the reason';
comment on view tables.row_counts is
    'How many rows each owner has, and had in the last good snapshot: what a fall is measured by';
