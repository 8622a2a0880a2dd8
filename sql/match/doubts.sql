-- NetBox objects that a doubtful row of the source could be: one in conflict, blocked, unreadable or skipped. Every
-- candidate counts, by every witness (id, name in any form, MAC address, serial, address, position), not only the one
-- that matching prefers. Such an object is never deleted, disabled, cleared or called removed, and neither is anything
-- on it (sql/match/removals.sql). Key: object_type + netbox_id, once per reason. shown: a row of this diff is about the
-- object already. One file per kind finds them: few comparisons have doubts about several kinds.
-- Only with rows of match.doubted_devices; match.doubted_virtual_machines; match.doubted_interfaces;
--   match.doubted_vm_interfaces; match.doubted_modules; match.doubted_others.
from match.doubted_devices union all
from match.doubted_virtual_machines union all
from match.doubted_interfaces union all
from match.doubted_vm_interfaces union all
from match.doubted_modules union all
from match.doubted_others
