"""The kinds of NetBox objects that are compared, and what the defaults of policies say of them.

Apart from the models of the configuration: most commands need these names, and pydantic takes a tenth of a second.
"""

from __future__ import annotations

# The resources in the order in which they are applied; deletes run in reverse.
RESOURCES = (
    "tags",
    "custom_fields",
    "manufacturers",
    "device_types",
    "module_types",
    "device_roles",
    "platforms",
    "sites",
    "cluster_types",
    "clusters",
    "devices",
    "virtual_chassis",
    "virtual_chassis_members",
    "virtual_chassis_masters",
    "virtual_machines",
    "module_bays",
    "modules",
    "vlans",
    "interfaces",
    "vm_interfaces",
    "mac_addresses",
    "primary_macs",
    "prefixes",
    "ip_addresses",
    "primary_ips",
    "cables",
    "virtual_disks",
    "contact_assignments",
    "storages",
    "backups",
    "snapshots",
    "tasks",
    "replications",
)
PREREQUISITES = RESOURCES[: RESOURCES.index("clusters")]
ACTIONS = ("create", "update", "delete")
# One year. Older approvals must be repeated.
MAX_APPROVAL_HOURS = 8_784

# Fields that keep a value that someone else set in NetBox, unless `owns` names them.
UNOWNED_FIELDS = (
    "name",
    "status",
    "site",
    "location",
    "scope",
    "role",
    "platform",
    "tenant",
    "vrf",
    "description",
    "comments",
)
