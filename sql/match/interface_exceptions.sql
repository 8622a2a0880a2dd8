-- Which NetBox interface each desired interface is, where the pair of one name is not settled.
-- Key: desired interface (device + name). On the matched device, else on another one of its stack: the custom field
-- that holds the source's id, else the exact name, else the short or long form of the name. previous_id: what it was paired with.
with settings as (from config.endpoint),

actual as not materialized (
    select netbox_id as id, device_id, name, claim, settled from match.interface_pairs where netbox_id is not null
),

unsettled as materialized (
    select p.*, w.problem, w.problem_action
    from (from match.interface_pairs where key is not null and not settled) p
    join desired.interfaces w on w.key = p.key
),
-- Where each is looked for: on its own device, else on another one of its stack.
places as materialized (
    select key, source_id, name, problem, device_id, 0 as away from unsettled where device_id is not null
    union all
    select w.key, w.source_id, w.name, w.problem, h.netbox_id, 10 from unsettled w join match.housings h on h.key = w.device
),
by_name as materialized (
    select w.key, a.id, 2 + away as step
    from places w join actual a on a.device_id = w.device_id and a.name = w.name
    where w.problem is null
),
unnamed as materialized (
    select * from places where problem is null and key not in (select key from by_name)
),
by_alias as materialized (
    select w.key, a.id, 3 + away as step
    from unnamed w
    join (select *, interface_alias(name) as alias from actual where device_id in (select device_id from unnamed)) a
        on a.device_id = w.device_id and a.alias = interface_alias(w.name)
),

-- A settled pair is in doubt where another NetBox interface of the device holds its id, or another port means the
-- same NetBox interface.
doubted as materialized (
    select p.*
    from match.interface_pairs p
    join actual stray on stray.claim = p.source_id and stray.device_id = p.device_id and not stray.settled
    where p.settled
    union
    select p.*
    from match.interface_pairs p
    where p.settled and p.netbox_id in (select id from by_name union select id from by_alias)
),
wanted as materialized (
    from unsettled union all by name from doubted
),
by_id_field as (
    select w.key, a.id, 1 + away as step
    from (from places union all select key, source_id, name, null, device_id, 0 from doubted) w
    join actual a on a.claim = w.source_id and a.device_id = w.device_id
),

best as (
    select key, min(step) as step, count(distinct id) as candidates, min(id) as netbox_id
    from (
        select * from (from by_id_field union all from by_name union all from by_alias
                       union all select key, netbox_id, 2 from doubted)
        qualify step = min(step) over (partition by key)
    )
    group by key
),

-- The source's id on an interface of another device, where this device has no such interface.
homeless as materialized (
    select key, source_id, device_id from places
    where source_id is not null and key not in (select key from best)
),
elsewhere as (
    select w.key, string_agg(distinct coalesce(d.name, 'device ' || d.id) || ' ' || a.name, ', ' order by coalesce(d.name, 'device ' || d.id) || ' ' || a.name) as place
    from homeless w
    join (select i.device_id, i.name, source_claim(i.cf, settings.id_field, settings.id_scope, settings.only_of_its_kind) as claim
          from netbox.interfaces i, settings where contains(i.cf, settings.id_field)) a
        on a.claim = w.source_id and a.device_id <> w.device_id
    join netbox.devices d on d.id = a.device_id
    group by w.key
),

taken as (
    select netbox_id from best group by netbox_id having count(*) > 1
),

judged as (
    select w.*, b.netbox_id as best_id,
        case when w.problem is not null then w.problem_action
             when e.place is not null or b.candidates > 1 or t.netbox_id is not null then 'conflict' end as action,
        case when w.problem is not null then w.problem
             when e.place is not null then 'port ' || w.source_id || ' of ' || w.device || ' is ' || e.place || ' in NetBox'
             when b.candidates > 1 then b.candidates || ' NetBox interfaces of this device could be it'
             when t.netbox_id is not null then 'several ports of the source could be this NetBox interface' end as reason
    from wanted w
    left join best b on b.key = w.key
    left join elsewhere e on e.key = w.key
    left join taken t on t.netbox_id = b.netbox_id
)

select
    key, device, name, mac,
    if(reason is null, best_id, null) as netbox_id,
    if(reason is null, null, best_id) as candidate_id,
    action as problem_action,
    reason as problem,
    if(settled, netbox_id, null) as previous_id
from judged
