"""Which NetBox device a device of the source is: its number, its name and what else is known of both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sql.estate import check_settled
from tests.sql.kinds import paris, told
from tests.sql.rules import Rules

Found = dict[str, tuple[int | None, str | None]]


class Estate(Rules):
    """Devices in site 1. ``lib`` is a LibreNMS server, or the Proxmox cluster home2."""

    def __init__(self, kind: str = "librenms") -> None:
        super().__init__(kind, "home2" if kind == "proxmox" else "lib")
        self.kind = kind
        self.field = "proxmox_node" if kind == "proxmox" else "librenms_id"
        reference = (
            "owner_resource VARCHAR, owner_key VARCHAR, field VARCHAR, netbox_id BIGINT, by_default BOOLEAN,"
            " value VARCHAR, problem VARCHAR"
        )
        self.con.execute(f"CREATE TABLE match.references ({reference})")

    def has(self, netbox_id: int, name: str, held: Any = None, serial: str = "", **more: Any) -> None:
        """What NetBox has. ``held``: the id field; ``ip``: its primary address; ``ours``: we wrote the id."""
        ip, ours, named = more.pop("ip", None), more.pop("ours", False), more.pop("named", None)
        macs = more.pop("macs", [])
        fields = {} if held is None else {self.field: held}
        self.put(
            "netbox.devices",
            id=netbox_id,
            name=name,
            serial=serial,
            site_id=1,
            cf=fields,
            primary_ip4_id=netbox_id if ip else None,
        )
        if ip or macs:
            self.put("netbox.interfaces", id=netbox_id, device_id=netbox_id, name="eth0")
        end = {"assigned_object_type": "dcim.interface", "assigned_object_id": netbox_id}
        if ip:
            self.put("netbox.ip_addresses", id=netbox_id, host=ip, **end)
        for position, mac in enumerate(macs):
            self.put("netbox.mac_addresses", id=netbox_id * 10 + position, mac_address=mac, **end)
        written = {f"cf.{self.field}": json.dumps(held)} if ours else {}
        if named:
            written["name"] = json.dumps(named)
        for field, value in written.items():
            of = {"object_type": "dcim/devices", "netbox_id": netbox_id}
            self.put("ledger.last_written", field=field, value=value, **of)

    def shows(self, number: Any, name: str, serial: str | None = None, ip: str | None = None) -> None:
        """What the source shows."""
        self.put(
            "desired.devices",
            key=name,
            source_id=str(number),
            name=name,
            names=[name],
            serial=serial,
            ip=ip,
            id_value=json.dumps(number),
            in_site_only=self.kind == "proxmox",
        )
        of = {"owner_resource": "devices", "owner_key": name, "field": "site", "by_default": False}
        self.put("match.references", netbox_id=1, **of)

    def port(self, device: str, mac: str) -> None:
        self.put("desired.interfaces", key=f"{device} eth0", device=device, name="eth0", mac=mac)

    def found(self) -> Found:
        self.run("match.device_pairs", "match.device_exceptions", "match.devices")
        check_settled(self.con)
        rows = self.rows("SELECT key, netbox_id, problem FROM match.devices")
        return {key: (netbox_id, problem) for key, netbox_id, problem in rows}

    def candidates(self) -> dict[str, list[int]]:
        return dict(self.rows("SELECT key, candidate_ids FROM match.devices WHERE candidate_ids IS NOT NULL"))


@pytest.fixture
def estate() -> Estate:
    return Estate()


def ids(found: Found) -> dict[str, int | None]:
    assert [problem for _, problem in found.values() if problem] == []
    return {name: netbox_id for name, (netbox_id, _) in found.items()}


@pytest.mark.parametrize("evidence", ["serial", "address", "name"])
@pytest.mark.parametrize("order", [(2, 1, 3), (2, 3, 1), (2, 3, 4)], ids=["crossed", "rotated", "shifted"])
def test_numbers_of_a_new_installation(estate: Estate, evidence: str, order: tuple[int, ...]) -> None:
    """Name and serial, name and address, and names alone where each device is accounted for."""
    for netbox_id, number in zip((1, 2, 3), order, strict=True):
        known = {
            "serial": f"FOC{netbox_id}" if evidence == "serial" else "",
            "ip": f"10.0.0.{netbox_id}" if evidence == "address" else None,
        }
        estate.has(netbox_id, f"sw{netbox_id}", {"lib": netbox_id}, ours=True, **known)
        estate.shows(number, f"sw{netbox_id}", known["serial"] or None, known["ip"])
    assert ids(estate.found()) == {"sw1": 1, "sw2": 2, "sw3": 3}


def test_a_number_whose_device_is_gone_against_a_name_alone_is_a_conflict(estate: Estate) -> None:
    """sw1 may have been renamed to sw2, which stands for another machine in NetBox."""
    estate.has(1, "sw1", {"lib": 1})
    estate.has(2, "sw2", {"lib": 2})
    estate.shows(1, "sw2")
    said = "several NetBox devices could be this one: sw1 (id field), sw2 (name)"
    assert estate.found() == {"sw2": (None, said)}
    assert estate.candidates() == {"sw2": [1, 2]}


def test_a_renamed_device_is_found_by_its_number_and_a_second_witness(estate: Estate) -> None:
    estate.has(1, "sw1", {"lib": 1}, "FOC1", ours=True)
    estate.has(2, "sw2", {"lib": 2}, ip="10.0.0.2", ours=True)
    estate.has(3, "sw3", {"lib": 3}, macs=["02:00:00:00:00:03"], ours=True)
    estate.has(4, "Main switch", {"lib": 4}, named="sw4", ours=True)
    estate.has(5, "by hand", {"lib": 5})
    estate.shows(1, "new1", "FOC1")
    estate.shows(2, "new2", ip="10.0.0.2")
    estate.shows(3, "new3")
    estate.port("new3", "02:00:00:00:00:03")
    estate.shows(4, "sw4")
    estate.shows(5, "new5")
    assert ids(estate.found()) == {"new1": 1, "new2": 2, "new3": 3, "sw4": 4, "new5": 5}


def test_another_device_has_the_number_now(estate: Estate) -> None:
    estate.has(1, "sw1", {"lib": 1}, "FOC1")
    estate.has(2, "sw2", {"lib": 2}, ip="10.0.0.2")
    estate.has(3, "sw3", {"lib": 3}, ours=True)
    estate.shows(1, "fw1", "XYZ1")
    estate.shows(2, "fw2", ip="10.9.9.9")
    estate.shows(3, "fw3")
    assert estate.found() == {
        "fw1": (
            None,
            "another device has device_id 1 now: NetBox has it on sw1, and neither the name nor the serial is the same; "
            "correct librenms_id there",
        ),
        "fw2": (
            None,
            "another device has device_id 2 now: NetBox has it on sw2, and neither the name nor the address is the same; "
            "correct librenms_id there",
        ),
        "fw3": (
            None,
            "another device has device_id 3 now: NetBox has it on sw3, the name is another, and nothing else shows that "
            "it is the same; correct librenms_id there",
        ),
    }
    assert estate.candidates() == {"fw1": [1], "fw2": [2], "fw3": [3]}


def test_a_new_device_with_the_number_of_one_that_has_another_now(estate: Estate) -> None:
    estate.has(1, "sw1", {"lib": 1}, "FOC1")
    estate.shows(7, "sw1", "FOC1")
    estate.shows(1, "fw1", "XYZ1")
    assert ids(estate.found()) == {"sw1": 1, "fw1": None}


def test_an_old_number_beside_the_right_one_is_no_doubt(estate: Estate) -> None:
    """As after an apply of only one of two crossed updates."""
    estate.has(1, "sw1", {"lib": 1})
    estate.has(2, "sw2", {"lib": 1})
    estate.shows(1, "sw1")
    estate.shows(2, "sw2")
    assert ids(estate.found()) == {"sw1": 1, "sw2": 2}


def test_a_name_takes_no_device_of_another_server_that_is_known_to_be_another(estate: Estate) -> None:
    """Two servers that poll one device share it: the same serial, address or MAC address, or nothing against it."""
    estate.has(1, "core", {"lyon": 12}, "FOC1")
    estate.has(2, "edge", {"lyon": 13}, ip="10.0.0.2")
    estate.has(3, "same-serial", {"lyon": 14}, "FOC3", ip="10.0.0.3")
    estate.has(4, "same-mac", {"lyon": 15}, ip="10.0.0.4", macs=["02:00:00:00:00:04"])
    estate.has(5, "bare", {"lyon": 16})
    estate.shows(1, "core", "XYZ1")
    estate.shows(2, "edge", ip="10.9.9.9")
    estate.shows(3, "same-serial", "FOC3", "10.9.9.3")
    estate.shows(4, "same-mac", ip="10.9.9.4")
    estate.port("same-mac", "02:00:00:00:00:04")
    estate.shows(5, "bare")
    said = (
        "NetBox has the device {} (id {}) as that of lyon (librenms_id), and the {} is another. If it is the same, add"
        ' "lib": {} to that field; if not, create its device in NetBox under another name, with librenms_id {{"lib": {}}}'
    )
    assert estate.found() == {
        "core": (None, said.format("core", 1, "serial", 1, 1)),
        "edge": (None, said.format("edge", 2, "address", 2, 2)),
        "same-serial": (3, None),
        "same-mac": (4, None),
        "bare": (5, None),
    }
    assert estate.candidates() == {"core": [1], "edge": [2]}


def test_a_nodes_name_takes_no_device_of_another_cluster() -> None:
    """Whatever else is the same. A device that a person entered for this cluster is it, under any name."""
    home = Estate("proxmox")
    home.has(1, "pve", {"home1": "pve"})
    home.has(2, "pve2-home2", {"home2": "pve2"}, ours=True)
    home.has(3, "pve2", {"home1": "pve2"})
    home.has(4, "pve4")
    home.has(5, "pve5", {"home1": "pve5", "home2": "pve5"})
    for name in ("pve", "pve2", "pve4", "pve5"):
        home.shows(name, name)
    assert home.found() == {
        "pve": (
            None,
            "NetBox has the device pve (id 1) as that of home1 (proxmox_node), and a name alone does not show that"
            ' this node is the same machine. If it is the same, add "home2": "pve" to that field; if not, create its'
            ' device in NetBox under another name, with proxmox_node {"home2": "pve"}',
        ),
        "pve2": (2, None),
        "pve4": (4, None),
        "pve5": (5, None),
    }
    assert home.candidates() == {"pve": [1]}


def test_a_nodes_name_takes_no_device_of_another_site() -> None:
    home = Estate("proxmox")
    home.put("netbox.sites", id=2, name="Lyon")
    home.has(1, "pve1")
    home.con.execute("UPDATE netbox.devices SET site_id = 2")
    home.shows("pve1", "pve1")
    assert home.found() == {
        "pve1": (
            None,
            "the NetBox device pve1 is in another site (Lyon); set the node's site, or move one of them",
        )
    }


def _node(home: Any, **endpoint: Any) -> Any:
    estate = home(**{"defaults": {"role": "Hypervisor", "device_type": "R650"}, **endpoint})
    estate.add("proxmox.nodes", node="pve1", online=True, pveversion="pve-manager/9.1.4")
    estate.add("netbox.sites", id=1, name="Paris DC1", slug="paris-dc1")
    estate.add("netbox.device_roles", id=1, name="Hypervisor", slug="hypervisor")
    estate.add("netbox.manufacturers", id=1, name="Dell", slug="dell")
    estate.add("netbox.device_types", id=1, model="R650", slug="r650", manufacturer_id=1)
    return estate


def test_a_node_whose_site_is_not_known_asks_for_the_site() -> None:
    home = _node(paris)
    home.add("netbox.devices", id=1, name="pve1", site_id=1)
    said = (
        "NetBox has a device pve1 at site Paris DC1, and the site of this node is not known:"
        ' no site: map sites: "pve1", or set defaults.site'
    )
    assert told(home, "devices") == {"pve1": ("conflict", said)}
    # A person's answer is enough.
    question = home.questions()["devices", "pve1", ""][1]
    home.answer("devices", "pve1", "pick", question, netbox_id=1)
    assert [(r.action, r.netbox_id) for r in home.rows() if r.resource == "devices"] == [("update", 1)]


def _at(home: Any, scope: str, scope_id: int) -> Any:
    estate = _node(home)
    estate.add("netbox.locations", id=7, name="Hall", slug="hall", site_id=1)
    estate.add("netbox.regions", id=1, name="France", slug="france")
    estate.change("netbox.clusters", "paris", status="active", scope_type=scope, scope_id=scope_id)
    return estate


def test_a_node_without_a_known_site_is_at_the_site_of_its_clusters_scope() -> None:
    home = _at(paris, "dcim.site", 1)
    [row] = [r for r in home.rows() if r.resource == "devices"]
    assert (row.action, row.reason) == (
        "create",
        "site Paris DC1 is the scope of its cluster paris in NetBox",
    )


@pytest.mark.parametrize(("scope", "scope_id", "location"), [("dcim.site", 1, None), ("dcim.location", 7, 7)])
def test_a_device_of_the_nodes_name_at_the_site_of_its_cluster_is_it(
    scope: str, scope_id: int, location: int | None
) -> None:
    home = _at(paris, scope, scope_id)
    home.add("netbox.devices", id=1, name="pve1", site_id=1, location_id=location, cluster_id=1)
    assert [(r.action, r.netbox_id, r.reason) for r in home.rows() if r.resource == "devices"] == [
        ("update", 1, None)
    ]


def test_the_scope_of_a_cluster_is_no_evidence_beside_a_node_elsewhere() -> None:
    home = _at(lambda **endpoint: paris(mappings={"sites": {"pve2": "Lyon"}}, **endpoint), "dcim.site", 1)
    home.add("netbox.sites", id=2, name="Lyon", slug="lyon")
    home.add("proxmox.nodes", node="pve2", online=True, pveversion="pve-manager/9.1.4")
    found = {r.key: (r.action, r.reason) for r in home.rows() if r.resource == "devices"}
    assert found["pve1"] == ("blocked", 'no site: map sites: "pve1", or set defaults.site')


def test_a_cluster_of_a_region_says_nothing_of_the_site() -> None:
    home = _at(paris, "dcim.region", 1)
    assert told(home, "devices")["pve1"] == (
        "blocked",
        'no site: map sites: "pve1", or set defaults.site',
    )


def test_a_site_of_the_node_that_netbox_does_not_have_is_named() -> None:
    home = _node(paris, defaults={"site": "Pariss"})
    home.add("netbox.devices", id=1, name="pve1", site_id=1)
    said = (
        "NetBox has a device pve1 at site Paris DC1, and the site of this node is not known:"
        ' NetBox has no site "Pariss" (from defaults)'
    )
    assert told(home, "devices") == {"pve1": ("conflict", said)}


def test_of_two_devices_of_a_name_the_one_with_the_serial_is_it(estate: Estate) -> None:
    """NetBox takes a name twice at a site if the tenants differ."""
    estate.has(1, "sw1", serial="FOC1")
    estate.has(2, "sw1", serial="FOC2")
    estate.shows(7, "sw1", "FOC2")
    assert ids(estate.found()) == {"sw1": 2}


def test_two_devices_of_a_name_without_another_witness_are_a_conflict(estate: Estate) -> None:
    estate.has(1, "sw1", serial="FOC1")
    estate.has(2, "sw1")
    estate.shows(7, "sw1", "FOC3")
    assert estate.found() == {
        "sw1": (None, "several NetBox devices could be this one: sw1 (name)"),
    }
