"""Prefixes of interface networks: created by policy, once, and taken back by an undo."""

from __future__ import annotations

import pytest

from netbox_sync_lab.proxmox import ProxmoxState, agent_interface
from tests.support import NetBox, Pipeline, rows

MAC = "BC:24:11:AA:BB:01"


@pytest.mark.also_live
def test_prefixes_of_interface_networks(pve: Pipeline, cluster: ProxmoxState, netbox: NetBox) -> None:
    """The site is that of the machines which NetBox has; an address in a populated range is not sent."""
    cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        config={"agent": "1", "net0": f"virtio={MAC},bridge=vmbr0"},
        agent_interfaces=[
            agent_interface("ens18", MAC, "10.61.0.77/26", "10.61.1.150/24", "2001:db8:61:1::5/64")
        ],
    )
    netbox.create(
        "ipam/ip-ranges", start_address="10.61.1.100/24", end_address="10.61.1.200/24", mark_populated=True
    )
    pve.configure(policies={"interface_prefixes": True})
    plan = pve.apply()
    assert [(r.action, r.key) for r in rows(plan, "prefixes")] == [
        ("create", "10.61.0.64/26"),
        ("create", "10.61.1.0/24"),
        ("create", "2001:db8:61:1::/64"),
    ]
    assert {r.key: r.action for r in rows(plan, "ip_addresses")} == {
        "10.61.0.77": "create",
        "10.61.1.150": "blocked",
        "2001:db8:61:1::5": "create",
    }
    assert pve.sync().changes == []
    assert sorted(p["prefix"] for p in netbox.all("ipam/prefixes")) == [
        "10.61.0.64/26",
        "10.61.1.0/24",
        "2001:db8:61:1::/64",
    ]
