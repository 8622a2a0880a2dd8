-- The devices, each in the site and room of its rack. The serial number is the identity: it stays when a device is
-- renamed or moved.
select i.serial as id, i.name, s.name as site, r.room as location, i.rack, i.role, i.manufacturer,
    i.model as device_type, i.serial, i.status
from inventory i
left join racks r using (rack)
left join sites s on s.code = r.site
