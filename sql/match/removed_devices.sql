-- Devices that the source no longer shows: those that carry this endpoint's id and are no device of the source under
-- another id, and members of a virtual chassis. They are shown and never deleted: a device that disappeared from
-- monitoring may still be in its rack, and only a person removes a member.
-- Shape: match.removed in sql/match/tables.sql.
-- Only with rows of netbox.devices.
with settings as (from config.endpoint),
claimed as (
    select d.id, coalesce(d.name, 'device ' || d.id) as name, d.last_updated, s.system_name,
        source_claim(d.cf, s.node_field, s.id_scope, false) as claim
    from netbox.devices d cross join settings s
)
select 'devices' as resource, 'dcim/devices' as object_type, g.id, g.last_updated, g.name || ' (gone, id ' || g.claim
    || ')' as key,
    g.name as parent, [g.name] as owners, []::struct(type varchar, id bigint)[] as above,
    because('no_longer_in_source', {system: g.system_name}) as fact, 'leave' as way,
        'devices are never deleted by a sync' as note,
    null::varchar as held, true as said_unproven
from claimed g
where g.claim is not null
  and g.claim not in (select source_id from desired.devices where source_id is not null)
  and g.id not in (select netbox_id from match.devices where netbox_id is not null)
union all
select 'virtual_chassis_members', 'dcim/devices', a.id, a.last_updated, v.name || ': '
    || coalesce(a.name, 'device ' || a.id),
    v.key, [v.key], [], because('no_such_member', {system: s.system_name, stack: v.key}), 'leave', null, null, true
from match.virtual_chassis v
join netbox.devices a on a.virtual_chassis_id = v.netbox_id
cross join settings s
where a.id not in (select netbox_id from match.devices where netbox_id is not null)
