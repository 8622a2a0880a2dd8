-- Fields that NetBox accepts only together with another field, of the same row or of another: its own validation
-- (clean() of the models) refuses them otherwise. Key: resource + key + field. needs_key is NULL if no change helps. A
-- create that lacks such a field is blocked by it, of an update that field alone is a conflict
-- (compare/field_needs.py). Covered elsewhere: places, groups and ranges of VLANs (match/vlans.sql), networks of
-- addresses and primary addresses that move (diff/ip_addresses.sql), order in stacks (match/stack_dependencies.sql),
-- bays of modules (match/modules.sql). One file per kind of object fills it, where this diff writes such an object:
-- sql/plan/needs_of_*.sql.
create table diff.field_needs (
    resource varchar, key varchar, field varchar, needs_resource varchar, needs_key varchar, needs_field varchar,
    why varchar);
-- Where clusters will be; sql/plan/cluster_places.sql fills it.
create table diff.cluster_places (
    key varchar, netbox_id bigint, site_id bigint, location_id bigint, name varchar, moves boolean,
    scope_site_id bigint, new_site_id bigint, new_location_id bigint);
