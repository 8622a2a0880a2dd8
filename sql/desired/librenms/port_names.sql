-- Only with rows of desired.cables.
-- Other names by which a neighbour may call a port: LLDP and CDP give ifName, ifDescr, the ifIndex (ProCurve) or
-- neither. Only of words
-- that neighbours use. Key: interface + name.
with words as (
    select distinct lower(remote_port) as word from desired.cables where remote_interface is null
)
select i.key as interface, i.device, lower(n.name.word) as name, bool_and(n.name.is_index) as is_index
from librenms.ports p
cross join unnest([{word: p.ifName, is_index: false}, {word: p.ifDescr, is_index: false},
    {word: p.ifIndex::varchar, is_index: true}]) as n(name)
join words w on w.word = lower(n.name.word)
join desired.interfaces i on i.source_id = p.port_id::varchar
where lower(n.name.word) is distinct from lower(i.name)
group by all
