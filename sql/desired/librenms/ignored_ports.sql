-- Ports whose interface name the configuration leaves out, with the rule that does it. Key: port_id.
select p.port_id, d.key as device, if(coalesce(n.name_field, settings.interface_name_field) = 'ifDescr',
        trimmed(p.ifDescr), trimmed(p.ifName)) as name, min(f.option) as option, min_by(f.pattern, f.option) as pattern
from librenms.ports p
join librenms.devices dev using (device_id)
join desired.devices d on d.source_id = dev.device_id::varchar
join config.interface_filters f on f.os is null or f.os = dev.os
cross join config.endpoint settings
left join config.name_fields n on n.os = dev.os
where not coalesce(p.deleted, false)
  and regexp_full_match(if(coalesce(n.name_field, settings.interface_name_field) = 'ifDescr', trimmed(p.ifDescr),
      trimmed(p.ifName)), f.pattern, 'i')
group by all
