-- Makes desired.matched_devices.
-- The devices that NetBox has, kept with the diff: over all endpoints they say who is seen by several. Key: desired
-- device.
-- Only with rows of match.devices.
select key, source_id, name, netbox_id from match.devices where netbox_id is not null
