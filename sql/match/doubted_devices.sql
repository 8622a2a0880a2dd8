-- NetBox devices that a doubtful device of the source could be; see sql/match/doubts.sql.
-- Key: netbox_id, once per reason.
-- Only with rows of match.devices WHERE problem IS NOT NULL;
--   match.devices WHERE netbox_id IS NULL AND 'devices' NOT IN (FROM config.may_create);
--   diff.devices WHERE action = 'blocked'; desired.sightings WHERE resource = 'devices'.
with settings as (from config.endpoint),
may_create as (
    select list(resource) as resources from config.may_create
),
unsettled_devices as (
    select w.key, w.source_id, w.names, lower(w.serial) as serial, w.ip, m.candidate_ids,
        coalesce(m.problem, d.reason, blocked('may_not_create', {resource: 'devices'})) as problem
    from desired.devices w
    join match.devices m using (key)
    left join diff.devices d using (key)
    cross join may_create
    where m.problem is not null
       or (m.netbox_id is null and (d.action = 'blocked' or not list_contains(resources, 'devices')))
    union all
    select null, max(word) filter (kind = 'id'), list(word) filter (kind = 'name'),
        lower(max(word) filter (kind = 'serial')), null, [], what
    from desired.sightings where resource = 'devices' group by what
),
device_words as (
    select key, problem, lower(n.name) as name from unsettled_devices, unnest(names) as n(name)
    union
    select key, problem, lower(short_name(n.name)) from unsettled_devices, unnest(names) as n(name)
        where short_name(n.name) is not null
),
device_names as (
    select id, lower(name) as name from netbox.devices where name is not null
    union
    select id, lower(short_name(name)) from netbox.devices where short_name(name) is not null
),
claimed_devices as (
    select d.id, source_claim(d.cf, settings.node_field, settings.id_scope, settings.only_of_its_kind) as claim
    from netbox.devices d, settings where contains(d.cf, settings.node_field)
),
device_hits as (
    select key, problem, unnest(candidate_ids) as id from unsettled_devices
    union
    select w.key, w.problem, d.id from device_words w join device_names d using (name)
    union
    select u.key, u.problem, d.id from unsettled_devices u join claimed_devices d on d.claim = u.source_id
    union
    select u.key, u.problem, d.id from unsettled_devices u join netbox.devices d on lower(trim(d.serial)) = u.serial
    union
    select u.key, u.problem, d.id
    from unsettled_devices u
    join netbox.ip_addresses a on a.host = u.ip
    join netbox.devices d on a.id in (d.primary_ip4_id, d.primary_ip6_id)
    union
    -- A member of a stack, by its place in NetBox's virtual chassis.
    select u.key, u.problem, d.id
    from unsettled_devices u
    join desired.stack_members m on m.key = u.key
    join match.devices s on s.key = m.device
    join netbox.devices n on n.id = s.netbox_id
    join netbox.devices d on d.virtual_chassis_id = n.virtual_chassis_id and d.vc_position = m.position
)

select 'dcim/devices' as object_type, id as netbox_id,
    because('may_be', {object: key, because: problem}) as reason, key is not null as shown
from device_hits
