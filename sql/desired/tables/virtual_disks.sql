-- The rows of virtual_disks.sql in NetBox's terms, sizes in MB. Key: virtual machine + disk.
-- Only with rows of tables.virtual_disks.
select
    v.key || ' ' || d.name as key,
    v.key as virtual_machine,
    d.name,
    d.size,
    described(coalesce(d.description, ''), 200) as description,
    name_problem(d.name, 64) as problem
from tables.virtual_disks d
join desired.virtual_machines v on v.source_id = d.virtual_machine
