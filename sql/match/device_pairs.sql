-- The NetBox devices that each desired device may be, and what says so. Key: desired device + NetBox device.
-- Steps, each exact: (1) the custom field that holds the source's id, (2) serial, (3) name, (4) primary IP, (5) for a
-- member of a stack its position in NetBox's virtual chassis. is_id: step 1; is_name: step 3; witnesses: how many other
-- steps than the id agree. settled: the id and another step, and no other pair of the same device on either side.
-- Only with rows of desired.devices.
with settings as (from config.endpoint),

devices as (
    select id, name, serial, cf, site_id, primary_ip4_id, primary_ip6_id from netbox.devices
),

-- Step 1. {"<endpoint or cluster>": id}; a bare value counts while this is the only endpoint of its kind.
claimed as (
    select d.id, source_claim(d.cf, settings.node_field, settings.id_scope, settings.only_of_its_kind) as claim
    from devices d, settings
),
by_id_field as (
    select w.key, c.id, 1 as step
    from desired.devices w join claimed c on c.claim = w.source_id
),

-- Step 2. A serial of several devices on one side is ignored.
netbox_serials as (
    select lower(stripped(serial)) as serial, min(id) as id from devices
    where not is_no_serial(serial) group by 1 having count(*) = 1
),
-- For a stack the source may show the serial of any of its members.
own_serials as (
    select key, coalesce(m.serial, d.serial) as serial
    from desired.devices d left join (from desired.stack_members where is_master) m using (key)
),
source_serials as (
    select lower(serial) as serial, min(key) as key from own_serials
    where serial is not null group by 1 having count(*) = 1
),
by_serial as (
    select s.key, n.id, 2 as step from source_serials s join netbox_serials n using (serial)
),

-- Step 3. The first of the device's names that NetBox knows. NetBox takes a name once per site: a device with this name
-- elsewhere is ignored if the site has one, or if the source has another device of this name there. A default says
-- nothing of the site.
name_hits as (
    select w.key, w.position, d.id, w.in_site_only,
        (w.in_site_only or not site.by_default) and d.site_id is distinct from site.netbox_id as elsewhere
    from (select key, in_site_only, lower(unnest(names)) as name, generate_subscripts(names, 1) as position
        from desired.devices) w
    join (select id, site_id, lower(name) as name from devices) d on d.name = w.name
    left join match.references site on site.owner_resource = 'devices' and site.owner_key = w.key
        and site.field = 'site' and site.netbox_id is not null
),
by_name as (
    select key, id, 3 as step
    from (select * replace (coalesce(elsewhere, in_site_only) as elsewhere) from name_hits)
    qualify position = min(position) over (partition by key) and elsewhere = bool_and(elsewhere) over (partition by key)
        and (in_site_only or elsewhere = bool_and(elsewhere) over (partition by id))
),

-- Step 4. The NetBox device whose primary address is the one the source talks to.
by_address as (
    select w.key, d.id, 4 as step
    from desired.devices w
    join netbox.ip_addresses ip on ip.host = w.ip
    join devices d on ip.id in (d.primary_ip4_id, d.primary_ip6_id)
    where w.ip is not null
),

first_hits as materialized (
    select distinct * from
        (from by_id_field union all from by_serial union all from by_name union all from by_address)
),

-- Step 5. If nothing else is known of a stack member: its position in the virtual chassis of the stack's device.
stack_hits as (
    select key, min(id) as id from first_hits where key in (select device from desired.stack_members)
    group by key having count(distinct id) = 1
),
by_position as (
    select m.key, d.id, 5 as step
    from desired.stack_members m
    join stack_hits s on s.key = m.device
    join netbox.devices n on n.id = s.id
    join netbox.devices d on d.virtual_chassis_id = n.virtual_chassis_id and d.vc_position = m.position
    where not m.is_master and d.id not in (select id from first_hits) and m.key not in (select key from first_hits)
),
pairs as (
    select key, id, bool_or(step = 1) as is_id, bool_or(step = 3) as is_name,
        count(distinct step) filter (step > 1) as witnesses, min(step) as step,
        list(distinct step order by step) as steps
    from (from first_hits union all from by_position)
    group by key, id
)

select *, is_id and witnesses > 0 and count(*) over (partition by key) = 1 and count(*) over (partition by id) = 1
    as settled
from pairs
