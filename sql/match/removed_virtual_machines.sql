-- NetBox's virtual machines with an id of this cluster (a vmid, a container's name) that the source no longer lists.
-- Shape: match.removed in sql/match/tables.sql; guest: the id with its word.
-- Only with rows of config.endpoint, netbox.virtual_machines WHERE cluster_field IS NOT NULL.
with settings as (from config.endpoint),
claims as (
    select v.*, held_guest(v.cf, s.id_field) as held_id,
        s.id_word || ' ' || held_guest(v.cf, s.id_field) as guest
    from netbox.virtual_machines v cross join settings s
    where s.cluster_field is not null
      and lower(held_cluster(v.cf, s.cluster_field)) = lower(s.id_scope)
)
select 'virtual_machines' as resource, 'virtualization/virtual-machines' as object_type, v.id, v.last_updated,
    v.name || ' [' || v.guest || ']' as key, v.name as parent, [v.guest] as owners,
    []::struct(type varchar, id bigint)[] as above,
    because('guest_no_longer_in_source', {guest: v.guest, system: s.system_name}) as fact,
        if(v.status = s.missing_guests, 'done', s.missing_guests) as way,
    'missing_guests is ' || s.missing_guests as note, null::varchar as held, true as said_unproven, v.guest
from claims v cross join settings s
where v.held_id is not null
  and v.held_id not in (select source_id from desired.listed_guests where source_id is not null)
  and v.id not in (select netbox_id from match.virtual_machines where netbox_id is not null)
