-- Only with rows of config.gaps WHERE unseen AND len(decides) > 0.
-- What cannot be decided while rows are out of sight: a change that they could contradict stays a question. Key:
-- resource + owner. A row that was seen and could not be read hides nothing else.
with owners as (
    select source_id, key from desired.devices where source_id is not null
    union
    select d.source_id, m.key from desired.stack_members m
    join desired.devices d on d.key = m.device where not m.is_master
    union
    select source_id, key from desired.virtual_machines
)
select distinct resource, case when wide or part = '*' then '*' else o.key end as owner, reason
from (select part, wide, reason, unnest(decides) as resource from config.gaps where unseen) g
left join owners o on o.source_id = g.part and not g.wide and g.part <> '*'
where wide or part = '*' or o.key is not null
