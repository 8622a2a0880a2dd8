-- The rows of vlans.sql in NetBox's terms. Key: owner + VID. VLANs that only an interface carries are in
-- desired.carried_vids.
-- Only with rows of tables.vlans.
select distinct if(v.device is not null, 'devices', 'clusters') as owner_resource,
    coalesce(d.key, c.key) as owner, v.vid, v.name, null::varchar as problem
from tables.vlans v
left join desired.devices d on d.source_id = v.device
left join desired.clusters c on lower(c.name) = lower(v.cluster)
