-- Keeps the rows of one device, guest or container ($resource, $id: the source's id), and what they need.
-- A removed one has its id in its rows' keys: "sw1 (gone, id 5)", "web [vmid 101]".
with recursive members as (
    select key as parent from desired.virtual_machines
    where $resource = 'virtual_machines' and source_id = $id
    union
    select key from desired.devices where $resource = 'devices' and source_id = $id
    union
    select m.key from desired.stack_members m join desired.devices d on d.key = m.device
    where $resource = 'devices' and d.source_id = $id
),
resources as (
    select unnest(case when $resource = 'devices'
        then ['devices', 'virtual_chassis', 'virtual_chassis_members', 'virtual_chassis_masters', 'interfaces',
              'mac_addresses', 'primary_macs', 'ip_addresses', 'primary_ips', 'prefixes', 'module_bays', 'modules',
              'cables', 'contact_assignments']
        else ['virtual_machines', 'vm_interfaces', 'mac_addresses', 'primary_macs', 'ip_addresses', 'primary_ips',
              'virtual_disks', 'contact_assignments'] end) as resource
),
-- The name of a member in NetBox, with which the labels of its interfaces begin.
names as (
    select parent as name from members
    union
    select d.name from desired.matched_devices d join members m on m.parent = d.key
),
removed as (
    select if($resource = 'devices', ' (gone, id ' || $id || ')', ' [' || id_word || ' ' || $id || ']') as mark,
        ' [' || id_word || ' ' as any_mark
    from config.endpoint
),
kept as (
    select r.resource, r.key from diff.rows r cross join removed
    where r.resource in (from resources) and r.parent in (from members) and not contains(r.key, removed.any_mark)
    union
    select r.resource, r.key from diff.rows r cross join removed where contains(r.key, removed.mark)
    union
    -- A cable belongs to the device at its first end; this one may be at the other.
    select r.resource, r.key from diff.rows r join names n on contains(r.key, ' <-> ' || n.name || ' ')
    where r.resource = 'cables' and $resource = 'devices'
    union
    select n.needs_resource, n.needs_key from diff.dependencies n join kept k
        on n.resource = k.resource and n.key = k.key
)
delete from diff.rows where (resource, key) not in (select (resource, key) from kept)
