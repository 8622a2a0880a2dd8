-- NetBox interfaces of matched devices that no desired one is, settled or in doubt. Key: NetBox's id.
with held as (
    select netbox_id as id from match.interface_exceptions where netbox_id is not null
    union
    select unnest(candidate_ids) from match.interface_exceptions
),
unseen as (
    select netbox_id as id from match.interface_pairs where netbox_id is not null and not settled
    union
    -- A port had it by name, and is another interface after all.
    select previous_id from match.interface_exceptions where previous_id is not null
)
select i.*, d.key as device_key, d.name as device_name
from netbox.interfaces i
join match.devices d on d.netbox_id = i.device_id
join desired.devices w on w.key = d.key and not w.inactive
where i.id in (select id from unseen) and i.id not in (select id from held)
