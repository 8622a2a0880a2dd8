-- Which NetBox device each desired device is.
-- Key: the desired device. Steps, each exact: (1) the custom field that holds the source's id, (2) serial,
-- (3) name, (4) primary IP, (5) for a member of a stack its position in NetBox's virtual chassis. Two candidates at a step, or two steps that name different objects, are a conflict.
with settings as (from config.endpoint),

devices as (
    select id, name, serial, cf, last_updated, site_id, location_id, rack_id, cluster_id, primary_ip4_id, primary_ip6_id
    from netbox.devices
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

-- Step 2. A serial that stands on several devices of either side is no evidence.
netbox_serials as (
    select lower(trim(serial)) as serial, min(id) as id from devices
    where not is_placeholder(serial) group by 1 having count(*) = 1
),
source_serials as (
    select lower(serial) as serial, min(key) as key from desired.devices
    where serial is not null group by 1 having count(*) = 1
),
by_serial as (
    select s.key, n.id, 2 as step from source_serials s join netbox_serials n using (serial)
),

-- Step 3. The first of the device's names that NetBox knows.
name_hits as (
    select w.key, w.position, d.id,
        -- Where the name counts within the site only, a namesake elsewhere is none as long as the site has one.
        w.in_site_only and d.site_id is distinct from site.netbox_id as elsewhere
    from (select key, in_site_only, lower(unnest(names)) as name, generate_subscripts(names, 1) as position from desired.devices) w
    join (select id, site_id, lower(name) as name from devices) d on d.name = w.name
    left join match.references site on site.owner_resource = 'devices' and site.owner_key = w.key and site.field = 'site'
),
by_name as (
    select key, id, 3 as step from name_hits
    qualify position = min(position) over (partition by key) and elsewhere = bool_and(elsewhere) over (partition by key)
),

-- Step 4. The NetBox device whose primary address is the one the source talks to.
by_address as (
    select w.key, d.id, 4 as step
    from desired.devices w
    join netbox.ip_addresses ip on ip.host = w.ip
    join devices d on ip.id in (d.primary_ip4_id, d.primary_ip6_id)
    where w.ip is not null
),

first_hits as (
    select distinct * from
        (from by_id_field union all from by_serial union all from by_name union all from by_address)
),

-- Step 5. Where nothing else is known of a member of a stack: its place in the virtual chassis of the stack's device.
stack_hits as (
    select key, min(id) as id from first_hits where key in (select device from desired.members)
    group by key having count(distinct id) = 1
),
by_position as (
    select m.key, d.id, 5 as step
    from desired.members m
    join stack_hits s on s.key = m.device
    join netbox.devices n on n.id = s.id
    join netbox.devices d on d.virtual_chassis_id = n.virtual_chassis_id and d.vc_position = m.position
    where not m.is_master and d.id not in (select id from first_hits) and m.key not in (select key from first_hits)
),
hits as (
    from first_hits union all from by_position
),

-- A virtual machine of the same name is a second candidate of step 3.
vm_namesakes as (
    select w.key, min(v.name) as name
    from desired.devices w join netbox.virtual_machines v on lower(v.name) = lower(w.names[1])
    group by w.key
),
-- What would become a new device may be a guest that NetBox has as a virtual machine: by another of its names, or
-- by the address that the source talks to.
guests as (
    select key, min(name) as name, min(why) as why from (
        select w.key, v.name, 'the name' as why
        from desired.devices w, unnest(w.names) as n(name)
        join netbox.virtual_machines v on lower(v.name) = lower(n.name)
        union all
        select w.key, v.name, 'the address ' || w.ip
        from desired.devices w
        join netbox.ip_addresses a on a.host = w.ip and a.assigned_object_type = 'virtualization.vminterface'
        join netbox.vm_interfaces i on i.id = a.assigned_object_id
        join netbox.virtual_machines v on v.id = i.virtual_machine_id)
    group by key
),

summed as (
    select
        key,
        min(step) as step,
        count(distinct id) as candidates,
        min(id) as netbox_id,
        string_agg(distinct d.name || ' (' || ['id field', 'serial', 'name', 'primary IP', 'position'][step] || ')', ', ' order by d.name || ' (' || ['id field', 'serial', 'name', 'primary IP', 'position'][step] || ')') as found
    from hits join (select id, coalesce(name, 'device ' || id) as name from devices) d using (id)
    group by key
),

judged as (
    select
        w.key, w.source_id, w.name as wanted_name, w.not_imported,
        s.step, s.netbox_id,
        case
            when w.in_site_only and s.candidates = 1 and s.step = 3 and d.site_id is distinct from site.netbox_id
                then 'the NetBox device ' || d.name || ' is in another site (' || coalesce(other.name, 'none') || '); set the node''s site, or move one of them'
            when s.candidates > 1 then 'several NetBox devices could be this one: ' || s.found
            -- The one that the id field names is it; only the others are in doubt.
            when s.candidates = 1 and count(*) over (partition by s.netbox_id) > 1 and s.netbox_id is not null
                 and not (s.step = 1 and count(*) filter (where s.step = 1) over (partition by s.netbox_id) = 1)
                then 'several devices of this endpoint could be the NetBox device ' || s.found
            when coalesce(s.step, 3) >= 3 and v.name is not null
                then 'NetBox has a virtual machine of this name and no other evidence: ' || v.name
            when s.netbox_id is null and g.name is not null and w.not_imported is null
                then 'NetBox has ' || g.why || ' for a virtual machine: ' || g.name
            when s.netbox_id is null and count(*) over (partition by lower(w.name)) > 1 and w.name is not null
                then 'several devices of this endpoint have the name ' || w.name
        end as problem
    from desired.devices w
    left join summed s using (key)
    left join vm_namesakes v using (key)
    left join guests g using (key)
    left join devices d on d.id = s.netbox_id
    left join match.references site on site.owner_resource = 'devices' and site.owner_key = w.key and site.field = 'site'
    left join netbox.sites other on other.id = d.site_id
)

select
    j.key, j.source_id,
    case when j.problem is null then j.netbox_id end as netbox_id,
    coalesce(d.name, j.wanted_name) as name,
    j.step,
    j.problem,
    -- The device's place in NetBox, which VLAN groups are chosen by.
    d.site_id, d.location_id, d.rack_id, d.cluster_id, d.last_updated
from judged j
left join devices d on d.id = j.netbox_id and j.problem is null
