-- The far end of each port that sees a neighbour: one row per port and neighbour. An end is 'n<id>' for an interface
-- that NetBox has and 'k<key>' for one that this diff creates. The remote device: by the source's id, else by its
-- exact name, else by the first label of one of the two names, never of both, else by its address. The remote port: by
-- the source's id, else its name, its other names, its short or long name, in the source or, where the source does not
-- poll the device, in NetBox. A neighbour may also send a path (RouterOS: bridge1/ether1), a MAC address or an index:
-- then the only port with it that takes cables. problem: why there is no far end.
-- Only with rows of desired.cables.
with devices as (
    select d.key, m.netbox_id, coalesce(m.name, d.name, d.key) as label, m.problem,
        coalesce('n' || m.netbox_id, 'k' || d.key) as place, d.inactive and m.netbox_id is null as is_left_out,
        -- Names as given, without those that are the first label of another one.
        list_filter(d.names, lambda n: not list_contains(list_transform(d.names, lambda o: coalesce(short_name(o), '')),
            n)) as names
    from desired.devices d join match.devices m using (key)
),
places as (
    select place, key, netbox_id, label, problem from devices
    union all
    select 'n' || b.id, null, b.id, b.name, null from netbox.devices b
    where b.id not in (select netbox_id from devices where netbox_id is not null)
),
known_names as (
    select place, lower(u.name) as name, lower(short_name(u.name)) as label from devices, unnest(names) as u(name)
    union
    select 'n' || id, lower(name), lower(short_name(name)) from netbox.devices where name is not null
),

-- The remote device ---------------------------------------------------------------------------------------------
asked as (
    select distinct remote_name from desired.cables where remote_device is null and remote_name is not null
),
name_hits as (
    select a.remote_name, k.place, 1 as step from asked a join known_names k on k.name = lower(a.remote_name)
    union all
    select a.remote_name, k.place, 2 from asked a join known_names k on k.name = lower(short_name(a.remote_name))
    union all
    select a.remote_name, k.place, 2 from asked a join known_names k on k.label = lower(a.remote_name)
    union all
    -- A neighbour without a name sends an address.
    select a.remote_name, d.place, 3
    from asked a
    join desired.ip_addresses w on w.host = lower(a.remote_name) and w.owner_resource = 'devices'
    join devices d on d.key = w.owner
    where is_ip(a.remote_name)
    union all
    select a.remote_name, 'n' || i.device_id, 3
    from asked a
    join netbox.ip_addresses b on b.host = lower(a.remote_name) and b.assigned_object_type = 'dcim.interface'
    join netbox.interfaces i on i.id = b.assigned_object_id
    where is_ip(a.remote_name)
),
-- One that the source has disabled or ignores does not compete with others.
best_names as (
    select distinct remote_name, place
    from (select h.*, coalesce(d.is_left_out, false) as is_left_out
          from (from name_hits qualify step = min(step) over (partition by remote_name)) h
          left join devices d using (place))
    qualify not is_left_out or bool_and(is_left_out) over (partition by remote_name)
),
by_name as (
    select b.remote_name, count(*) as candidates, min(b.place) as place, list(p.label order by p.label)
        filter (p.label is not null) as found
    from best_names b join places p using (place) group by b.remote_name
),
machines as (
    select a.remote_name, min(v.name) as name
    from asked a join netbox.virtual_machines v
        on lower(v.name) in (lower(a.remote_name), lower(short_name(a.remote_name)))
    group by a.remote_name
),
links as (
    select row_number() over () as link, c.*, coalesce(d.place, case when n.candidates = 1 then n.place end) as place,
        n.candidates, n.found, v.name as machine
    from desired.cables c
    left join devices d on d.key = c.remote_device
    left join by_name n on n.remote_name = c.remote_name and c.remote_device is null
    left join machines v on v.remote_name = c.remote_name
),

-- A stack's ports are on its members.
families as (
    select d.key, coalesce(m.device, d.key) as stack
    from desired.devices d left join desired.stack_members m using (key)
),

-- The remote port --------------------------------------------------------------------------------------------------
ports as (
    select distinct l.place, l.remote_port, p.key as device, p.netbox_id, nullif(mac_address(l.remote_port), '') as mac,
        nullif(regexp_extract(l.remote_port, '^[A-Za-z][^/]*/(.*/)?([A-Za-z][^/]*)$', 2), '') as path_end
    from links l join places p using (place)
    where l.remote_interface is null and l.remote_port is not null
),
-- All devices of a virtual chassis show their ports under one name.
chassis_devices as (
    select p.place, p.remote_port, p.mac, p.path_end, coalesce(other.id, p.netbox_id) as netbox_id
    from ports p
    left join netbox.devices d on d.id = p.netbox_id
    left join netbox.devices other on other.virtual_chassis_id = d.virtual_chassis_id
    where p.netbox_id is not null
),
candidates as (
    select p.place, p.remote_port, i.key, null::bigint as id, i.name, if(i.name = p.remote_port, 1, 3) as step
    from ports p join families f on f.stack = p.device
    join (from desired.interfaces where device in (select f.key from families f join ports p on f.stack = p.device)) i
        on i.device = f.key and interface_alias(i.name) = interface_alias(p.remote_port)
    union all
    select p.place, p.remote_port, n.interface, null, null, if(n.is_index, 10, 2)
    from ports p join families f on f.stack = p.device
    join desired.port_names n on n.device = f.key and n.name = lower(p.remote_port)
    union all
    select h.place, h.remote_port, null, i.id, i.name, if(i.name = h.remote_port, 4, 5)
    from chassis_devices h
    join (from netbox.interfaces where device_id in (select netbox_id from chassis_devices)) i
        on i.device_id = h.netbox_id and interface_alias(i.name) = interface_alias(h.remote_port)
    union all
    select p.place, p.remote_port, i.key, null, i.name, if(i.name = p.path_end, 6, 8)
    from ports p join families f on f.stack = p.device
    join desired.interfaces i on i.device = f.key and (i.name = p.path_end or i.mac = p.mac)
    where coalesce(p.path_end, p.mac) is not null
      and coalesce(i.mapped_type, i.natural_type) not in ('virtual', 'bridge', 'lag')
    union all
    select h.place, h.remote_port, null, i.id, i.name, 7
    from chassis_devices h join netbox.interfaces i on i.device_id = h.netbox_id and i.name = h.path_end
    where i.type not in ('virtual', 'bridge', 'lag')
    union all
    select h.place, h.remote_port, null, i.id, i.name, 9
    from chassis_devices h join netbox.interfaces i on i.device_id = h.netbox_id
    join netbox.mac_addresses m on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = i.id
        and upper(m.mac_address) = h.mac
    where i.type not in ('virtual', 'bridge', 'lag')
),
port_hits as (
    select place, remote_port, count(*) as candidates, min(key) as key, min(id) as id
    from (select distinct place, remote_port, key, id, step from candidates
          qualify step = min(step) over (partition by place, remote_port))
    group by all
),

interfaces as (
    select key, coalesce('n' || netbox_id, 'k' || key) as "end", label, problem from match.interface_names
    where resource = 'interfaces'
      and key in (select interface from links union all select remote_interface from links union all select key
          from port_hits)
),
evaluated as (
    select
        l.*, p.label as remote_label, p.problem as remote_problem,
        coalesce(r.end, h.end, 'n' || ports.id) as remote_end,
        coalesce(l.remote_interface, ports.key) is not null or ports.id is not null as port_known,
        ports.candidates as port_candidates
    from links l
    left join places p using (place)
    left join port_hits ports on ports.place = l.place and ports.remote_port = l.remote_port
        and l.remote_interface is null
    left join interfaces r on r.key = l.remote_interface
    left join interfaces h on h.key = ports.key and ports.candidates = 1
),

found as (
    select
        j.interface, here.end as local_end, here.label as local_label, home.place as local_place, j.place,
        coalesce(j.remote_label, j.remote_name, 'an unknown device') || coalesce(' ' || j.remote_port, '') as seen,
        case when coalesce(j.port_candidates, 1) = 1 and j.remote_end <> here.end then j.remote_end end as remote_end,
        j.remote_end = here.end as is_itself,
        case when j.place is null and j.candidates > 1
                 then conflict('several_remote_devices', {name: j.remote_name, devices: j.found})
             when j.place is null and j.remote_name is null then blocked('neighbour_without_name')
             when j.place is null and j.machine is not null
                 then blocked('remote_device_is_virtual_machine', {name: j.machine})
             when j.place is null
                 then blocked('remote_device_unknown', {name: j.remote_name, system: settings.system_name})
             when j.port_candidates > 1
                 then conflict('several_remote_ports',
                     {device: j.remote_label, port: j.remote_port, candidates: j.port_candidates})
             when not j.port_known and j.remote_port is null
                 then blocked('neighbour_without_port', {device: j.remote_label})
             when not j.port_known then blocked('remote_port_unknown', {device: j.remote_label, port: j.remote_port})
             when j.remote_end is null then blocked('remote_device_not_in_netbox',
                 {device: j.remote_label, because: j.remote_problem})
             when j.remote_end = here.end then blocked('neighbour_is_itself', {interface: here.label})
        end as problem
    from evaluated j
    -- Links of a device that is not written are covered by that device's row.
    join interfaces here on here.key = j.interface
    join desired.interfaces i on i.key = j.interface
    join families f on f.key = i.device
    join devices home on home.key = f.stack
    cross join config.endpoint settings
),
-- The devices that are known to be at an end, seen from there or from the far side.
met as (
    select local_end as "end", place from found where remote_end is not null
    union
    select remote_end, local_place from found where remote_end is not null
)

-- Without links that another protocol, or the far side, describes better.
select f.* from found f
where f.remote_end is not null
   or not exists (from met where met.end = f.local_end and met.place = f.place)
