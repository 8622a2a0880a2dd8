"""Guests that move between Proxmox clusters: one move of one virtual machine, and no delete while it may be elsewhere.

The cases are guests of paris, all in NetBox, that are synced together. ``early`` runs before lyon is read, ``move``
before paris is, ``reuse`` between the two plans of paris, ``decide`` before lyon's changes are applied, ``late`` after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.stages import Stage, of
from tests.compare.together import create_basics
from tests.compare.two_clusters import DELETES, guest, lyon_of
from tests.support import NetBox, Pipeline, after, proxmox_endpoint, row, rows

VMS = "virtualization/virtual-machines"


class Clusters(NamedTuple):
    """Both clusters, each with its endpoint."""

    paris: ProxmoxState
    lyon: ProxmoxState
    pve: Pipeline
    lyon_pve: Pipeline
    netbox: NetBox


early, moves, reuse, decide, late = (Stage[Clusters]() for _ in range(5))


@dataclass(frozen=True)
class Story:
    """The plans in their order. ``ids``: {name: id} of the virtual machines at the beginning; ``held``: those of the end."""

    ids: dict[str, int]
    lyon_first: Plan
    paris_alone: Plan
    without_lyon: Plan
    after_one_guest: Plan
    paris: Plan
    lyon: Plan
    paris_again: Plan
    written: Plan
    refused: list[str]
    lyon_then: Plan
    paris_then: Plan
    held: dict[int, dict[str, Any]]
    copies: dict[str, int]
    lyon_in_part: Plan
    lyon_damaged: Plan


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    paris, lyon = ProxmoxState(cluster="paris"), ProxmoxState(cluster="lyon")
    for node in ("pve1", "pve2"):
        paris.add_node(node, network=[])
    lyon.add_node("lyon1", network=[], ip="10.98.0.11")
    with (
        LabNetBox(token="lab-token") as server,
        LabProxmox(paris) as first,
        LabProxmox(lyon) as second,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("NETBOX_TOKEN", server.token)
        environment.setenv("PROXMOX_TOKEN", first.token_value)
        environment.setenv("LYON_TOKEN", second.token_value)
        netbox = NetBox(server.url, server.token)
        create_basics(netbox)
        netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
        endpoint = {**proxmox_endpoint(first), "policies": DELETES}
        pve = Pipeline(tmp_path_factory.mktemp("moves"), netbox, endpoint)
        return _story(Clusters(paris, lyon, pve, lyon_of(pve, second), netbox))


def _story(lab: Clusters) -> Story:
    pve, lyon = lab.pve, lab.lyon_pve
    for vmid in range(101, 141):
        guest(lab.paris, vmid, f"ct{vmid}", vmid, 1, uuid(vmid), "pve1")
    guest(lab.lyon, 300, "other", 250, 1, uuid(300), "lyon1")
    for vmid, name in NAMES.items():
        lab.paris.guests[vmid].name = lab.paris.guests[vmid].config["name"] = name
    del lab.paris.guests[120].config["net0"]
    pve.apply()
    lyon.apply()
    ids = {vm["name"]: vm["id"] for vm in lab.netbox.all(VMS)}
    early.run(lab)
    lyon_first = lyon.sync()
    moves.run(lab)
    paris_alone = pve.sync()
    without_lyon = _without_lyon(pve)
    lyon.snapshot(only="300")
    after_one_guest = pve.again()
    lyon.snapshot()
    of_paris = pve.again()
    reuse.run(lab)
    pve.snapshot()
    of_lyon, again = lyon.sync(), pve.sync()
    decide.run(lab)
    written = lyon.sync()
    refused = lyon.write(written)
    lab.lyon.guests[202].name = lab.lyon.guests[202].config["name"] = "renamed"
    lyon_then, paris_then = lyon.sync(), pve.sync()
    machines = lab.netbox.all(VMS)
    late.run(lab)
    lab.lyon.nodes["lyon1"].online = False
    pve.snapshot()
    lyon.snapshot()
    in_part = pve.sync()
    lab.lyon.nodes["lyon1"].online = True
    versions = pve.warehouse.snapshots("proxmox", "lyon-pve")
    (pve.warehouse.current(versions) / "guests.parquet").write_bytes(b"no table")
    damaged = pve.again()
    return Story(
        ids,
        lyon_first,
        paris_alone,
        without_lyon,
        after_one_guest,
        of_paris,
        of_lyon,
        again,
        written,
        refused,
        lyon_then,
        paris_then,
        {vm["id"]: vm for vm in machines},
        {vm["name"]: vm["id"] for vm in machines if vm["id"] not in ids.values()},
        in_part,
        damaged,
    )


def _without_lyon(pve: Pipeline) -> Plan:
    """The plan of paris if lyon is not in use."""
    own = pve.config
    content = own.model_dump(mode="json", exclude_unset=True)
    content["endpoints"][1]["enabled"] = False
    pve.config = type(own).model_validate(content)
    try:
        return pve.again()
    finally:
        pve.config = own


# The guests of paris that are not called ct101, ct102, ...
NAMES = {101: "early", 102: "erp", 103: "erp8", 104: "copied", 105: "namesake", 120: "vault"}


def uuid(vmid: int) -> str:
    return f"11111111-1111-4111-8111-{vmid:012d}"


def arrive(lab: Clusters, vmid: int, name: str, **other: int) -> None:
    """The guest of paris leaves, and lyon shows one of this name; ``other``: its mac, its number, its uuid if another."""
    lab.paris.remove(vmid)
    mac, number, of = other.get("mac", vmid), other.get("number", vmid + 100), other.get("uuid", vmid)
    guest(lab.lyon, number, name, mac, 1, uuid(of), "lyon1")


def gone(vmid: int, reason: str) -> list[tuple[str, str]]:
    return [("blocked", f"vmid {vmid} is no longer in Proxmox, but that is no evidence: {reason}")]


def said(plan: Plan, name: str) -> list[tuple[str, str | None]]:
    return [(r.action, r.reason) for r in of(plan, name).rows]


def machine(plan: Plan, name: str) -> list[DiffRow]:
    return rows(of(plan, name), "virtual_machines")


def moved_from(story: Story, name: str, vmid: int) -> str:
    return f"moves here from {name} (id {story.ids[name]}) of the cluster paris, vmid {vmid}"


def test_all_changes_are_written(story: Story) -> None:
    assert story.refused == []


early(lambda lab: arrive(lab, 101, "early"))
moves(lambda lab: arrive(lab, 102, "erp"))
moves(lambda lab: arrive(lab, 103, "erp8"))


@decide
def it_has_more_cores(lab: Clusters) -> None:
    for vmid in (201, 203):
        lab.lyon.guests[vmid].maxcpu = 8


@pytest.mark.parametrize(("first", "name", "vmid"), [("paris", "erp8", 103), ("lyon", "early", 101)])
def test_a_guest_moves_to_another_cluster(story: Story, first: str, name: str, vmid: int) -> None:
    """In either order one move of the same virtual machine, and no delete, though every policy allows it."""
    known = story.ids[name]
    if first == "lyon":
        # The snapshot of paris is older: it still shows the guest.
        assert said(story.lyon_first, name) == [
            (
                "conflict",
                f"NetBox has a guest of this name, these MAC addresses and this SMBIOS UUID, {name} (id {known}) of the"
                f" cluster paris, vmid {vmid}, and paris-pve still shows it: if it has moved, sync paris-pve again; if it is a"
                " copy, create it in NetBox in this cluster",
            )
        ]
        assert said(story.paris_alone, name) == gone(
            vmid,
            "lyon-pve shows a guest of this name, these MAC addresses and this SMBIOS UUID"
            f" (vmid {vmid + 100} of lyon), so it may have moved there",
        )
    [moved] = of(story.lyon, name).rows
    assert (moved.resource, moved.action, moved.netbox_id, moved.reason) == (
        "virtual_machines",
        "update",
        known,
        moved_from(story, name, vmid),
    )
    written = after(moved)
    assert {
        field: value["name"] if isinstance(value, dict) else value for field, value in written.items()
    } == {
        "cluster": "lyon",
        "device": "lyon1",
        "cf.proxmox_cluster": "lyon",
        "cf.proxmox_vmid": vmid + 100,
    }
    assert [r.action for r in of(story.paris_again, name).rows] == ["blocked"]
    # Only the approval in lyon counts; what paris once wrote there does not conflict.
    assert of(story.lyon_then, name).rows == ()
    there = story.held[known]
    assert (there["name"], there["cluster"]["name"], there["device"]["name"], there["vcpus"]) == (
        name,
        "lyon",
        "lyon1",
        8.0,
    )
    assert there["interface_count"] == 1
    assert of(story.paris_then, name).rows == ()


def test_a_guest_that_has_moved_is_renamed_where_it_is(story: Story) -> None:
    assert [after(r) for r in of(story.lyon_then, "erp", "renamed").rows] == [{"name": "renamed"}]


@moves
def lyon_shows_a_copy(lab: Clusters) -> None:
    guest(lab.lyon, 204, "copied", 104, 1, uuid(104), "lyon1")


@decide
def a_person_creates_the_copy(lab: Clusters) -> None:
    home = lab.netbox.one("virtualization/clusters", name="lyon")
    lab.netbox.create(VMS, name="copied", cluster=home["id"])


def test_a_copy_in_another_cluster_is_nobodys_move(story: Story) -> None:
    """Both clusters show it. What a person enters in NetBox for the copy is the copy."""
    assert [r.action for r in of(story.lyon, "copied").rows] == ["conflict"]
    assert of(story.paris, "copied").rows == ()
    assert [r.netbox_id for r in machine(story.written, "copied")] == [story.copies["copied"]]


moves(lambda lab: arrive(lab, 105, "namesake", mac=205, uuid=205))


def test_a_guest_of_the_same_name_elsewhere_does_not_stop_a_delete(story: Story) -> None:
    assert [r.action for r in machine(story.lyon, "namesake")] == ["create"]
    assert row(story.paris, "virtual_machines", "namesake [vmid 105]").action == "delete"


# -- what else shows that it is the same guest ------------------------------------------------------------

moves(lambda lab: arrive(lab, 106, "new-name"))
moves(lambda lab: arrive(lab, 107, "ct107", mac=207))
moves(lambda lab: arrive(lab, 108, "ct108", number=108))


@reuse
def their_old_numbers_are_given_to_others(lab: Clusters) -> None:
    for vmid in (106, 107, 108):
        guest(lab.paris, vmid, f"scratch{vmid}", vmid + 120, 8, uuid(vmid + 300), "pve1")


@pytest.mark.parametrize(
    ("old", "witnesses", "number", "new_number", "name"),
    [
        ("ct106", "these MAC addresses and this SMBIOS UUID", 106, 206, "new-name"),
        ("ct107", "this name and this SMBIOS UUID", 107, 207, "ct107"),
        ("ct108", "this name, these MAC addresses and this SMBIOS UUID", 108, 108, "ct108"),
    ],
)
def test_a_guest_that_changes_on_its_way_is_the_same(
    story: Story, old: str, witnesses: str, number: int, new_number: int, name: str
) -> None:
    """Two of name, MAC addresses and UUID are the same. Its old number may have been given to another guest."""
    assert said(story.paris, old) == gone(
        number,
        f"lyon-pve shows a guest of {witnesses} (vmid {new_number} of lyon), so it may have moved there",
    )
    assert [(r.action, r.netbox_id, r.reason) for r in machine(story.lyon, name)] == [
        ("update", story.ids[old], moved_from(story, old, number))
    ]
    assert of(story.lyon_then, name).rows == ()
    there = story.held[story.ids[old]]
    assert (there["name"], there["cluster"]["name"], there["custom_fields"]["proxmox_vmid"]) == (
        name,
        "lyon",
        new_number,
    )
    assert [r.action for r in machine(story.paris_then, f"scratch{number}")] == ["create"]
    assert of(story.paris_then, old).rows == ()


@moves
def a_container_has_the_card_of_a_machine(lab: Clusters) -> None:
    lab.paris.remove(109)
    card = "name=eth0,hwaddr=BC:24:11:00:00:6D,bridge=vmbr0"
    lab.lyon.add_lxc(209, node="lyon1", name="web", config={"net0": card})


@decide
def a_person_creates_the_container(lab: Clusters) -> None:
    home = lab.netbox.one("virtualization/clusters", name="lyon")
    lab.netbox.create(VMS, name="web", cluster=home["id"])


def test_a_mac_address_alone_is_a_question(story: Story) -> None:
    """A container has no UUID. Under another name it is neither created nor deleted, until a person has said what it is."""
    assert said(story.lyon, "web") == [
        (
            "conflict",
            f"NetBox has a guest of these MAC addresses, ct109 (id {story.ids['ct109']}) of the cluster paris, vmid 109, and"
            " nothing else shows that it is this one: if it has moved, enter its new cluster and vmid in NetBox; if not,"
            " create this one in NetBox in this cluster",
        )
    ]
    assert said(story.paris, "ct109") == gone(
        109, "lyon-pve shows a guest of these MAC addresses (vmid 209 of lyon), so it may have moved there"
    )
    # It is another one, says who creates it; then nothing keeps the old one.
    assert row(story.paris_then, "virtual_machines", "ct109 [vmid 109]").action == "delete"


@moves
def a_guest_without_a_card_moves(lab: Clusters) -> None:
    lab.paris.remove(120)
    lab.lyon.add_qemu(220, node="lyon1", name="vault", config={"smbios1": f"uuid={uuid(120)}"})


def test_guests_without_cards_are_known_by_name_and_uuid(story: Story) -> None:
    assert [(r.action, r.key) for r in of(story.paris, "vault").rows] == [("blocked", "vault [vmid 120]")]
    assert [r.action for r in machine(story.lyon, "vault")] == ["update"]


# -- no delete while it may be elsewhere unseen -----------------------------------------------------------


moves(lambda lab: arrive(lab, 110, "ct110"))


def test_a_cluster_that_was_not_read_since_is_no_evidence(story: Story) -> None:
    """Lyon was read before the move. What paris shows alone never deletes the guest that lyon would show."""
    assert said(story.paris_alone, "ct110") == gone(
        110,
        "lyon-pve has not been read since, and it may have moved there; sync lyon-pve, or set enabled: false where it"
        " is no longer in use",
    )
    # A sync of one guest reads nothing else.
    [found] = of(story.after_one_guest, "ct110").rows
    assert "lyon-pve has not been read since" in str(found.reason)
    [found] = of(story.paris, "ct110").rows
    assert "lyon-pve shows a guest of this name" in str(found.reason)


moves(lambda lab: lab.paris.remove(111))


def test_a_guest_that_no_cluster_shows_is_deleted_once_all_were_read(story: Story) -> None:
    assert row(story.paris_alone, "virtual_machines", "ct111 [vmid 111]").action == "blocked"
    assert row(story.paris, "virtual_machines", "ct111 [vmid 111]").action == "delete"


def test_an_endpoint_that_is_not_in_use_is_not_waited_for(story: Story) -> None:
    assert row(story.without_lyon, "virtual_machines", "ct111 [vmid 111]").action == "delete"


late(lambda lab: arrive(lab, 112, "ct112"))


def test_a_cluster_that_shows_a_part_is_no_evidence(story: Story) -> None:
    assert said(story.lyon_in_part, "ct112") == gone(
        112,
        "lyon-pve may not show all of its guests (cluster lyon has no quorum, so its state is not certain;"
        " guest_config: 0 of 127 rows of the last good snapshot; guest_interfaces: 0 of 11 rows of the last good"
        " snapshot; node lyon1 is offline), and it may have moved there",
    )


late(lambda lab: lab.paris.remove(113))


def test_a_damaged_snapshot_of_another_cluster_is_no_evidence(story: Story) -> None:
    assert said(story.lyon_damaged, "ct113") == gone(
        113,
        "lyon-pve has no snapshot that can be read, and it may have moved there; sync lyon-pve, or set enabled: false"
        " where it is no longer in use",
    )
