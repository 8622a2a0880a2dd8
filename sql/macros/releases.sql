-- Macros for what a release of NetBox has.

-- NetBox's release as a number that can be compared: '4.6.8' -> 406.
create or replace macro release_number(version) as
    try_cast(regexp_extract(version, '^v?([0-9]+)\.([0-9]+)', 1) as integer) * 100
    + try_cast(regexp_extract(version, '^v?([0-9]+)\.([0-9]+)', 2) as integer);

-- The release of the target NetBox, as such a number.
create or replace macro target_release() as (select release_number(any_value(netbox_version)) from netbox.status);
-- Whether its virtual machines may be paused; by the release if it does not list its choices.
create or replace macro target_has_paused() as coalesce(
    (select bool_or(value = 'paused') from netbox.choices where model = 'virtualization.virtualmachine'
        and field = 'status'),
    target_release() >= 406);
