-- The contacts that the user's rules give (field contacts:<contact role>). Key: key. resource, owner: the object.
-- Contacts are found by name, contact roles by name or slug, ignoring case. problem: why there is no assignment.
-- netbox_id: the assignment that NetBox has.
-- Only with rows of match.contact_owners.
with given as (
    select resource, key as owner, stripped(value ->> '$') as contact, stripped(substr(field, 10)) as role,
        min(file) as rule
    from desired.rule_fields
    where starts_with(field, 'contacts:') and blank(value ->> '$') is not null
    group by all
),
contacts as (
    select lower(name) as word, count(*) as candidates, min(id) as id, min(name) as name
    from netbox.contacts group by lower(name)
),
roles as (
    select lower(word) as word, count(distinct id) as candidates, min(id) as id, min(name) as name
    from (select id, name, unnest([name, slug]) as word from netbox.contact_roles) group by lower(word)
),
-- Why contacts are not known; NULL: they are.
unread as (
    select coalesce(
        (select because('not_read', {text: string_agg(distinct reason, '; ' order by reason)}) from netbox.scopes
            where scope = 'table' and scope_id in ('contacts', 'contact_roles', 'contact_assignments')
            having count(*) > 0),
        case when not coalesce((select bool_or(contacts) from netbox.status), false)
            then because('netbox_read_before_contacts') end) as reason
),
looked_up as (
    select g.resource, g.owner, o.netbox_id as owner_id, o.name as owner_name, m.model,
        c.id as contact_id, coalesce(c.name, g.contact) as contact, r.id as role_id, coalesce(r.name, g.role) as role,
        case when u.reason is not null then blocked('contacts_unknown', {rule: g.rule, because: u.reason})
             when c.candidates is distinct from 1
                 then conflict('rule_names_no_contact', {rule: g.rule, kind: 'contact', word: g.contact})
             when r.candidates is distinct from 1
                 then conflict('rule_names_no_contact', {rule: g.rule, kind: 'contact role', word: g.role})
        end as problem
    from given g
    join match.contact_owners o on o.resource = g.resource and o.key = g.owner
    join config.models m on m.resource = g.resource
    cross join unread u
    left join contacts c on c.word = lower(g.contact)
    left join roles r on r.word = lower(g.role)
)
select rtrim(replace(l.resource, '_', ' '), 's') || ' ' || l.owner || ': ' || l.contact || ' (' || l.role || ')' as key,
    l.* exclude (problem), a.id as netbox_id, l.problem
from (
    -- Two rules may spell a name differently.
    select distinct on (resource, owner, lower(contact), lower(role)) * from looked_up
    order by resource, owner, lower(contact), lower(role), problem, contact, role
) l
left join netbox.contact_assignments a on l.problem is null and a.object_type = l.model and a.object_id = l.owner_id
    and a.contact_id = l.contact_id and a.role_id = l.role_id
