-- Coordinates of sites, by the policy site_coordinates. Key: slug. Nearer than 0.0001 degrees (11 m) is the same place.
-- Only with rows of desired.site_coordinates.
with settings as (from config.endpoint),
words as (
    select id, lower(name) as word from netbox.sites union select id, lower(slug) from netbox.sites
),
meant as (
    select c.*, w.id from desired.site_coordinates c join words w on w.word = lower(c.site)
    qualify count(*) over (partition by c.location) = 1
),
located as (
    select id, min(latitude) as latitude, min_by(longitude, latitude) as longitude,
        case when max(latitude) - min(latitude) > 0.0001 or max(longitude) - min(longitude) > 0.0001
             then conflict('locations_at_several_places', {locations: list(location order by location)}) end as problem
    from meant group by id
),
evaluated as (
    select s.slug, s.name, s.id, s.last_updated, l.problem,
        s.latitude is not null and s.longitude is not null as has_place,
        case when l.problem is null then differing([
            number_field('latitude', s.latitude, l.latitude), number_field('longitude', s.longitude, l.longitude)])
                else [] end as fields
    from located l join netbox.sites s using (id)
    where l.problem is not null or s.latitude is null or s.longitude is null
       or abs(s.latitude - l.latitude) > 0.0001 or abs(s.longitude - l.longitude) > 0.0001
)
select 'sites' as resource, slug as key, name as parent, 'dcim/sites' as object_type, id as netbox_id,
    null::varchar as target, last_updated,
       coalesce(action_of(cause), 'update') as action, cause as reason, fields
from (
    select evaluated.*, case when problem is not null then problem
        when has_place and settings.site_coordinates = 'set_if_empty' then drifted('other_coordinates') end as cause
    from evaluated cross join settings
    where settings.site_coordinates <> 'never'
        and not (has_place and problem is not null and settings.site_coordinates = 'set_if_empty')
)
