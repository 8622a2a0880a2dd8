-- Cables at whose ends no neighbour is seen (sql/match/removals.sql). Key: the cable's id and ends.
-- Only with rows of match.removals WHERE object_type = 'dcim/cables' AND action = 'delete'.
with ends as (
    select cable_id,
        '[' || string_agg(typed_existing('dcim.interface', id, label), ',' order by id) filter (side = 'A') || ']' as a,
        '[' || string_agg(typed_existing('dcim.interface', id, label), ',' order by id) filter (side = 'B') || ']' as b
    from match.cable_ends where cable_id in (select id from match.removals where object_type = 'dcim/cables')
    group by cable_id
)
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       non_empty([
           removed_field('a_terminations', e.a), removed_field('b_terminations', e.b),
           removed_field('status', to_json(c.status)::varchar),
           removed_field('type', to_json(nullif(c.type, ''))::varchar),
           removed_field('label', to_json(nullif(c.label, ''))::varchar)]) as fields
from match.removals r
join netbox.cables c on c.id = r.id
left join ends e on e.cable_id = r.id
where r.object_type = 'dcim/cables' and r.action = 'delete'
