-- NetBox interfaces on matched devices without a port in the source. Shape: match.removed in sql/match/tables.sql.
-- Only with rows of match.interface_pairs WHERE NOT settled.
with settings as (from config.endpoint),
unseen as (
    select netbox_id as id from match.interface_pairs where netbox_id is not null and not settled
    union
    -- A port had this interface by name, but matches another one.
    select previous_id from match.interface_exceptions where previous_id is not null
),
gone as (
    select i.*, d.key as device_key
    from netbox.interfaces i
    join match.devices d on d.netbox_id = i.device_id
    join desired.devices w on w.key = d.key and not w.inactive
    where i.id in (select id from unseen)
      and i.id not in (select netbox_id from match.interface_exceptions where netbox_id is not null)
),
bearing as (
    select unnest([lag_id, parent_id, bridge_id]) as id from netbox.interfaces
    where lag_id is not null or parent_id is not null or bridge_id is not null
),
addressed as (
    select distinct assigned_object_id as id from netbox.ip_addresses where assigned_object_type = 'dcim.interface'
)
select 'interfaces' as resource, 'dcim/interfaces' as object_type, g.id, g.last_updated, g.device_key || ' '
    || g.name as key,
    g.device_key as parent, [g.device_key] as owners, [{'type': 'dcim/devices', 'id': g.device_id}] as above,
    because('not_in_source', {system: s.system_name}) as fact,
    if(s.missing_interfaces = 'disable' and not g.enabled, 'done', s.missing_interfaces) as way,
    'missing_interfaces is ' || s.missing_interfaces as note,
    if(len(hanging) > 0, because('hangs_on_it', {what: hanging}), null) as held,
    s.shows_all_interfaces as said_unproven
from (
    select *, list_filter([
        if(cable_id is not null, 'a cable', null),
        if(module_id is not null, 'a module', null),
        if(mark_connected, 'a mark as connected', null),
        if(id in (select id from addressed), 'an IP address', null),
        if(id in (select id from bearing where id is not null), 'another interface', null)
    ], lambda one: one is not null) as hanging
    from gone
) g cross join settings s
-- If the source shows only configured interfaces, others are ignored.
where s.shows_all_interfaces or exists (
    from ledger.created c where c.object_type = 'dcim/interfaces' and c.netbox_id = g.id
        and c.endpoint in (select endpoint from config.same_source))
