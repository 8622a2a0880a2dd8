"""The parts of a LibreNMS snapshot that can be incomplete on their own: table ``librenms.scopes``."""

from __future__ import annotations

# scope -> what scope_id is, and what must not be concluded where the scope is incomplete.
# scope_id "*" stands for all of that kind. What no row names as incomplete was read completely.
# The writer adds the scope "table" (scope_id: a table's name) for a table that shrank or lost rows, and
# "short_<table>" for a device that has far fewer rows of it than it had (storage/falls.py).
# The resources that each scope leaves incomplete: sql/desired/librenms/evidence.sql.
SCOPES = {
    "installation": "'*': the endpoint showed only a part of itself, or nothing; nothing at all is gone.",
    "devices": "device_id or '*': a device could not be read; it is not gone.",
    "ports": "device_id or '*': a port without a row is not gone.",
    "no_ports": "device_id: it has VLANs or VRFs, and no port; leaves the snapshot complete.",
    "port_vlans": "device_id or '*': a port without rows may have memberships that are unknown. "
    "A port that has rows has all of them.",
    "tagged_vlans": "device_id or '*': this release of LibreNMS has no memberships to give for a port without rows; "
    "its ifVlan is all there is.",
    "port_stack": "device_id or '*': members of LAGs and bridges of that device are unknown. Read only for devices that "
    "have a LAG, a bridge or a VLAN interface, by ifType or name.",
    "inventory": "device_id or '*': the members of that stack are unknown. Read only for devices that look like a "
    "stack or, with the option `inventory` for all.",
    "transceivers": "device_id or '*': a transceiver without a row is not gone. Read with the option `inventory`.",
    "transceiver_ports": "'*': this release of LibreNMS does not tell which ports have transceivers; they are known "
    "as parts of the inventory.",
    "vlans": "device_id or '*': a VLAN without a row is not gone.",
    "ip_addresses": "device_id or '*': an address without a row is not gone.",
    "links": "device_id (the local one) or '*': a neighbour without a row is not gone.",
    "device_groups": "a group's name or '*': who is in it is unknown, so nobody is imported for it.",
    "vrfs": "device_id or '*': a VRF without a row is not gone.",
    "locations": "'*': a location without a row is not gone.",
}
