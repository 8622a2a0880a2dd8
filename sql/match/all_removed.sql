-- All NetBox objects without a counterpart in the source, as the files of each kind find them. Key: object_type + id.
-- Shape: match.removed in sql/match/tables.sql.
-- Only with rows of match.removed_interfaces; match.removed_ip_addresses; match.removed_mac_addresses;
--   match.removed_virtual_machines; match.removed_vm_interfaces; match.removed_virtual_disks; match.removed_cables;
--   match.removed_modules; match.removed_devices; match.removed_records; match.removed_contact_assignments.
from match.removed
union all by name from match.removed_interfaces
union all by name from match.removed_ip_addresses
union all by name from match.removed_mac_addresses
union all by name from match.removed_virtual_machines
union all by name from match.removed_vm_interfaces
union all by name from match.removed_virtual_disks
union all by name from match.removed_cables
union all by name from match.removed_modules
union all by name from match.removed_devices
union all by name from match.removed_records
union all by name from match.removed_contact_assignments
