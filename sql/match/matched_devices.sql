-- Makes desired.matched_devices.
-- The matched devices, stored with the diff: over all endpoints they show which devices several endpoints have. Key:
-- desired device.
-- Only with rows of match.devices.
select key, source_id, name, netbox_id from match.devices where netbox_id is not null
