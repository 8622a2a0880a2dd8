"""A guest that moves between Proxmox clusters, against a real NetBox; see ``test_proxmox_moves.py``."""

from __future__ import annotations

import pytest

from netbox_sync_lab.proxmox import ProxmoxState
from tests.compare.two_clusters import move
from tests.support import NetBox, Pipeline, after

VMS = "virtualization/virtual-machines"


@pytest.mark.live
@pytest.mark.parametrize("netbox", ["live"], indirect=True)
@pytest.mark.parametrize("first", ["paris", "lyon"])
def test_a_guest_moves_to_another_cluster_in_a_real_netbox(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState, lyon_state: ProxmoxState, netbox: NetBox, first: str
) -> None:
    """In either order one move of the same virtual machine, and no delete, though every policy allows it."""
    known = netbox.one(VMS, name="erp")
    move(cluster, lyon_state)
    if first == "lyon":
        # The snapshot of paris is older: it still shows the guest.
        [waiting] = lyon.sync().rows
        assert (waiting.action, waiting.reason) == (
            "conflict",
            f"NetBox has a guest of this name, these MAC addresses and this SMBIOS UUID, erp (id {known['id']}) of the cluster paris, vmid"
            " 105, and paris-pve still shows it: if it has moved, sync paris-pve again; if it is a copy, create it in"
            " NetBox in this cluster",
        )
        [gone] = pve.sync().rows
        assert (gone.action, gone.reason) == (
            "blocked",
            "vmid 105 is no longer in Proxmox, but that is no evidence: lyon-pve shows a guest of this name, these"
            " MAC addresses and this SMBIOS UUID (vmid 205 of lyon), so it may have moved there",
        )
    else:
        pve.snapshot()
    [moved] = lyon.sync().rows
    assert (moved.resource, moved.action, moved.netbox_id, moved.reason) == (
        "virtual_machines",
        "update",
        known["id"],
        f"moves here from erp (id {known['id']}) of the cluster paris, vmid 105",
    )
    written = after(moved)
    assert {name: value["name"] if isinstance(value, dict) else value for name, value in written.items()} == {
        "cluster": "lyon",
        "device": "lyon1",
        "cf.proxmox_cluster": "lyon",
        "cf.proxmox_vmid": 205,
    }
    [gone] = pve.sync().rows
    assert gone.action == "blocked"
    # Only the approval in lyon counts; what paris once wrote there does not conflict.
    lyon_state.guests[205].maxcpu = 8
    assert lyon.apply_all().rows == ()
    there = netbox.one(VMS, name="erp")
    assert (there["id"], there["cluster"]["name"], there["device"]["name"], there["vcpus"]) == (
        known["id"],
        "lyon",
        "lyon1",
        8.0,
    )
    assert len(netbox.all("virtualization/interfaces", virtual_machine_id=known["id"])) == 1
    assert pve.sync().rows == ()
    lyon_state.guests[205].name = lyon_state.guests[205].config["name"] = "erp2"
    assert [after(r) for r in lyon.sync().rows] == [{"name": "erp2"}]
