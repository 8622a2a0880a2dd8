-- Neighbours: the rows of cables.sql in NetBox's terms, one row per port and neighbour. remote_device is an id of
-- devices.sql, or the name that the neighbour gives itself.
-- Only with rows of tables.cables.
select distinct
    i.key as interface,
    r.key as remote_device,
    coalesce(r.name, usable_name(c.remote_device)) as remote_name,
    ri.key as remote_interface,
    usable_name(c.remote_interface) as remote_port
from tables.cables c
join desired.devices d on d.source_id = c.device
join desired.interfaces i on i.device = d.key and i.name = c.interface
left join desired.devices r on r.source_id = c.remote_device
left join desired.interfaces ri on ri.device = r.key and ri.name = c.remote_interface
