-- The configuration as tables. Every kind of endpoint has the same: what it does not say is NULL, or no row.
create schema config;

-- One row: the endpoint that is compared. Options of one kind alone are added behind these columns, for its own files
-- in sql/desired/ (netbox_sync_dagster/sources/<kind>/source.py).
create table config.endpoint (
    endpoint varchar, kind varchar,
    -- As people call the source in sentences: "not in LibreNMS".
    system_name varchar,
    snapshot_time timestamp,
    -- The custom field that holds the source's id of a device or guest, and what that id is called; id_scope is the
    -- name under which ids stand there. The fields of nodes and clusters, where the source has them; id_fields are all
    -- of them.
    id_field varchar, id_word varchar, id_scope varchar, node_field varchar, cluster_field varchar, id_fields varchar[],
    only_of_its_kind boolean,
    -- A NIC of a guest, in sentences; the custom field that names its bridge.
    nic_word varchar, bridge_field varchar,
    cluster_type varchar, cluster_group varchar,
    -- The source's tables of guests and of addresses, whose rows are counted.
    guest_table varchar, address_table varchar,
    -- What a source does not say of itself is not so.
    -- What the source shows of a device: all its interfaces and addresses, or those alone that are configured; members
    -- of LAGs and bridges, where the device reports them, or all; a node's hardware; the parts that NetBox has as
    -- modules.
    shows_all_interfaces boolean default false, shows_all_addresses boolean default false,
    shows_lag_members boolean default false, shows_all_members boolean default false,
    shows_node_hardware boolean default false, shows_parts boolean default false,
    -- Ids of guests: handed out again to other guests; the same as their names.
    reuses_ids boolean default false, ids_are_names boolean default false,
    -- Those of guests are unique in the endpoint, whatever cluster a guest is in.
    ids_span_clusters boolean default false,
    -- All ids of the source are numbers, devices' and interfaces' too.
    numeric_ids boolean default false,
    -- Those of guests are.
    numeric_guest_ids boolean default false,
    -- The name of a node is the word that mappings map, where the source has none.
    node_names_are_words boolean default false,
    -- Where records of guests (backups, snapshots, ...) and bridges are to go.
    guest_records varchar default 'none', guest_bridge varchar default 'none',
    default_site varchar, default_role varchar, default_device_type varchar, default_manufacturer varchar,
    default_platform varchar, default_vrf varchar, default_vlan_group varchar,
    missing_guests varchar, missing_interfaces varchar, stale_addresses varchar, move_addresses boolean,
    move_modules boolean, primary_ip varchar, host_masks varchar, interface_prefixes boolean,
    site_coordinates varchar, ungrouped_vlans boolean,
    down_port_types varchar, virtual_machines varchar,
        link_local_ipv4 boolean,
    -- Regular expressions of names; networks as family|first|last|network.
    ignored_interfaces varchar[] default [], ignored_addresses varchar[] default [],
    -- What NetBox knows of the id custom fields, and whether they may be written at all; where the records of guests
    -- go: plugin, custom_fields or none. Set by sql/config_facts.sql.
    id_field_type varchar, node_field_type varchar, writes_id_fields boolean, records_to varchar);

-- The words of the source and what they are called in NetBox. kind: the section of the mappings.
create table config.mappings (kind varchar, source varchar, target varchar);
-- speed in kbit/s.
create table config.interface_types ("ifType" varchar, speed bigint, type varchar);
-- Names of interfaces that are skipped; os NULL: of all devices.
create table config.interface_filters (option varchar, os varchar, pattern varchar);
create table config.name_fields (os varchar, name_field varchar);
-- Names of LAGs and bridges: pattern matches the complete name. role is lag or bridge.
create table config.port_roles (os varchar, role varchar, pattern varchar);
-- What a location means, the first that matches; the names may hold groups of the pattern: \1.
create table config.location_rules (
    position integer, pattern varchar, site varchar, region varchar, location varchar, rack varchar, tenant varchar);
-- To be applied in order.
create table config.module_rules (
    position integer, manufacturer varchar, field varchar, pattern varchar, replacement varchar);

-- What new objects of a resource get: a tenant, tags by name or slug, and custom fields, whose value is JSON.
-- resource *: every resource whose objects have it.
create table config.default_tenants (resource varchar, tenant varchar);
create table config.default_tags (resource varchar, tag varchar);
create table config.default_custom_fields (resource varchar, field varchar, value varchar);
-- NetBox's names of a resource: its list endpoint and its model.
create table config.models (resource varchar, object_type varchar, model varchar);

-- What people have answered (netbox_sync_dagster/approve/resolve.py), for the rows of this endpoint. field: NULL for an
-- answer about the row. question: as the macros question() and content_question() make it; NULL: whatever is asked.
-- netbox_id: the object that was picked; value: the one that was given. who and answered_on are for people.
create table config.answers (
    resolution_id varchar, resource varchar, key varchar, field varchar, question varchar, answer varchar,
    netbox_id bigint, value varchar, who varchar, answered_on varchar);

-- What the policies allow; deleted_types: the list endpoints of what a delete of the resource may take.
create table config.may_create (resource varchar);
create table config.may_delete (resource varchar);
create table config.may_delete_unowned (resource varchar);
create table config.deleted_types (resource varchar, object_type varchar);

-- field: resource.field, or in unowned_fields the field alone.
create table config.owned (field varchar);
create table config.disowned (field varchar);
create table config.unowned_fields (field varchar);

-- This endpoint and those that reach the same server.
create table config.same_source (endpoint varchar);
-- All others of the configuration.
create table config.other_endpoints (endpoint varchar);
-- Endpoints whose earlier writes to such objects do not count as another opinion: the object can only come from there.
create table config.no_rivals (object_type varchar, endpoint varchar);
-- The endpoints in order, the first wins. field: resource.field, or * for all other fields.
create table config.precedence (field varchar, endpoint varchar, rank integer);
-- The custom fields in which other kinds of sources keep the cluster and the id of a guest, and what they call a
-- cluster.
create table config.other_guest_fields (cluster_field varchar, id_field varchar, word varchar);

-- What other clusters show, one row per guest and one without an id per endpoint; filled where a guest may have moved.
create table config.other_guests (
    endpoint varchar, cluster varchar, vmid varchar, name varchar, macs varchar[], uuid varchar, gap varchar);
-- Why a guest of this cluster that is no longer listed may be in another one, unseen.
create table config.unseen_moves (vmid varchar, reason varchar);
-- The SMBIOS UUID that a guest had under the name that NetBox knows: of those that have another name now, or may have
-- moved.
create table config.former_guests (netbox_id bigint, uuid varchar);
