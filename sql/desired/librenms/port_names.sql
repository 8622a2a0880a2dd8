-- Only with rows of desired.cables.
-- Other names by which a neighbour may call a port: LLDP and CDP give ifName, ifDescr or neither. Only of words
-- that neighbours use. Key: interface + name.
with words as (
    select distinct lower(remote_port) as word from desired.cables where remote_interface is null
)
select distinct i.key as interface, i.device, lower(n.name) as name
from librenms.ports p
cross join unnest([p.ifName, p.ifDescr]) as n(name)
join words w on w.word = lower(n.name)
join desired.interfaces i on i.source_id = p.port_id::varchar
where lower(n.name) is distinct from lower(i.name)
