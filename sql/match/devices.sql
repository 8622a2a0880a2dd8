-- Which NetBox device each desired device is. Key: the desired device. Each has one settled pair
-- (sql/match/device_pairs.sql), or all are in sql/match/device_exceptions.sql. step: the best of the evidence.
-- candidate_ids: with a problem, all possible devices.
-- Only with rows of desired.devices.
with found as (
    from match.device_exceptions
    union all
    select key, id, step, null, null from match.device_pairs
    where settled and key not in (select key from match.device_exceptions)
)

select
    w.key, w.source_id, f.netbox_id, coalesce(d.name, w.name) as name, f.step, f.problem, f.candidate_ids,
    -- The device's location in NetBox, by which VLAN groups are chosen.
    d.site_id, d.location_id, d.rack_id, d.cluster_id, d.last_updated
from found f
join desired.devices w using (key)
left join netbox.devices d on d.id = f.netbox_id
