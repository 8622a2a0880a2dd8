-- Contact assignments that this product created and no rule gives now. Shape: match.removed in sql/match/tables.sql.
-- What people assigned is not among them. A contact or role that a rule names and NetBox does not have may be the one
-- of an assignment, under another name: then nothing of the object is removed.
-- Only with rows of netbox.contact_assignments.
with ours as (
    select distinct netbox_id from ledger.created
    where object_type = 'tenancy/contact-assignments' and endpoint in (select endpoint from config.same_source)
)
select 'contact_assignments' as resource, 'tenancy/contact-assignments' as object_type, a.id, a.last_updated,
    rtrim(replace(o.resource, '_', ' '), 's') || ' ' || o.key || ': ' || coalesce(c.name, 'contact ' || a.contact_id)
        || ' (' || coalesce(r.name, 'role ' || a.role_id) || ') (id ' || a.id || ')' as key,
    o.key as parent, [o.key] as owners, [{'type': m.object_type, 'id': o.netbox_id}] as above,
    because('no_rule_gives_contact') as fact, 'delete' as way, null::varchar as note, null::varchar as held,
    true as said_unproven
from netbox.contact_assignments a
join ours on ours.netbox_id = a.id
join config.models m on m.model = a.object_type
join match.contact_owners o on o.resource = m.resource and o.netbox_id = a.object_id
left join netbox.contacts c on c.id = a.contact_id
left join netbox.contact_roles r on r.id = a.role_id
where a.id not in (select netbox_id from match.contact_assignments where netbox_id is not null)
  and not exists (from match.contact_assignments g
      where g.resource = o.resource and g.owner = o.key and g.problem is not null)
