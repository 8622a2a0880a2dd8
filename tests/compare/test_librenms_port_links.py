"""LAGs, units and bridges from LibreNMS's answers to objects in NetBox, and nothing left to do after that."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.librenms import LibreNMSState
from tests.support import NetBox, Pipeline


def test_lags_units_and_bridges_are_written_and_then_in_sync(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, basics: Any
) -> None:
    ports: dict[str, dict[str, Any]] = {}
    for os, names in (
        ("ios", {"Po1": "propVirtual", "Gi1/0/1": "ethernetCsmacd", "Gi1/0/2": "ethernetCsmacd"}),
        ("junos", {"ae3": "ieee8023adLag", "xe-0/0/0": "ethernetCsmacd", "xe-0/0/0.0": "propVirtual"}),
        ("proxmox", {"vmbr0": "ethernetCsmacd", "bond0": "ethernetCsmacd", "eno1": "ethernetCsmacd"}),
    ):
        found = state.add_device(os, os=os, hardware="C9300-48P")
        for name, kind in names.items():
            ports[name] = state.add_port(found, name, ifType=kind, ifSpeed=0)
    for high, low in (
        ("Po1", "Gi1/0/1"),
        ("Gi1/0/2", "Po1"),
        ("ae3", "xe-0/0/0.0"),
        ("xe-0/0/0", "xe-0/0/0.0"),
        ("vmbr0", "bond0"),
        ("bond0", "eno1"),
    ):
        state.add_stack(high=ports[high], low=ports[low])
    assert pipeline.apply_all().changes == []
    assert {
        i["name"]: (
            i["type"]["value"],
            *(i[field] and i[field]["name"] for field in ("lag", "parent", "bridge")),
        )
        for i in netbox.all("dcim/interfaces")
    } == {
        "Po1": ("lag", None, None, None),
        "Gi1/0/1": ("1000base-t", "Po1", None, None),
        "Gi1/0/2": ("1000base-t", "Po1", None, None),
        "ae3": ("lag", None, None, None),
        "xe-0/0/0": ("10gbase-x-sfpp", "ae3", None, None),
        "xe-0/0/0.0": ("virtual", None, "xe-0/0/0", None),
        "vmbr0": ("bridge", None, None, None),
        "bond0": ("lag", None, None, "vmbr0"),
        "eno1": ("other", "bond0", None, None),
    }
