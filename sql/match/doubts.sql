-- NetBox objects that a row of the source in doubt could be: one in conflict, blocked, unreadable or left out. Every
-- candidate counts, by every witness (id, name in any form, MAC address, serial, address, position), and not only the
-- one that matching prefers. Such an object is neither deleted, disabled nor cleared, nor called removed, and neither
-- is what is on it (sql/match/removals.sql). Key: object_type + netbox_id, once per reason. shown: a row of this diff
-- is about the object already. One file per kind finds them: few comparisons have doubts of more than one.
-- Only with rows of match.doubted_devices; match.doubted_virtual_machines; match.doubted_interfaces;
--   match.doubted_vm_interfaces; match.doubted_modules; match.doubted_others.
from match.doubted_devices union all
from match.doubted_virtual_machines union all
from match.doubted_interfaces union all
from match.doubted_vm_interfaces union all
from match.doubted_modules union all
from match.doubted_others
