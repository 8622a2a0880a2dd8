-- Cables that NetBox has between two interfaces of this endpoint's devices, and no neighbour is seen at either end.
-- Key: the cable's id and ends. A delete needs policy, ownership and complete evidence from both devices.
with settings as (from config.endpoint),
ends as (
    select e.cable_id, e.side, e.id, e.label, n.owner
    from match.cable_ends e
    left join match.interface_names n on n.type = e.type and n.netbox_id = e.id
),
between as (
    select cable_id,
        string_agg(label, ', ' order by label) filter (side = 'A') as a_label,
        string_agg(label, ', ' order by label) filter (side = 'B') as b_label,
        '[' || string_agg(typed_existing('dcim.interface', id, label), ',' order by id) filter (side = 'A') || ']' as a,
        '[' || string_agg(typed_existing('dcim.interface', id, label), ',' order by id) filter (side = 'B') || ']' as b,
        min(owner) filter (side = 'A') as a_owner, min(owner) filter (side = 'B') as b_owner
    from ends group by cable_id
    having bool_and(owner is not null) and count(distinct side) = 2
),
-- Ends at which a neighbour is seen have a row or are in sync.
seen as (
    select a.netbox_id as id from match.cables union select b.netbox_id from match.cables
    union
    select n.netbox_id from match.neighbours s join match.interface_names n on n.resource = 'interfaces' and n.key = s.interface
),
gone as (
    select c.*, b.* exclude (cable_id)
    from between b join netbox.cables c on c.id = b.cable_id
    where c.id not in (select cable_id from ends where id in (select id from seen where id is not null))
),
unproven as (
    select g.id, string_agg(distinct u.reason, '; ' order by u.reason) as reason
    from gone g join desired.unproven u on u.resource = 'cables' and u.owner in ('*', g.a_owner, g.b_owner)
    group by g.id
),
judged as (
    select g.*, u.reason as unproven, settings.system_name,
        g.id in (select netbox_id from ledger.created where object_type = 'dcim/cables' and endpoint = settings.endpoint) as created_here,
        'cables' in (select resource from config.may_delete) as may_delete,
        'cables' in (select resource from config.may_delete_unowned) as may_delete_unowned
    from gone g cross join settings left join unproven u using (id)
),
decided as (
    select *,
        case when not may_delete and not may_delete_unowned then 'drifted'
             when not created_here and not may_delete_unowned then 'drifted'
             when unproven is not null then 'blocked'
             else 'delete' end as action,
        system_name || ' sees no neighbour at either end' || case
             when not may_delete and not may_delete_unowned then '; policies.delete does not name cables'
             when not created_here and not may_delete_unowned then ', but netbox-sync did not create it (policies.delete_unowned)'
             when unproven is not null then ', but that is no evidence: ' || unproven
             else '' end as reason
    from judged
)
select 'cables' as resource, 'cable ' || id || ': ' || a_label || ' <-> ' || b_label as key, a_owner as parent, 'dcim/cables' as object_type,
       id as netbox_id, null::varchar as target, last_updated, action, reason,
       case when action = 'delete' then holding([
           gone_field('a_terminations', a), gone_field('b_terminations', b),
           gone_field('status', to_json(status)::varchar), gone_field('type', to_json(nullif(type, ''))::varchar),
           gone_field('label', to_json(nullif(label, ''))::varchar)])
       else [] end as fields
from decided
