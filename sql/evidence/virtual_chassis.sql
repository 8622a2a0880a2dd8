-- A stack with all its members; of a row about one member that member.
select 'desired.stack_members' as origin, 0 as place, to_json(m) as content from desired.stack_members m
where if($resource = 'virtual_chassis_members', m.key, m.device) = $key
