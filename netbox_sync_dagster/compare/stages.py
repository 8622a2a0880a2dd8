"""The comparison's SQL files in the order in which they run. Each later stage reads only earlier ones."""

from __future__ import annotations

# The fields of a row on its way through the stages: a reason holds the cause, its parameters and what it leads to in one
# text (compare/causes.py) until the row is written.
_FIELDS = "STRUCT(field VARCHAR, before VARCHAR, after VARCHAR, verdict VARCHAR, reason VARCHAR)[]"
# What a row of the source in doubt could be: one stage per kind finds it, match.doubts is all of them.
_DOUBTED = ("devices", "virtual_machines", "interfaces", "vm_interfaces", "modules", "others")
# What NetBox has and the source does not show: one stage per kind finds it, match.removals decides on all.
_REMOVED = (
    *("interfaces", "ip_addresses", "mac_addresses", "virtual_machines", "vm_interfaces", "virtual_disks"),
    *("cables", "modules", "devices", "records"),
)
# The files that make diff rows of the decisions -> the NetBox objects that they are about.
_MISSING = {
    "devices": ("dcim/devices", "dcim/modules"),
    "virtual_machines": ("virtualization/virtual-machines",),
    "interfaces": ("dcim/interfaces",),
    "vm_interfaces": ("virtualization/interfaces",),
    "mac_addresses": ("dcim/mac-addresses",),
    "ip_addresses": ("ipam/ip-addresses",),
    "cables": ("dcim/cables",),
    "virtual_disks": ("virtualization/virtual-disks",),
    "storages": ("plugins/proxbox/storage",),
    "backups": ("plugins/proxbox/backups",),
    "snapshots": ("plugins/proxbox/snapshots",),
    "tasks": ("plugins/proxbox/task-history",),
    "replications": ("plugins/proxbox/replications",),
}
# (schema.table, file): matching and diff by turns, because a VLAN is looked for where its device is.
COMPARE: tuple[tuple[str, str], ...] = (
    ("match.references", "match/references.sql"),
    ("match.clusters", "match/clusters.sql"),
    ("match.devices", "match/devices.sql"),
    ("desired.matched_devices", "match/matched_devices.sql"),
    ("diff.clusters", "diff/clusters.sql"),
    ("match.live_clusters", "match/live_clusters.sql"),
    ("diff.devices", "diff/devices.sql"),
    ("match.live_devices", "match/live_devices.sql"),
    ("match.housings", "match/housings.sql"),
    ("match.virtual_chassis", "match/virtual_chassis.sql"),
    ("diff.virtual_chassis", "diff/virtual_chassis.sql"),
    ("diff.virtual_chassis_members", "diff/virtual_chassis_members.sql"),
    ("diff.virtual_chassis_masters", "diff/virtual_chassis_masters.sql"),
    ("match.modules", "match/modules.sql"),
    ("diff.module_bays", "diff/module_bays.sql"),
    ("diff.modules", "diff/modules.sql"),
    ("match.virtual_machines", "match/virtual_machines.sql"),
    ("desired.unresolved", "match/unresolved.sql"),
    ("diff.virtual_machines", "diff/virtual_machines.sql"),
    ("match.live_virtual_machines", "match/live_virtual_machines.sql"),
    ("match.interface_pairs", "match/interface_pairs.sql"),
    ("match.interface_exceptions", "match/interface_exceptions.sql"),
    ("match.interfaces", "match/interfaces.sql"),
    ("match.vm_interfaces", "match/vm_interfaces.sql"),
    ("match.interface_names", "match/interface_names.sql"),
    ("match.never_seen", "match/never_seen.sql"),
    ("match.reused_ids", "match/reused_ids.sql"),
    ("match.vlans", "match/vlans.sql"),
    ("diff.vlans", "diff/vlans.sql"),
    ("match.stack_needs", "match/stack_needs.sql"),
    *((f"match.doubted_{name}", f"match/doubted_{name}.sql") for name in _DOUBTED),
    ("match.doubts", "match/doubts.sql"),
    ("match.left_lags", "match/left_lags.sql"),
    ("match.differing_interfaces", "match/differing_interfaces.sql"),
    ("diff.interfaces", "diff/interfaces.sql"),
    ("diff.vm_interfaces", "diff/vm_interfaces.sql"),
    ("diff.mac_addresses", "diff/mac_addresses.sql"),
    ("diff.primary_macs", "diff/primary_macs.sql"),
    ("diff.ip_addresses", "diff/ip_addresses.sql"),
    ("diff.primary_ips", "diff/primary_ips.sql"),
    ("diff.oob_ips", "diff/oob_ips.sql"),
    ("diff.sites", "diff/sites.sql"),
    ("match.neighbours", "match/neighbours.sql"),
    ("match.cables", "match/cables.sql"),
    ("match.cable_ends", "match/cable_ends.sql"),
    ("diff.cables", "diff/cables.sql"),
    ("diff.virtual_disks", "diff/virtual_disks.sql"),
    ("match.guests_elsewhere", "match/guests_elsewhere.sql"),
    ("diff.storages", "diff/storages.sql"),
    ("diff.backups", "diff/backups.sql"),
    ("diff.snapshots", "diff/snapshots.sql"),
    ("diff.tasks", "diff/tasks.sql"),
    ("diff.replications", "diff/replications.sql"),
    *((f"match.gone_{name}", f"match/gone_{name}.sql") for name in _REMOVED),
    ("match.delete_impact", "match/delete_impact.sql"),
    ("match.removals", "match/removals.sql"),
    *((f"diff.missing_{name}", f"diff/missing_{name}.sql") for name in _MISSING),
    ("match.delete_needs", "match/delete_needs.sql"),
    ("match.goes_with", "match/goes_with.sql"),
    ("diff.prerequisites", "diff/prerequisites.sql"),
)

# Kept as views: they put large tables together, of which each reader needs few columns or rows.
VIEWS = frozenset({"match.interfaces", "match.interface_names"})
# The desired tables that grow with the estate go straight into their file, and later stages read that: DuckDB
# reads only the columns that are asked for, and nothing is held twice.
FILED = frozenset({"interfaces"})
# Stages that take what another table names so many rows at a time: all fields of half a million new interfaces are
# more than DuckDB may hold at once.
SLICED = {"diff.interfaces": "match.differing_interfaces"}
SLICE_ROWS = 50_000
# What goes into the models of the plugin netbox-proxbox.
_RECORDS = ("storages", "backups", "snapshots", "tasks", "replications")
# Stages that have rows only where one of these has: planning them costs more than the rest of a small comparison.
# A stage that does not run leaves its table as sql/desired/tables.sql, sql/match/tables.sql or DIFF_SHAPE has it.
ONLY_WITH: dict[str, tuple[str, ...]] = {
    "desired.unresolved": ("match.references WHERE netbox_id IS NULL", "desired.vrf_words"),
    "match.clusters": ("desired.clusters",),
    "diff.clusters": ("desired.clusters",),
    "match.live_clusters": ("match.clusters",),
    "match.devices": ("desired.devices",),
    "desired.matched_devices": ("match.devices",),
    "diff.devices": ("desired.devices",),
    "match.live_devices": ("match.devices",),
    "match.housings": ("match.devices WHERE netbox_id IS NOT NULL",),
    "match.virtual_chassis": ("desired.members",),
    "diff.virtual_chassis": ("desired.members",),
    "diff.virtual_chassis_members": ("desired.members",),
    "diff.virtual_chassis_masters": ("desired.members",),
    "match.stack_needs": ("desired.members",),
    "match.modules": ("desired.modules",),
    "diff.module_bays": ("desired.modules",),
    "diff.modules": ("desired.modules",),
    "match.virtual_machines": ("desired.virtual_machines",),
    "diff.virtual_machines": ("desired.virtual_machines",),
    "match.live_virtual_machines": ("match.virtual_machines",),
    "match.interface_pairs": ("desired.interfaces", "match.devices WHERE netbox_id IS NOT NULL"),
    "match.interface_exceptions": ("match.interface_pairs WHERE NOT settled",),
    "match.doubted_devices": (
        "match.devices WHERE problem IS NOT NULL",
        "match.devices WHERE netbox_id IS NULL AND 'devices' NOT IN (FROM config.may_create)",
        "diff.devices WHERE action = 'blocked'",
        "desired.sightings WHERE resource = 'devices'",
    ),
    "match.doubted_virtual_machines": (
        "match.virtual_machines WHERE netbox_id IS NULL AND EXISTS (FROM netbox.virtual_machines)",
        "desired.sightings WHERE resource = 'virtual_machines'",
    ),
    "match.doubted_interfaces": (
        "match.interface_exceptions WHERE problem IS NOT NULL",
        "match.interface_exceptions WHERE netbox_id IS NULL AND 'interfaces' NOT IN (FROM config.may_create)",
        "desired.sightings WHERE resource = 'interfaces'",
    ),
    "match.doubted_vm_interfaces": (
        "match.vm_interfaces WHERE netbox_id IS NULL AND EXISTS (FROM netbox.vm_interfaces)",
        "desired.sightings WHERE resource = 'vm_interfaces'",
    ),
    "match.doubted_modules": (
        "match.modules WHERE EXISTS (FROM netbox.modules)",
        "desired.sightings WHERE resource = 'modules'",
    ),
    "match.doubted_others": ("desired.sightings WHERE resource IN ('virtual_disks', 'ip_addresses')",),
    "match.doubts": tuple(f"match.doubted_{name}" for name in _DOUBTED),
    "match.never_seen": (
        "match.interface_pairs WHERE claim IS NOT NULL",
        "ledger.created",
        "netbox.virtual_machines",
    ),
    "match.reused_ids": ("match.interface_pairs WHERE NOT settled AND claim IS NOT NULL",),
    "match.left_lags": ("config.endpoint, desired.interfaces WHERE shows_lag_members AND lag IS NOT NULL",),
    "match.differing_interfaces": ("match.interface_pairs",),
    "match.gone_interfaces": ("match.interface_pairs WHERE NOT settled",),
    "match.vm_interfaces": ("desired.vm_interfaces",),
    "match.vlans": ("desired.vlans", "desired.carried_vids"),
    "diff.vlans": ("desired.vlans", "match.vlans"),
    "diff.interfaces": ("match.differing_interfaces",),
    "diff.vm_interfaces": ("desired.vm_interfaces",),
    "diff.mac_addresses": ("desired.interfaces WHERE mac <> ''", "desired.vm_interfaces WHERE mac <> ''"),
    "diff.primary_macs": ("desired.interfaces WHERE mac <> ''", "desired.vm_interfaces WHERE mac <> ''"),
    "diff.ip_addresses": ("desired.ip_addresses",),
    "diff.primary_ips": ("desired.primary_ips",),
    "diff.oob_ips": ("desired.oob_ips",),
    "diff.sites": ("desired.site_coordinates",),
    "match.neighbours": ("desired.cables",),
    "match.cables": ("match.neighbours",),
    "match.cable_ends": ("netbox.cables",),
    "diff.cables": ("match.neighbours",),
    "diff.virtual_disks": ("desired.virtual_disks",),
    "match.guests_elsewhere": ("config.other_guests", "config.unseen_moves"),
    "match.delete_impact": ("config.may_delete", "config.may_delete_unowned"),
    "diff.prerequisites": (
        "match.references WHERE netbox_id IS NULL AND value IS NOT NULL",
        "desired.tags WHERE slug NOT IN (SELECT slug FROM netbox.tags)",
        "desired.custom_fields w LEFT JOIN netbox.custom_fields c ON c.name = w.key"
        " WHERE c.id IS NULL OR NOT list_has_all(c.object_types, w.object_types)",
    ),
    **{f"diff.{name}": (f"desired.{name}",) for name in _RECORDS},
    "match.gone_ip_addresses": ("netbox.ip_addresses",),
    "match.gone_mac_addresses": ("desired.vm_interfaces",),
    "match.gone_virtual_machines": (
        "config.endpoint, netbox.virtual_machines WHERE cluster_field IS NOT NULL",
    ),
    "match.gone_vm_interfaces": ("match.live_virtual_machines",),
    "match.gone_virtual_disks": ("match.live_virtual_machines",),
    "match.gone_cables": ("match.cable_ends",),
    "match.gone_modules": ("desired.modules",),
    "match.gone_devices": ("netbox.devices",),
    "match.gone_records": tuple(f"netbox.proxbox_{name}" for name in _RECORDS),
    "match.removals": tuple(f"match.gone_{name}" for name in _REMOVED),
    "match.delete_needs": ("match.removals WHERE action = 'delete'",),
    "match.goes_with": ("match.removals WHERE under_id IS NOT NULL",),
    **{
        f"diff.missing_{name}": (f"match.removals WHERE object_type IN ({', '.join(map(repr, types))})",)
        for name, types in _MISSING.items()
    },
}
# The columns of every diff table.
DIFF_SHAPE = (
    "(resource VARCHAR, key VARCHAR, parent VARCHAR, object_type VARCHAR, netbox_id BIGINT, target VARCHAR,"
    f" last_updated VARCHAR, action VARCHAR, reason VARCHAR, fields {_FIELDS})"
)
# Those of what sql/diff/judged.sql says of the updates.
JUDGED_SHAPE = f"(resource VARCHAR, key VARCHAR, fields {_FIELDS}, any_update BOOLEAN, any_conflict BOOLEAN, reasons VARCHAR)"
