-- Adds to desired.incomplete_scopes.
-- Only with rows of config.gaps.
-- What the endpoint's gaps leave unproven, by the evidence that each call is. Key: resource + owner.
-- The owner of a guest or container that is no longer listed is "vmid 105" or "container web". What holds for a stack
-- holds for its members.
with owners as (
    select source_id, key from desired.devices where source_id is not null
    union
    select d.source_id, m.key from desired.stack_members m
    join desired.devices d on d.key = m.device where not m.is_master
    union
    select source_id, key from desired.virtual_machines
)
select distinct resource, case when wide or part = '*' then '*' else o.key end as owner, reason
from (select scope, part, wide, reason, unnest(proves) as resource from config.gaps) g
left join owners o on o.source_id = g.part and not g.wide and g.part <> '*'
where wide or part = '*' or o.key is not null
union
select distinct 'virtual_machines', settings.id_word || ' ' || part, reason
from config.gaps cross join config.endpoint settings
where not wide and part <> '*' and list_contains(proves, 'virtual_machines')
