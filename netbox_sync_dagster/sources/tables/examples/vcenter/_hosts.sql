-- The hosts with their identity: the serial number, or the name where that is a placeholder or of several hosts.
select *, if("Serial number" = '' or same_serial > 1 or regexp_matches(lower("Serial number"),
    '^(none|n/?a|not (specified|available|applicable)|default string|system serial number|to be filled.*|[0. -]*)$'),
    null, "Serial number") as serial,
    coalesce(serial, "Host") as id
from (select *, count(*) over (partition by "Serial number") as same_serial from vhost)
