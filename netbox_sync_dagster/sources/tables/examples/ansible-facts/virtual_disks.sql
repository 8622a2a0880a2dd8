-- The disks of virtual machines.
with disks as (
    select host, unnest(json_keys(facts -> '$.ansible_devices')) as name, facts -> '$.ansible_devices' as devices
    from facts where is_guest
),
sized as (
    select host, name, json_extract(devices, '$."' || name || '"') as disk from disks
)
select host as virtual_machine, name,
    (disk ->> '$.sectors')::bigint * (disk ->> '$.sectorsize')::bigint // 1048576 as size
from sized
where not regexp_matches(name, '^(loop|dm-|ram|zram|sr|fd|md)') and (disk ->> '$.sectors')::bigint > 0
