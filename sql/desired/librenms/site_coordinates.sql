-- Coordinates of LibreNMS's locations, by the site that they mean. Key: location. 0/0 is where nobody is.
-- Only with rows of librenms.locations.
select l.location,
    coalesce(mapping('sites', l.location),
        l.location) as site,
    round(l.lat, 6) as latitude, round(l.lng, 6) as longitude
from librenms.locations l
where blank(l.location) is not null and l.lat between -90 and 90 and l.lng between -180 and 180
    and not (l.lat = 0 and l.lng = 0)
