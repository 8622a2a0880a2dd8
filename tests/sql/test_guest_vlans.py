"""VLANs of guests' interfaces: ranges of trunks, bridges of a VLAN, VLAN-aware bridges, names of vnets."""

from __future__ import annotations

from typing import Any

from tests.sql.estate import Estate, Row
from tests.sql.kinds import Parts, about, guest, machine, nic, paris


def start(vlan_aware_bridges: str = "untagged") -> Estate:
    """Cluster paris; NetBox has a VLAN group and VLAN 32 in it."""
    found = paris(vlan_aware_bridges=vlan_aware_bridges)
    found.add("netbox.vlan_groups", id=1, name="Paris", slug="paris")
    found.add("netbox.vlans", id=32, vid=32, name="thirty-two", group_id=1)
    return found


GUESTS = Parts(start)


def known(found: Estate, number: int, node: str = "pve1") -> None:
    """Guest vm<number>, which NetBox has."""
    guest(found, 100 + number, f"vm{number}", node=node)
    machine(found, number, f"vm{number}", 100 + number)


def net(found: Estate, guest: int, number: int, bridge: str = "vmbr0", **content: Any) -> None:
    columns = {"key": f"net{number}", "position": number, "bridge": bridge, **content}
    found.add("proxmox.guest_interfaces", vmid=100 + guest, **columns)


def vids(value: Any) -> Any:
    """A VLAN as "32 thirty-two", several as a list of such."""
    return [item["name"] for item in value] if isinstance(value, list) else value and value["name"]


def vlans(rows: list[Row]) -> dict[str, tuple[Any, Any, Any]]:
    return {
        r.key: (
            r.fields.get("mode"),
            vids(r.fields.get("untagged_vlan")),
            vids(r.fields.get("tagged_vlans", [])),
        )
        for r in rows
        if r.resource == "vm_interfaces"
    }


def created(rows: list[Row]) -> dict[int, str]:
    return {r.fields["vid"]: r.fields["name"] for r in rows if (r.resource, r.action) == ("vlans", "create")}


@GUESTS.part
def trunks(found: Estate) -> None:
    known(found, 1, node="pve9")
    everything = list(range(2, 4095))
    net(found, 1, 0, trunks=everything, trunk_ranges=everything)
    net(found, 1, 1, trunks=everything, trunk_ranges=everything, tag=20)
    net(found, 1, 2, trunks=[10, 20, 30, 31, 32, 33], trunk_ranges=[30, 31, 32, 33])
    net(found, 1, 3, tag=31)
    net(found, 1, 4, trunks=[500, 501], trunk_ranges=[500, 501])
    # A snapshot of an older version, which knows no ranges.
    net(found, 1, 5, trunks=[40, 41])


def of(name: str, **endpoint: str) -> list[Row]:
    """The rows about this guest."""
    return about(GUESTS.estate(**endpoint).rows(), name)


def test_a_range_of_a_trunk_makes_no_vlans() -> None:
    """Of a range those are tagged that NetBox has, or that something else of the cluster names."""
    assert vlans(of("vm1")) == {
        "vm1 net0": ("tagged-all", None, []),
        "vm1 net1": ("tagged-all", "20", []),
        "vm1 net2": ("tagged", None, ["10", "20", "31", "32 thirty-two"]),
        "vm1 net3": ("access", "31", []),
        "vm1 net4": ("tagged", None, []),
        "vm1 net5": ("tagged", None, ["40", "41"]),
    }
    # Beside those that the other guests have.
    assert created(GUESTS.estate().rows()) == {
        **{vid: f"VLAN{vid:04}" for vid in (10, 20, 31, 40, 41)},
        **{vid: f"VLAN{vid:04}" for vid in (5, 7, 51, 52, 53)},
    }


@GUESTS.part
def bridges(found: Estate) -> None:
    known(found, 2)
    for name, kind, ports, content in (
        ("eno1", "eth", [], {}),
        ("eno1.51", "vlan", [], {"vlan_id": 51}),
        ("vlan52", "vlan", [], {"vlan_id": 52, "vlan_raw_device": "eno1"}),
        ("vmbr0", "bridge", ["eno1"], {}),
        ("vmbr51", "bridge", ["eno1.51"], {}),
        ("vmbr52", "bridge", ["vlan52"], {}),
        ("vmbr53", "bridge", ["bond0.53"], {}),
        ("vmbr54", "bridge", ["eno1", "eno1.54"], {}),
        ("vmbr55", "bridge", ["eno1.55"], {"bridge_vlan_aware": True}),
    ):
        found.add("proxmox.node_interfaces", node="pve1", iface=name, type=kind, ports=ports, **content)
    for number, bridge in enumerate(("vmbr0", "vmbr51", "vmbr52", "vmbr53", "vmbr54", "vmbr55")):
        net(found, 2, number, bridge)
    net(found, 2, 6, "vmbr51", tag=7)


def test_guests_on_a_bridge_over_a_vlan_interface_are_in_that_vlan() -> None:
    assert vlans(of("vm2")) == {
        "vm2 net0": (None, None, []),
        "vm2 net1": ("access", "51", []),
        "vm2 net2": ("access", "52", []),
        "vm2 net3": ("access", "53", []),
        "vm2 net4": (None, None, []),
        "vm2 net5": (None, None, []),
        "vm2 net6": ("access", "7", []),
    }


@GUESTS.part
def aware_bridges(found: Estate) -> None:
    known(found, 3, node="pve3")
    for name, kind, aware in (
        ("vmbr0", "bridge", True),
        ("vmbr1", "bridge", False),
        ("ovs0", "OVSBridge", None),
    ):
        columns = {"iface": name, "type": kind, "ports": [], "bridge_vlan_aware": aware}
        found.add("proxmox.node_interfaces", node="pve3", **columns)
    net(found, 3, 0, "vmbr0")
    net(found, 3, 1, "vmbr0", tag=5)
    net(found, 3, 2, "vmbr1")
    net(found, 3, 3, "ovs0")


def test_nics_without_a_tag_on_a_vlan_aware_bridge_are_tagged_all_by_setting() -> None:
    for setting, expected in (("untagged", None), ("tagged-all", "tagged-all")):
        assert vlans(of("vm3", vlan_aware_bridges=setting)) == {
            "vm3 net0": (expected, None, []),
            "vm3 net1": ("access", "5", []),
            "vm3 net2": (None, None, []),
            "vm3 net3": (expected, None, []),
        }


def test_the_name_of_a_vlan_is_the_operators_once_it_exists() -> None:
    found = start()
    known(found, 1)
    found.add("proxmox.sdn_zones", zone="office", type="vlan")
    found.add("proxmox.sdn_vnets", vnet="srv32", zone="office", tag=32)
    found.add("proxmox.sdn_vnets", vnet="srv33", zone="office", tag=33)
    rows = found.rows()
    assert [(r.key, r.action, r.fields) for r in rows if r.resource == "vlans" and r.netbox_id] == [
        ("32 in paris", "drifted", {})
    ]
    assert created(rows) == {33: "srv33"}
    found.config.endpoint("lib").policies.owns.append("vlans.name")
    assert [(r.action, r.fields) for r in found.rows() if r.resource == "vlans" and r.netbox_id] == [
        ("update", {"name": "srv32"})
    ]


def test_an_interface_gets_no_mode_without_its_vlans() -> None:
    found = start()
    known(found, 1)
    found.add("netbox.vlan_groups", id=2, name="Lyon", slug="lyon")
    found.add("netbox.vlans", id=132, vid=32, name="another", group_id=2)
    net(found, 1, 0, tag=32)
    nic(found, 5, "net0", 1)
    net(found, 1, 1, trunks=[32, 33])
    nic(found, 6, "net1", 1)
    assert {r.key: (r.action, r.fields) for r in found.rows() if r.resource == "vm_interfaces"} == {
        "vm1 net0": ("conflict", {}),
        "vm1 net1": ("conflict", {}),
    }


def test_a_vlan_of_another_site_is_put_on_no_guest() -> None:
    """A cluster without a site: its machines may have one."""
    estate = start()
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.sites", id=number, name=name, slug=name.lower())
    estate.add("netbox.vlans", id=50, vid=50, name="fifty", group_id=1, site_id=2)
    estate.add("netbox.vlans", id=60, vid=60, name="sixty", group_id=1, site_id=1)
    known(estate, 1)
    estate.change("netbox.virtual_machines", "vm1", site_id=1)
    net(estate, 1, 0, tag=50)
    net(estate, 1, 1, tag=60)
    reason = "NetBox has VLAN 50 of the group paris at site Lyon, and accepts it only on interfaces there"
    assert {r.key: r.reason for r in about(estate.rows(), "vm1", "50") if r.reason} == {
        "VLAN 50 of paris": reason,
        "vm1 net0": f"untagged_vlan: {reason}",
    }
    assert vlans(about(estate.rows(), "vm1")) == {
        "vm1 net0": (None, None, []),
        "vm1 net1": ("access", "60 sixty", []),
    }
