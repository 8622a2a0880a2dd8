-- The keys under which diffs have or had these NetBox objects ($objects), and the current rows that write to an object
-- which one of these keys ($keys) creates. {rows}: the rows of current diffs. $here: the ledger's
-- names of this NetBox, in which alone an id means these objects; NULL if they are not known.
with objects as (
    select unnest($objects::struct(object_type varchar, netbox_id bigint)[], recursive := true)
),
keys as (
    select unnest($keys::struct(endpoint varchar, resource varchar, "key" varchar)[], recursive := true)
),
rows as (
    select endpoint, resource, key, object_type, netbox_id, target from {rows}
),
found as (
    from keys
    union
    select endpoint, resource, key
    from ledger.verdicts semi join objects using (object_type, netbox_id)
    where $here is null or list_contains($here::varchar[], target)
    union
    select endpoint, resource, key from rows semi join objects using (object_type, netbox_id)
)
from found
union
select c.endpoint, c.resource, c.key
from rows c
join found f on f.endpoint = c.endpoint and f.resource = c.target ->> '$.ref' and f.key = c.target ->> '$.key'
where c.target is not null
