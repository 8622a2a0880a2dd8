-- LibreNMS ports in NetBox's terms. Key: device + interface name; source_id is LibreNMS's port_id.
-- speed in kbit/s, mtu in bytes. A port that cannot be one NetBox interface has a problem; the others continue.
-- Installations have a million ports: data that only few of them need are looked up separately, with few columns, and
-- each expensive test follows a cheap one.
-- The management controllers of hosts (sql/desired/librenms/bmcs.sql) are interfaces too.
-- Only with rows of librenms.ports; desired.bmcs.
with settings as (from config.endpoint),

-- Of a stack: position -> member.
stacks as (
    select device, map(list(position), list(key)) as members from desired.stack_members group by device
),
-- Devices whose inventory was to be read and was not, or only in part: which member a port is on is unknown.
unread as (
    select scope_id, any_value(reason) as reason from librenms.scopes
    where scope in ('inventory', 'short_inventory') and not complete group by scope_id
),
devices as (
    select dev.device_id, d.key as stack, s.members,
        coalesce(u.reason, everywhere.reason) as unread,
        coalesce(n.name_field, settings.interface_name_field) = 'ifDescr' as named_by_description
    from librenms.devices dev
    join desired.devices d on d.source_id = dev.device_id::varchar
    left join stacks s on s.device = d.key
    left join unread u on u.scope_id = d.source_id
    left join unread everywhere on everywhere.scope_id = '*'
    left join config.name_fields n on n.os = dev.os
    cross join settings
),

named as not materialized (
    select p.*, d.stack, d.members, d.unread, if(d.named_by_description, trimmed(p.ifDescr), trimmed(p.ifName)) as name
    from librenms.ports p
    join devices d using (device_id)
    cross join settings
    where not coalesce(p.deleted, false) and (settings.ignored_ports or not coalesce(p.ignore, false))
      and p.port_id not in (select port_id from desired.ignored_ports)
),
placed as not materialized (
    -- The member that the name says; logical ports are the master's.
    select *, case when members is null then stack else coalesce(members[member_number(name)], stack) end as device
    from named
),

namesakes as materialized (
    select device_id, name, count(*) as ports from named group by device_id, name having count(*) > 1
),

-- The highest mapped speed not above the port's, else the line without a speed. A line for propVirtual does not
-- apply to the Port-channels that IOS shows so.
mapped_types as (
    select p.port_id, arg_max(t.type, coalesce(t.speed, -1)) as type
    from named p join config.interface_types t
        on t.ifType = p.ifType and (t.speed is null or t.speed <= p.ifSpeed // 1000)
    where p.ifType in ('ieee8023adLag', 'bridge') or p.port_id not in (select port_id from desired.port_roles)
    group by p.port_id
),

-- LAGs, bridges and parents that port_stack shows (sql/desired/librenms/port_links.sql), by their keys.
others as (
    select p.port_id, p.device, p.name,
        if(n.ports is null, p.device || ' ' || p.name, p.device || ' ' || coalesce(p.name, '') || ' (port ' || p.port_id
            || ')') as key
    from placed p
    left join namesakes n on n.device_id = p.device_id and n.name is not distinct from p.name
    where p.port_id in (select other_id from desired.port_links)
),
linked as (
    select l.port_id,
        list(distinct o.key order by o.key) filter (l.kind = 'lag') as lags,
        list(distinct o.key order by o.key) filter (l.kind = 'bridge') as bridges,
        min(o.key) filter (l.kind = 'parent') as parent
    from desired.port_links l join others o on o.port_id = l.other_id
    where l.problem is null
    group by l.port_id
),

-- X.N lies on X, if the device has such a port, or X is a name like Gi0/0: port1.0.1 is a physical port.
units as materialized (
    select u.port_id, u.parent_name
    from (select port_id, device_id, regexp_replace(name, '\.[0-9]+$', '') as parent_name from named
          where contains(name, '.') and regexp_matches(name, '\.[0-9]+$')) u
    where contains(u.parent_name, '/') or (u.device_id, u.parent_name) in (select (device_id, name) from named)
),

ports as (
    select p.*,
        coalesce(s.ports, 1) as same_name,
        trimmed(p.ifAlias) as written,
        -- One test for both texts; which of them it is, is asked of the few.
        has_unseen(concat(p.name, p.ifAlias)) as unseen,
        u.parent_name
    from placed p
    left join units u using (port_id)
    left join namesakes s on s.device_id = p.device_id and s.name is not distinct from p.name
),
examined as (
    select p.*,
        coalesce(
            case when blank(p.name) is null then blocked('no_name', {source: 'LibreNMS', what: 'port ' || p.port_id})
                 when strlen(p.name) > 64 or p.unseen then name_problem(p.name, 64) end,
            case when p.same_name > 1
                     then conflict('same_name', {number: p.same_name, objects: 'ports', owner: 'device', name: p.name})
                 when p.unread is not null and member_number(p.name) > 1 and p.members[member_number(p.name)] is null
                     then blocked('stack_member_unknown', {because: because('not_read', {text: p.unread})}) end)
            as problem
    from ports p
)

select
    p.port_id::varchar as source_id,
    case when p.same_name > 1 then p.device || ' ' || coalesce(p.name, '') || ' (port ' || p.port_id || ')'
         else p.device || ' ' || coalesce(blank(p.name), '(port ' || p.port_id || ')') end as key,
    p.device,
    p.device_id::varchar as device_source_id,
    p.name,
    p.problem,
    mt.type as mapped_type,
    -- Without a mapping: the type for LibreNMS's ifType. Used for new interfaces, and if NetBox has 'other'.
    coalesce(mt.type, case
        when r.role is not null then r.role
        when p.ifType in ('softwareLoopback', 'propVirtual', 'l3ipvlan', 'l2vlan', 'tunnel', 'ipForward', 'serviceVprn')
            then 'virtual'
        when p.parent_name is not null then 'virtual'
        when p.ifType in ('ethernetCsmacd', 'gigabitEthernet', 'fastEther') then
            ethernet_type(p.ifSpeed // 1000000)
        else 'other' end) as natural_type,
    if(mt.type is null and r.role is null and p.parent_name is null, lt.type, null) as likely_type,
    case lower(p.ifAdminStatus) when 'up' then true when 'down' then false when 'testing' then false end as enabled,
    case when p.ifMtu between 1 and 65536 then p.ifMtu::integer end as mtu,
    -- 4294967295 is a 32-bit counter that ran full: the speed is unknown.
    case when p.ifSpeed is null or p.ifSpeed = 4294967295 or p.ifSpeed < 0 then null
         when p.ifSpeed // 1000 > 2147483647 then null else p.ifSpeed // 1000 end as speed,
    -- LibreNMS sets an empty ifAlias to the name: this is not a description.
    case when coalesce(p.written, '') = '' then ''
         when p.written in (trimmed(p.ifName), trimmed(p.ifDescr)) then ''
         when strlen(p.written) > 200 or p.unseen then described(p.written, 200)
         else p.written end as description,
    if(coalesce(p.ifPhysAddress, '') = '', '', mac_address(p.ifPhysAddress)) as mac,
    if(len(l.lags) = 1, l.lags[1], null) as lag,
    coalesce(p.device || ' ' || p.parent_name, l.parent) as parent_interface,
    if(len(l.bridges) = 1, l.bridges[1], null) as bridge,
    p.ifVrf as vrf_source_id,
    case when len(l.lags) > 1 then conflict('several_lags', {source: 'LibreNMS', lags: l.lags}) end as lag_problem,
    case when len(l.bridges) > 1
        then conflict('several_bridges', {source: 'LibreNMS', bridges: l.bridges}) end as bridge_problem,
    null::boolean as mgmt_only
from examined p
left join mapped_types mt using (port_id)
left join desired.port_roles r using (port_id)
left join desired.port_types lt using (port_id)
left join linked l using (port_id)
union all
select null, owner || ' ' || interface, owner, null, interface, problem, null, interface_type, null, null, null, null,
    null, mac, null, null, null, null, null, null, true
from desired.bmcs
where (owner, interface) not in (select (device, name) from placed where name is not null)
qualify row_number() over (partition by owner, interface order by name) = 1
