-- The disks.
select "VM UUID" as virtual_machine, "Disk" as name, replace("Capacity MiB", ',', '')::bigint as size
from vdisk
where lower("Template") <> 'true'
