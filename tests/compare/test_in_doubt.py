"""A row of the source in doubt is no evidence that another is gone: the whole path, from the servers to the plan.

The rule itself, for every resource, is tested on rows: tests/sql/test_doubts.py and tests/sql/test_removals.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.proxmox import ProxmoxState, agent_interface
from tests.support import NetBox, Pipeline, rows

Device = Callable[..., dict[str, Any]]
GENEROUS = {
    "stale_addresses": "delete",
    "delete_unowned": ["interfaces", "ip_addresses", "mac_addresses", "cables"],
}


@pytest.mark.also_live
@pytest.mark.parametrize("way", ["delete", "disable"])
def test_two_ports_of_one_name(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Device, way: str
) -> None:
    """And an apply of all the rest leaves the interface unchanged."""
    pipeline.configure(policies={**GENEROUS, "missing_interfaces": way})
    found = state.add_device("sw01", hardware="C9300-48P")
    for _ in range(2):
        state.add_port(found, "Dup0")
    known = netbox.create("dcim/interfaces", device=device("sw01")["id"], name="Dup0", type="1000base-t")
    plan = pipeline.apply_all()
    assert [(r.action, r.key, r.reason) for r in rows(plan, "interfaces")] == [
        ("conflict", "sw01 Dup0 (port 1)", "2 ports of this device have the name Dup0"),
        ("conflict", "sw01 Dup0 (port 2)", "2 ports of this device have the name Dup0"),
    ]
    assert netbox.one("dcim/interfaces", name="Dup0")["last_updated"] == known["last_updated"]


@pytest.mark.also_live
@pytest.mark.parametrize("way", ["delete", "disable"])
def test_two_interfaces_that_hold_one_port_id(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Device, way: str
) -> None:
    """A1 and A2 hold port id 1; LibreNMS's port 1 is called A2."""
    found = state.add_device("sw01", hardware="C9300-48P")
    port = state.add_port(found, "A2")
    pipeline.apply()
    pipeline.configure(policies={**GENEROUS, "missing_interfaces": way})
    netbox.create(
        "dcim/interfaces",
        device=netbox.one("dcim/devices", name="sw01")["id"],
        name="A1",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": port["port_id"]}},
    )
    assert [(r.action, r.key, r.reason) for r in rows(pipeline.sync(), "interfaces")] == [
        (
            "conflict",
            "sw01 A2",
            "several NetBox interfaces of this device could be it: A1 (id), A2 (id, name)",
        )
    ]


@pytest.mark.also_live
def test_a_stack_in_one_device_whose_inventory_answers_500(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, device: Device
) -> None:
    """Nothing of the second member is disabled."""
    pipeline.configure(policies={**GENEROUS, "missing_interfaces": "disable"})
    found, known = state.add_device("sw01", hardware="C9300-48P"), device("sw01")
    for member in (1, 2):
        for number in (1, 2, 3):
            name = f"Gi{member}/0/{number}"
            state.add_port(found, name)
            netbox.create("dcim/interfaces", device=known["id"], name=name, type="1000base-t")
    with LabLibreNMS(state, token="lnms-token") as server:
        pipeline.configure(url=server.url)
        server.fail_always(status=500, path_prefix="/inventory")
        plan = pipeline.sync()
    second = {(r.key, r.action) for r in rows(plan, "interfaces") if "Gi2" in r.key}
    assert second == {(f"sw01 Gi2/0/{number}", "blocked") for number in (1, 2, 3)}
    assert [r.key for r in plan.changes if any(f.name == "enabled" for f in r.written)] == []


@pytest.mark.also_live
def test_an_agent_that_shows_only_lo(pve: Pipeline, cluster: ProxmoxState, netbox: NetBox) -> None:
    """Eth0 was not in the answer, so nothing is known of its addresses."""
    mac = "BC:24:11:00:00:65"
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="old",
        config={"agent": "1", "net0": f"virtio={mac},bridge=vmbr0"},
        agent_interfaces=[agent_interface("eth0", mac, "10.3.0.5/24", "10.3.0.6/24")],
    )
    pve.configure(policies={"stale_addresses": "delete", "delete": ["ip_addresses"]})
    pve.apply()
    guest.agent = [agent_interface("lo", "00:00:00:00:00:00", "127.0.0.1/8")]
    assert pve.sync().rows == ()
    guest.agent = [agent_interface("eth0", mac, "10.3.0.5/24")]
    assert [(r.action, r.key) for r in pve.sync().rows] == [("delete", "10.3.0.6 on old eth0")]
