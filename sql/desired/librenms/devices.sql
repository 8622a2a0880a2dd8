-- LibreNMS devices in NetBox's terms, one row per device that LibreNMS shows.
-- Key: the name it has or gets in NetBox; source_id is LibreNMS's device_id.
with settings as materialized (from config.endpoint),

named as (
    select
        d.*,
        -- The order in which names are tried: sysName, then hostname, each as given and without its domain.
        list_filter([sys_name, short_name(sys_name), host_name, short_name(host_name)],
                    lambda n: n is not null) as names,
        nullif(nullif(d.location, '<private>'), '') as place
    from (select *, usable_name(sysName) as sys_name, usable_name(hostname) as host_name from librenms.devices) d
    where d.device_id not in (select device_id from desired.bmc_devices)
      and d.device_id not in (select device_id from desired.known_guests where is_synced)
),

-- What a new device is called, as configured.
called as materialized (
    select n.*,
        case when settings.strip_domain then coalesce(short_name(full_name), full_name) else full_name end as name
    from (select named.*, if(settings.device_name = 'hostname', coalesce(host_name, sys_name),
              coalesce(sys_name, host_name)) as full_name
          from named, settings) n, settings
),

-- Two devices that would get one name: the device id tells them apart, and the diff shows a conflict. Disabled and
-- ignored ones do not compete with others: LibreNMS often has a device twice, and people disable one of them.
keyed as (
    select *, if(disabled or ignore, count(*) over namesakes,
            count(*) filter (not (disabled or ignore)) over namesakes) as same_name
    from called window namesakes as (partition by lower(name))
),

decided as (
    select
        k.*,
        coalesce(case
            when disabled then blocked('device_disabled', {source: 'LibreNMS'})
            when ignore then blocked('device_ignored', {source: 'LibreNMS'})
            when name is null then blocked('no_device_name', {source: 'LibreNMS', first: 'sysName', second: 'hostname'})
        end, name_problem(name, 64), case
            when settings.import_devices = 'none' then blocked('import_is_off')
            when settings.import_devices = 'filter' and not (
                    (len(settings.import_location) = 0 or list_contains(settings.import_location, place))
                and (len(settings.import_type) = 0 or list_contains(settings.import_type, type))
                and (len(settings.import_os) = 0 or list_contains(settings.import_os, os))
                and (len(settings.import_hardware) = 0 or list_contains(settings.import_hardware, hardware))
                and (len(settings.import_group) = 0
                     or device_id in (select g.device_id from librenms.device_groups g
                         where list_contains(settings.import_group, g.name)))
                and (len(settings.import_hostname) = 0
                     or len(list_filter(settings.import_hostname, lambda p: regexp_full_match(hostname, p))) > 0)
            ) then blocked('outside_filter')
        end) as not_imported
    from keyed k, settings
)

select
    device_id::varchar as source_id,
    case when same_name > 1 or name is null
         then coalesce(name || ' ', '') || '(LibreNMS ' || device_id || ')' else name end as key,
    name,
    names,
    serial_number(serial) as serial,
    case when status then 'active' else 'offline' end as status,
    case when disabled or ignore then true else false end as inactive,
    blank(ip) as ip,
    to_json(device_id)::varchar as id_value,
    not_imported,
    false as in_site_only,
    -- What the references table resolves to NetBox objects.
    place,
    blank(hardware) as hardware,
    blank(os) as os,
    blank(type) as device_kind
from decided
