"""What tests of interfaces in several modules share: the options of their endpoint."""

from __future__ import annotations

from typing import Any

DELETES = {"missing_interfaces": "delete", "delete_unowned": ["interfaces"]}
# With the policies that a new endpoint has.
OLD_SERVER: dict[str, Any] = {"server": {"version": "23.11.0"}, "policies": {}}
# Each is for the devices of one test.
OPTIONS: dict[str, Any] = {
    "policies": DELETES,
    "interface_name_field_by_os": {"edgeos": "ifDescr"},
    "mappings": {
        "interface_types": [
            {"ifType": "iso88023Csmacd", "speed": 1000000, "type": "1000base-t"},
            {"ifType": "iso88023Csmacd", "speed": 10000000, "type": "10gbase-x-sfpp"},
        ]
    },
}
