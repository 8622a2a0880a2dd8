-- Objects with a value that NetBox no longer accepts beside the others, as after a device was moved to another site
-- or cluster: NetBox checks the whole object, and refuses every edit that leaves such a value. Key: object_type + id +
-- why. mended_by: the fields of the object of which a new value helps. other: the field of another object that helps
-- too. One file per kind of object fills it, where this diff edits such an object: sql/plan/kept_values_of_*.sql.
create table diff.kept_values (
    object_type varchar, id bigint, mended_by varchar[],
    other struct(resource varchar, "key" varchar, field varchar), why varchar);
-- See sql/plan/rack_room.sql.
create table diff.rack_room (
    id bigint, edited boolean, model varchar, rack varchar, device varchar, no_place boolean, unit varchar,
    height varchar);
