-- The tables of matching that a comparison often has no rows for: what they look like while their own file does not
-- run (see the "Only with rows of" at its top). Those at the end are asked for a row before anybody reads them.
create table match.clusters (
    key varchar, netbox_id bigint, name varchar, problem varchar, group_id bigint, site_id bigint);
create table match.renamed_clusters (
    key varchar, netbox_id bigint, ids bigint[], found struct(type varchar, id bigint, name varchar)[], number bigint,
    held varchar, by_names boolean);
create table match.live_clusters as from match.clusters;
create table match.device_pairs (
    key varchar, id bigint, is_id boolean, is_name boolean, witnesses bigint, step integer, steps integer[],
    settled boolean);
create table match.device_exceptions (
    key varchar, netbox_id bigint, step integer, problem varchar, candidate_ids bigint[]);
create table match.devices (
    key varchar, source_id varchar, netbox_id bigint, name varchar, step integer, problem varchar,
        candidate_ids bigint[],
    site_id bigint, location_id bigint, rack_id bigint, cluster_id bigint, last_updated varchar);
create table match.live_devices as from match.devices;
create table match.chassis_devices (key varchar, netbox_id bigint, name varchar);
create table match.virtual_chassis (
    key varchar, netbox_id bigint, name varchar, problem varchar, master_id bigint, last_updated varchar);
create table match.modules (
    key varchar, bay_id bigint, bay_name varchar, netbox_id bigint, elsewhere_id bigint, occupied boolean,
    problem varchar);
create table match.known_machines (
    id bigint, name varchar, cluster_id bigint, last_updated varchar, vcpus double, memory bigint,
    held_cluster varchar, held_vmid varchar, "foreign" boolean, named_elsewhere boolean);
create table match.machine_names (id bigint, name varchar);
create table match.near_devices (key varchar, netbox_id bigint, witnesses varchar);
create table match.near_disks (key varchar, ids bigint[], problem varchar);
create table match.virtual_machine_pairs (
    key varchar, id bigint, is_id boolean, is_name boolean, settled boolean);
create table match.virtual_machine_exceptions (
    key varchar, netbox_id bigint, candidate_id bigint, candidate_ids bigint[], step integer, problem varchar,
    name_held_by varchar, moved_from varchar);
create table match.virtual_machines (
    key varchar, netbox_id bigint, candidate_id bigint, candidate_ids bigint[], name varchar, step integer,
    problem varchar, name_held_by varchar, last_updated varchar, moved_from varchar);
create table match.guest_tags (key varchar, had varchar[], has varchar[], taken_off varchar[]);
create table match.guests_elsewhere (netbox_id bigint, reason varchar);
create table match.unproven_contacts as from match.guests_elsewhere;
create table match.live_virtual_machines as from match.virtual_machines;
create table match.interface_pairs (
    key varchar, source_id varchar, device varchar, name varchar, mac varchar, linked boolean, device_id bigint,
    netbox_id bigint, claim varchar, settled boolean, same_values boolean);
create table match.interface_exceptions (
    key varchar, device varchar, name varchar, mac varchar, netbox_id bigint, candidate_id bigint,
        candidate_ids bigint[],
    problem varchar, previous_id bigint);
create table match.vm_interface_pairs (
    key varchar, virtual_machine varchar, name varchar, old_name varchar, mac varchar, vm_id bigint, problem varchar,
    same_mac bigint, id bigint, settled boolean);
create table match.vm_interfaces (
    key varchar, netbox_id bigint, candidate_id bigint, candidate_ids bigint[], netbox_name varchar, problem varchar);
create table match.vm_interface_exceptions as from match.vm_interfaces;
create table match.vlans (
    owner_resource varchar, owner varchar, vid bigint, permitted boolean, site_id bigint, new_site varchar,
    netbox_id bigint, netbox_name varchar,
    group_id bigint, group_slug varchar, problem varchar, key varchar);
create table match.cluster_sites (key varchar, netbox_id bigint, site varchar, moves boolean);
create table match.link_removals (field varchar, key varchar, netbox_id bigint);
create table match.differing_interfaces (
    key varchar, netbox_id bigint, candidate_id bigint, problem varchar);
create table match.wanted_vlans (
    key varchar, mode varchar, mode_if_empty varchar, none boolean, untagged varchar, untagged_problem varchar,
    tagged varchar, tagged_problem varchar, shows_all boolean);
create table match.held_vlans (id bigint, untagged varchar, tagged varchar);
create table match.wanted_links (
    key varchar, lag_id bigint, lag_name varchar, lag_undecided varchar, lag varchar, parent_id bigint,
    parent_name varchar, parent_undecided varchar, parent varchar, bridge_undecided varchar, bridge varchar,
    leaves_lag boolean, leaves_parent boolean, leaves_bridge boolean);
create table match.held_links (id bigint, lag varchar, parent varchar, bridge varchar);
create table match.never_seen (resource varchar, owner varchar, reason varchar);
create table match.reused_ids as from match.never_seen;
create table match.stack_dependencies (resource varchar, key varchar, needs_resource varchar, needs_key varchar);
create table match.delete_needs as from match.stack_dependencies;
create table match.neighbours (
    interface varchar, local_end varchar, local_label varchar, local_place varchar, place varchar, seen varchar,
    remote_end varchar, is_itself boolean, problem varchar);
create table match.cables (
    key varchar, owner varchar, a struct("end" varchar, netbox_id bigint, cabled_id bigint),
    b struct("end" varchar, netbox_id bigint, cabled_id bigint), ambiguous_neighbours varchar);
create table match.address_holders (
    id bigint, host varchar, vrf_id bigint, type varchar, interface_id bigint, machine_id bigint, label varchar);
create table match.address_vrfs (
    host varchar, vrf varchar, interface_resource varchar, interface varchar, candidates bigint, vrf_id bigint,
    vrf_name varchar, found_vrf_id bigint, is_held boolean, is_certain boolean,
    doubt_ids bigint[]);
create table match.freed_addresses (id bigint, key varchar, label varchar);
create table match.prefix_masks (host varchar, vrf varchar, interface varchar, prefixlen integer, prefix varchar);
create table match.populated_ranges (host varchar, vrf_id bigint, name varchar);
create table match.cable_ends (
    cable_id bigint, side varchar, type varchar, id bigint, label varchar, far varchar, passes_on boolean);
-- NetBox objects that a row of the source in doubt could be; see sql/match/doubts.sql.
create table match.doubts (object_type varchar, netbox_id bigint, reason varchar, shown boolean);
-- Objects that may have contacts, and what the user's rules give them.
create table match.contact_owners (resource varchar, key varchar, netbox_id bigint, name varchar, source_id varchar);
create table match.contact_assignments (
    key varchar, resource varchar, owner varchar, owner_id bigint, owner_name varchar, model varchar,
    contact_id bigint, contact varchar, role_id bigint, role varchar, netbox_id bigint, problem varchar);
create table match.doubted_devices as from match.doubts;
create table match.doubted_virtual_machines as from match.doubts;
create table match.doubted_interfaces as from match.doubts;
create table match.doubted_vm_interfaces as from match.doubts;
create table match.doubted_modules as from match.doubts;
create table match.doubted_others as from match.doubts;
-- Objects and fields that a delete of an object would delete or clear, and undo could not restore. Such a delete is
-- blocked with reason.
create table match.delete_impact (object_type varchar, netbox_id bigint, reason varchar);
-- NetBox objects without a counterpart in the source, one table per kind. sql/match/removals.sql decides about them,
-- for all kinds. id: NetBox's. owners: whose evidence counts (desired.incomplete_scopes); above:
-- the objects that it is on. fact, way, note, held, said_unproven: as in the macro removal(); held is about deletes and
-- unassigns alone. doubt: which row of the source it may be, beside match.doubts.
create table match.removed (
    resource varchar, object_type varchar, id bigint, last_updated varchar, key varchar, parent varchar,
        owners varchar[],
    above struct(type varchar, id bigint)[], fact varchar, way varchar, note varchar, held varchar,
    said_unproven boolean, guest varchar, doubt varchar);
create table match.removed_interfaces as from match.removed;
create table match.removed_ip_addresses as from match.removed;
create table match.removed_mac_addresses as from match.removed;
create table match.removed_virtual_machines as from match.removed;
create table match.removed_vm_interfaces as from match.removed;
create table match.removed_virtual_disks as from match.removed;
create table match.removed_cables as from match.removed;
create table match.removed_contact_assignments as from match.removed;
create table match.removed_modules as from match.removed;
create table match.removed_devices as from match.removed;
create table match.removed_records as from match.removed;
create table match.all_removed as from match.removed;
-- under: the object that is deleted after this one, because NetBox would delete this one along.
create table match.removals (
    resource varchar, object_type varchar, id bigint, last_updated varchar, key varchar, parent varchar, action varchar,
    reason varchar, way varchar, under_type varchar, under_id bigint);
create table match.goes_with (resource varchar, key varchar, parent_resource varchar, parent_key varchar);
create table match.custom_field_values (resource varchar, object_type varchar, id bigint, cf json);
