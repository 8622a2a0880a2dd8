"""Guests that move between Proxmox clusters: one move of one virtual machine, and no delete while it may be elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netbox_sync_lab.proxmox import ProxmoxState
from tests.compare.two_clusters import UUID_A, UUID_B, guest, move
from tests.support import NetBox, Pipeline, after, row, rows

VMS = "virtualization/virtual-machines"
GONE = "vmid 105 is no longer in Proxmox, but that is no evidence: "


@pytest.mark.also_live
@pytest.mark.parametrize("first", ["paris", "lyon"])
def test_a_guest_moves_to_another_cluster(
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


def test_a_copy_in_another_cluster_is_nobodys_move(
    pve: Pipeline, lyon: Pipeline, lyon_state: ProxmoxState, netbox: NetBox
) -> None:
    """Both clusters show it. What a person enters in NetBox for the copy is the copy."""
    guest(lyon_state, 205, "erp", 1, 32, UUID_A, "lyon1")
    [found] = lyon.sync().rows
    assert found.action == "conflict"
    assert pve.sync().rows == ()
    home = netbox.one("virtualization/clusters", name="lyon")
    copy = netbox.create(VMS, name="erp", cluster=home["id"])
    assert row(lyon.sync(), "virtual_machines", "erp").netbox_id == copy["id"]


def test_a_guest_of_the_same_name_elsewhere_does_not_stop_a_delete(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState, lyon_state: ProxmoxState
) -> None:
    cluster.remove(105)
    guest(lyon_state, 205, "erp", 99, 32, UUID_B, "lyon1")
    pve.snapshot()
    assert row(lyon.sync(), "virtual_machines", "erp").action == "create"
    assert row(pve.again(), "virtual_machines", "erp [vmid 105]").action == "delete"


# -- what else shows that it is the same guest ------------------------------------------------------------


def change_name(lyon_state: ProxmoxState) -> None:
    guest(lyon_state, 205, "erp2", 1, 32, UUID_A, "lyon1")


def change_card(lyon_state: ProxmoxState) -> None:
    guest(lyon_state, 205, "erp", 77, 32, UUID_A, "lyon1")


def keep_its_number(lyon_state: ProxmoxState) -> None:
    guest(lyon_state, 105, "erp", 1, 32, UUID_A, "lyon1")


@pytest.mark.parametrize(
    ("arrive", "witnesses", "vmid", "name"),
    [
        (change_name, "these MAC addresses and this SMBIOS UUID", 205, "erp2"),
        (change_card, "this name and this SMBIOS UUID", 205, "erp"),
        (keep_its_number, "this name, these MAC addresses and this SMBIOS UUID", 105, "erp"),
    ],
)
def test_a_guest_that_changes_on_its_way_is_the_same(
    pve: Pipeline,
    lyon: Pipeline,
    cluster: ProxmoxState,
    lyon_state: ProxmoxState,
    netbox: NetBox,
    arrive: Callable[[ProxmoxState], None],
    witnesses: str,
    vmid: int,
    name: str,
) -> None:
    """Two of name, MAC addresses and UUID are the same. Its old number may have been given to another guest."""
    known = netbox.one(VMS, name="erp")
    cluster.remove(105)
    arrive(lyon_state)
    lyon.snapshot()
    [gone] = pve.sync().rows
    assert (gone.action, gone.reason) == (
        "blocked",
        f"{GONE}lyon-pve shows a guest of {witnesses} (vmid {vmid} of lyon), so it may have moved there",
    )
    guest(cluster, 105, "scratch", 60, 8, UUID_B, "pve1")
    pve.snapshot()
    plan = lyon.sync()
    assert [(r.action, r.netbox_id, r.reason) for r in rows(plan, "virtual_machines")] == [
        ("update", known["id"], f"moves here from erp (id {known['id']}) of the cluster paris, vmid 105")
    ]
    assert lyon.apply_all().rows == ()
    there = netbox.one(VMS, id=known["id"])
    assert (there["name"], there["cluster"]["name"], there["custom_fields"]["proxmox_vmid"]) == (
        name,
        "lyon",
        vmid,
    )
    assert {r.action for r in rows(pve.sync(), "virtual_machines")} == {"create"}


def test_a_mac_address_alone_is_a_question(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState, lyon_state: ProxmoxState, netbox: NetBox
) -> None:
    """A container has no UUID. Under another name it is neither created nor deleted, until a person has said what it is."""
    known = netbox.one(VMS, name="erp")
    cluster.remove(105)
    lyon_state.add_lxc(
        205, node="lyon1", name="web", config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:01,bridge=vmbr0"}
    )
    pve.snapshot()
    assert [(r.action, r.key, r.reason) for r in lyon.sync().rows] == [
        (
            "conflict",
            "web",
            f"NetBox has a guest of these MAC addresses, erp (id {known['id']}) of the cluster paris, vmid 105, and nothing"
            " else shows that it is this one: if it has moved, enter its new cluster and vmid in NetBox; if not, create this"
            " one in NetBox in this cluster",
        )
    ]
    [gone] = pve.again().rows
    assert (gone.action, gone.reason) == (
        "blocked",
        f"{GONE}lyon-pve shows a guest of these MAC addresses (vmid 205 of lyon), so it may have moved there",
    )
    # It is another one, says who creates it; then nothing keeps the old one.
    home = netbox.one("virtualization/clusters", name="lyon")
    netbox.create(VMS, name="web", cluster=home["id"])
    lyon.apply()
    assert row(pve.sync(), "virtual_machines", "erp [vmid 105]").action == "delete"


def test_guests_without_cards_are_known_by_name_and_uuid(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState, lyon_state: ProxmoxState
) -> None:
    cluster.add_qemu(120, node="pve1", name="vault", config={"smbios1": f"uuid={UUID_A[:-1]}2"})
    pve.apply()
    cluster.remove(120)
    lyon_state.add_qemu(220, node="lyon1", name="vault", config={"smbios1": f"uuid={UUID_A[:-1]}2"})
    pve.snapshot()
    lyon.snapshot()
    assert [(r.action, r.key) for r in pve.sync().rows] == [("blocked", "vault [vmid 120]")]
    assert [r.action for r in rows(lyon.sync(), "virtual_machines")] == ["update"]


# -- no delete while it may be elsewhere unseen -----------------------------------------------------------


def test_a_cluster_that_was_not_read_since_is_no_evidence(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState, lyon_state: ProxmoxState
) -> None:
    """Lyon was read before the move. What paris shows alone never deletes the guest that lyon would show."""
    move(cluster, lyon_state)
    [gone] = pve.sync().rows
    assert (gone.action, gone.reason) == (
        "blocked",
        f"{GONE}lyon-pve has not been read since, and it may have moved there; sync lyon-pve, or set enabled: false where it"
        " is no longer in use",
    )
    # A sync of one guest reads nothing else.
    lyon.snapshot(only="200")
    [gone] = pve.again().rows
    assert "lyon-pve has not been read since" in str(gone.reason)
    lyon.snapshot()
    [gone] = pve.again().rows
    assert "lyon-pve shows a guest of this name" in str(gone.reason)


def test_a_guest_that_no_cluster_shows_is_deleted_once_all_were_read(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState
) -> None:
    cluster.remove(105)
    pve.snapshot()
    lyon.snapshot()
    assert row(pve.sync(), "virtual_machines", "erp [vmid 105]").action == "delete"


def test_an_endpoint_that_is_not_in_use_is_not_waited_for(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState
) -> None:
    cluster.remove(105)
    content = pve.config.model_dump(mode="json", exclude_unset=True)
    content["endpoints"][1]["enabled"] = False
    pve.config = pve.config.model_validate(content)
    assert row(pve.sync(), "virtual_machines", "erp [vmid 105]").action == "delete"


def test_a_cluster_that_shows_a_part_is_no_evidence(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState, lyon_state: ProxmoxState
) -> None:
    move(cluster, lyon_state)
    lyon_state.nodes["lyon1"].online = False
    pve.snapshot()
    lyon.snapshot()
    [gone] = pve.sync().rows
    assert (gone.action, gone.reason) == (
        "blocked",
        f"{GONE}lyon-pve may not show all of its guests (cluster lyon has no quorum, so its state is not certain;"
        " guest_config: 0 of 11 rows of the last good snapshot; node lyon1 is offline), and it may have moved there",
    )


def test_a_damaged_snapshot_of_another_cluster_is_no_evidence(
    pve: Pipeline, lyon: Pipeline, cluster: ProxmoxState
) -> None:
    cluster.remove(105)
    versions = pve.warehouse.snapshots("proxmox", "lyon-pve")
    (pve.warehouse.current(versions) / "guests.parquet").write_bytes(b"no table")
    [gone] = pve.sync().rows
    assert (gone.action, gone.reason) == (
        "blocked",
        f"{GONE}lyon-pve has no snapshot that can be read, and it may have moved there; sync lyon-pve, or set enabled: false"
        " where it is no longer in use",
    )
