-- The tables of matching that a comparison often has no rows for: what they look like while their own file does not
-- run (netbox_sync_dagster/compare/stages.py says when). Those at the end are asked for a row before anybody reads them.
create table match.clusters (
    key varchar, netbox_id bigint, name varchar, problem varchar, group_id bigint, site_id bigint);
create table match.live_clusters as from match.clusters;
create table match.virtual_chassis (
    key varchar, netbox_id bigint, name varchar, problem varchar, master_id bigint, last_updated varchar);
create table match.modules (
    key varchar, bay_id bigint, bay_name varchar, netbox_id bigint, elsewhere_id bigint, occupied boolean,
    problem_action varchar, problem varchar);
create table match.virtual_machines (
    key varchar, netbox_id bigint, candidate_id bigint, candidate_ids bigint[], name varchar, step integer,
    problem_action varchar, problem varchar, name_held_by varchar, last_updated varchar, moved_from varchar);
create table match.guests_elsewhere (netbox_id bigint, reason varchar);
create table match.live_virtual_machines as from match.virtual_machines;
create table match.interface_exceptions (
    key varchar, device varchar, name varchar, mac varchar, netbox_id bigint, candidate_id bigint, candidate_ids bigint[],
    problem_action varchar, problem varchar, previous_id bigint);
create table match.vm_interfaces (
    key varchar, netbox_id bigint, candidate_id bigint, candidate_ids bigint[], netbox_name varchar, problem_action varchar, problem varchar);
create table match.vlans (
    owner_resource varchar, owner varchar, vid bigint, site_id bigint, netbox_id bigint, netbox_name varchar,
    group_id bigint, group_slug varchar, problem varchar, key varchar);
create table match.stack_needs (resource varchar, key varchar, needs_resource varchar, needs_key varchar);
create table match.delete_needs as from match.stack_needs;
create table match.neighbours (
    interface varchar, local_end varchar, local_label varchar, local_place varchar, place varchar, seen varchar,
    remote_end varchar, action varchar, problem varchar);
create table match.cables (
    key varchar, owner varchar, a struct(netbox_id bigint), b struct(netbox_id bigint), crowd varchar);
create table match.cable_ends (
    cable_id bigint, side varchar, type varchar, id bigint, label varchar, far varchar, passes_on boolean);
create table match.gone_interfaces (id bigint);
create table match.gone_ip_addresses (id bigint);
create table match.gone_virtual_machines (id bigint, name varchar, guest varchar, action varchar);
create table match.gone_records (resource varchar, id bigint, vm_id bigint);
create table match.gone_vm_interfaces (id bigint);
-- Which objects may not be deleted because of what hangs on them (sql/match/delete_impact.sql).
create table match.delete_impact (object_type varchar, netbox_id bigint, reason varchar);
