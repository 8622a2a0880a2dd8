-- The desired tables: what each source's SQL delivers, in NetBox's terms, and what matching and diff rely on.
-- key is unique within a table and is what other tables refer to. NULL means unknown: no opinion, no difference;
-- '' , 0 and [] mean none. A row with a problem is shown with its reason and never written.

-- names: tried in this order when the NetBox object is looked for. id_value: JSON, kept in the id custom field.
-- not_imported: why it is not created when NetBox lacks it. inactive: known, but not updated.
-- in_site_only: a NetBox device of that name in another site is a conflict.
create table desired.devices (
    key varchar, source_id varchar, name varchar, names varchar[], serial varchar, status varchar, inactive boolean,
    ip varchar, id_value varchar, not_imported varchar, in_site_only boolean, cluster varchar,
    place varchar, hardware varchar, os varchar, device_kind varchar);

-- Devices of a stack, the master among them. device: the key of the device that the source shows for all of them;
-- key: that of the member (desired.devices); the master's are the same.
create table desired.stack_members (
    key varchar, device varchar, position integer, name varchar, serial varchar, model varchar, is_master boolean,
    part bigint);

-- Parts of devices. bay, model and serial as the configured rules rewrite them; serial NULL: unknown.
create table desired.modules (
    key varchar, device varchar, bay varchar, model varchar, manufacturer varchar, serial varchar, os varchar,
    problem varchar);

-- The names to resolve to NetBox objects; see sql/match/references.sql.
create table desired.references (
    owner_resource varchar, owner_key varchar, field varchar, resource varchar, mapped_name varchar,
    source_name varchar, default_name varchar, create_name varchar, manufacturer varchar, required boolean,
    hint varchar);

-- Words that become tags, in lower case; sql/desired/tags.sql finds their slugs. name: another spelling.
create table desired.tag_words (tag varchar, name varchar, color varchar);

create table desired.tags (key varchar, name varchar, slug varchar, color varchar);

-- Which resources carry an id custom field, e.g. librenms_id on dcim.device.
create table desired.custom_fields (key varchar, label varchar, type varchar, object_types varchar[],
    description varchar);

create table desired.clusters (key varchar, name varchar, status varchar, problem varchar);

-- vcpus decimal, memory in MiB. start_on_boot is on or off. managed_tags: tags that this source manages and may
-- therefore remove. name NULL: unknown. device: key of the host in desired.devices.
-- id_values: JSON object of custom fields by name. facts: the same for those that policy adds; a field that is not
-- known has no entry. uuid: SMBIOS UUID, in lower case. given_name: the source's own, where name is another because
-- several have it. known_id: the NetBox virtual machine, where other evidence has found it; of such a machine
-- nothing is removed. tenant_problem: why its tenant is not known, where the source says several. is_copy: the source
-- is copying another one, so NetBox cannot have it under another id.
create table desired.virtual_machines (
    key varchar, source_id varchar, name varchar, cluster varchar, device varchar, status varchar, vcpus double,
    memory bigint, start_on_boot varchar, description varchar, tags varchar[], id_values varchar, is_template boolean,
    type varchar, facts varchar, not_imported varchar, inactive boolean, problem varchar,
    uuid varchar, given_name varchar, comments varchar, known_id bigint, tenant_problem varchar,
    is_copy boolean);

-- Every virtual machine that the source shows, those that are left out too.
create table desired.listed_guests (source_id varchar);

-- Guests that the comparison leaves out although nobody asked for it, with the reason as a cause.
create table desired.skipped_guests (source_id varchar, reason varchar);

-- speed in kbit/s, mtu in bytes. mapped_type comes from the configured table, natural_type from the source's own
-- word; likely_type: from the name or the ports beside it, where that word says too little. lag, parent_interface and
-- bridge are keys of this table. lag_problem and bridge_problem: why one is
-- unknown though the source shows the interface in a LAG or bridge. mgmt_only: of new interfaces only.
create table desired.interfaces (
    key varchar, source_id varchar, device varchar, device_source_id varchar, name varchar,
    problem varchar, mapped_type varchar, natural_type varchar, likely_type varchar, enabled boolean,
    mtu integer, speed bigint,
    description varchar, mac varchar, lag varchar, parent_interface varchar, bridge varchar,
    vrf_source_id bigint, lag_problem varchar, bridge_problem varchar, mgmt_only boolean);

-- untagged is a VID (0 = none), tagged a list of VIDs. mode_if_empty: used where NetBox has no mode.
create table desired.interface_vlans (
    key varchar, untagged integer, tagged integer[], mode varchar, mode_if_empty varchar, problem varchar);

-- bridge: the custom field's value. old_name: the name it has when nobody tells a better one (netN); used to find it
-- again after a rename. permitted: VIDs of ranges, of which those are tagged that exist.
create table desired.vm_interfaces (
    key varchar, virtual_machine varchar, name varchar, old_name varchar, enabled boolean, mtu integer,
    description varchar, bridge varchar, mac varchar, untagged integer, tagged integer[], permitted integer[],
    mode varchar, problem varchar);

-- One row per owner (a device or cluster) that knows the VID. name NULL: nobody named it.
create table desired.vlans (owner_resource varchar, owner varchar, vid bigint, name varchar, problem varchar);
-- permitted: only a range names it.
create table desired.carried_vids (owner_resource varchar, owner varchar, vid integer, permitted boolean);

-- One row per place of an address. interface is a key of desired.<interface_resource>; vrf a word;
-- owner is the device or virtual machine. left_out: why it is not compared.
create table desired.ip_addresses (
    host varchar, prefixlen integer, family integer, vrf varchar, interface_resource varchar, interface varchar,
    owner_resource varchar, owner varchar, dns_name varchar, source varchar, left_out varchar,
    -- A rule says that it has no VRF, which is more than that nothing names one.
    in_global_table boolean);
-- The addresses that may become primary, the best one with the lowest rank. named: the configuration names it.
-- problem: why this one cannot become primary; it has no interface then.
create table desired.primary_ips (
    owner_resource varchar, owner varchar, family integer, host varchar, vrf varchar, interface varchar, rank integer,
    named boolean, problem varchar);

create table desired.oob_ips (owner varchar, host varchar, vrf varchar, interface varchar, problem varchar);
-- What the configuration leaves out, with the setting and the pattern that do it.
create table desired.ignored_ports (port_id bigint, device varchar, name varchar, option varchar, pattern varchar);
create table desired.ignored_guests (vmid bigint, option varchar, pattern varchar);
create table desired.ignored_nics (virtual_machine varchar, net varchar, pattern varchar);
-- Devices of the source that are management controllers of others.
create table desired.bmc_devices (device_id bigint, host_id bigint, is_mapped boolean);
-- What NetBox has under the name of the machine that is the cluster's host; id NULL: nothing.
create table desired.host_machines (
    wanted_name varchar, object_type varchar, id bigint, name varchar, cluster_id bigint);
-- Devices of the source that NetBox has as virtual machines, and the ports of those that are synced as such.
create table desired.known_guests (
    device_id bigint, netbox_id bigint, names varchar[], witness varchar, is_synced boolean);
create table desired.guest_ports (
    port_id bigint, virtual_machine varchar, interface varchar, name varchar, vrf_source_id bigint, enabled boolean,
    mtu integer, description varchar, mac varchar, problem varchar);
-- The management controller of a device (owner) as an interface of it: the controller's name and address, the
-- interface's name and type. candidates: names of the NetBox interfaces that it may be.
create table desired.bmcs (
    owner varchar, name varchar, host varchar, family integer, prefixlen integer, vrf varchar, mac varchar,
    interface varchar, interface_type varchar, candidates varchar[], problem varchar);
-- Degrees. site is a word: a mapping's, or the location's own.
create table desired.site_coordinates (location varchar, site varchar, latitude double, longitude double);

-- size in MiB; NULL = unknown.
create table desired.virtual_disks (key varchar, virtual_machine varchar, name varchar, size bigint,
    description varchar, problem varchar);

-- What the plugin netbox-proxbox has models for. key: as Proxmox names it, with the guest where it needs one. Times are
-- ISO 8601 in UTC, as text; size in bytes. virtual_machine is a key of desired.virtual_machines.
create table desired.storages (
    key varchar, cluster varchar, name varchar, storage_type varchar, content varchar, path varchar, nodes varchar,
    shared boolean, enabled boolean);
create table desired.backups (
    key varchar, virtual_machine varchar, storage varchar, volume_id varchar, vmid bigint, subtype varchar,
    format varchar, creation_time varchar, size bigint, notes varchar, verification_state varchar);
create table desired.snapshots (
    key varchar, virtual_machine varchar, name varchar, description varchar, vmid bigint, node varchar,
    snaptime varchar, parent varchar, subtype varchar);
create table desired.tasks (
    key varchar, virtual_machine varchar, vm_type varchar, upid varchar, node varchar, task_id varchar,
    task_type varchar, username varchar, start_time varchar, end_time varchar, description varchar, status varchar);
create table desired.replications (
    key varchar, virtual_machine varchar, replication_id varchar, guest bigint, target varchar, schedule varchar,
    rate double, comment varchar, disabled boolean, source varchar, jobnum bigint);

-- One row per port and neighbour that is seen there. interface and remote_interface are keys of desired.interfaces,
-- remote_device of desired.devices; the words are what the neighbour calls itself and its port.
create table desired.cables (
    interface varchar, remote_device varchar, remote_name varchar, remote_interface varchar, remote_port varchar);
-- Other names of ports, in lower case.
create table desired.port_roles (port_id bigint, device_id bigint, name varchar, role varchar);
create table desired.port_types (port_id bigint, type varchar);
create table desired.port_links (kind varchar, device_id bigint, port_id bigint, other_id bigint, problem varchar);
create table desired.port_names (interface varchar, device varchar, name varchar, is_index boolean);

-- Where the evidence does not suffice for a delete or a clear; owner '*' = everywhere, else a device, a guest or an
-- interface (a key of desired.interfaces or desired.vm_interfaces: what is on it).
-- resource is the kind of object that may look gone though it is not. quiet: the source never shows such objects, so
-- nothing is said about those that NetBox has.
create table desired.incomplete_scopes (resource varchar, owner varchar, reason varchar, quiet boolean);
-- What each call of the source proves; see sql/desired/<kind>/evidence.sql.
create table desired.evidence (call varchar, scope varchar, wide boolean, proves varchar[], decides varchar[]);
-- Tables of a snapshot whose rows come from a call (a scope of desired.evidence) of another name.
create table desired.call_tables (name varchar, call varchar);
-- Creates and updates that rows out of sight could contradict; owner '*' = everywhere.
create table desired.undecided (resource varchar, owner varchar, reason varchar);
create table desired.remembered_addresses (host varchar, owner varchar, reason varchar);

-- What the source shows and the comparison does not take: ignored, left out, or unreadable. It may be an object that
-- NetBox has, which is then not called removed. kind: what word is (id, name, mac, host, serial); '*': any object of
-- the owner could be it. owner '*' = unknown. what: the thing in the source's words.
create table desired.sightings (resource varchar, owner varchar, kind varchar, word varchar, what varchar);

-- Which NetBox device each of the source's devices is; filled by sql/match/matched_devices.sql. key and name as in the
-- source and in NetBox.
create table desired.matched_devices (key varchar, source_id varchar, name varchar, netbox_id bigint);

-- The source's VRFs that nothing maps, with the interfaces that have addresses in them.
create table desired.unresolved_vrfs (word varchar, owners integer, example varchar);
-- The source's words that mean no NetBox object yet; filled by sql/match/unresolved.sql.
create table desired.unresolved (
    section varchar, word varchar, owners integer, example varchar, is_mapped boolean, manufacturers varchar[]);

-- What the comparison does not take, and why; cause and subject as in a diff row.
create table desired.skipped (resource varchar, key varchar, reason varchar, cause varchar, subject varchar);
-- The same, of addresses, as far as it follows from NetBox too; filled by sql/match/skipped_addresses.sql.
create table desired.skipped_addresses (
    resource varchar, key varchar, reason varchar, cause varchar, subject varchar);

-- What the source shows for rows of the diff whose keys it does not know, VLANs and cables; filled by
-- sql/match/row_sources.sql.
create table desired.row_sources (
    resource varchar, key varchar, owner_resource varchar, owner varchar, vid bigint, interface varchar);

-- What the user's rules say (netbox_sync_dagster/rules): values of fields, as JSON, and objects to leave out. key as in
-- the desired table; of VLANs owner and VID, of addresses interface and host. file: the rule.
create table desired.rule_fields (resource varchar, key varchar, field varchar, value varchar, file varchar);
create table desired.rule_skips (resource varchar, key varchar, reason varchar, file varchar);
