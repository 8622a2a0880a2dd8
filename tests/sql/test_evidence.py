"""What the source shows for each row of a diff: every resource's rows are traced to the rows that they follow from."""

from __future__ import annotations

from functools import cache

from netbox_sync_dagster.approve.source_rows import SourceRows
from netbox_sync_dagster.config.resources import RESOURCES
from tests.sql.estate import Estate
from tests.sql.kinds import address, device, guest, interface, known_switch, mac, part, port, shown

EVERYTHING = [*RESOURCES]
Evidence = dict[tuple[str, str], SourceRows]


def _stack(estate: Estate) -> None:
    """The stack core of two switches, with a part in a bay that NetBox lacks."""
    device(estate, 1, "core", serial="FOC1", hardware="C9300", os="iosxe", location="Paris")
    part(estate, 1, 1, "stack")
    for position in (1, 2):
        part(
            estate,
            1,
            10 + position,
            "chassis",
            entPhysicalContainedIn=1,
            entPhysicalParentRelPos=position,
            entPhysicalName=f"Switch {position}",
            entPhysicalSerialNum=f"FOC{position}",
            entPhysicalModelName="C9300",
        )
    part(
        estate,
        1,
        21,
        "module",
        entPhysicalName="Slot 1",
        entPhysicalModelName="X1",
        entPhysicalSerialNum="M1",
        entPhysicalContainedIn=11,
    )
    port(estate, 1, "Gi1/0/1", ifPhysAddress="00005e005301", ifAlias="to sw2")
    estate.add("librenms.vlans", vlan_id=1, device_id=1, vlan_vlan=10, vlan_name="users")
    estate.add("librenms.vlans", vlan_id=2, device_id=1, vlan_vlan=5000, vlan_name="none")
    estate.add("librenms.port_vlans", device_id=1, port_id=1, vlan=10, untagged=True)
    estate.add("librenms.port_vlans", device_id=1, port_id=1, vlan=20, untagged=False)
    shown(estate, 1, "10.0.0.1", 1)
    shown(estate, 2, "2001:db8::1", 1, family=6)
    estate.change("librenms.devices", "core", ip="10.0.0.1")


@cache
def network() -> Evidence:
    """Of an empty NetBox but for the switch sw2 and what is missing in the source, all of it new."""
    estate = Estate(
        "librenms",
        inventory=True,
        virtual_chassis=True,
        import_devices="all",
        defaults={"role": "Switch"},
        policies={
            "create": EVERYTHING,
            "interface_prefixes": True,
            "ungrouped_vlans": True,
            "site_coordinates": "always",
            "missing_interfaces": "delete",
        },
        mappings={
            "sites": {"Paris": "Paris"},
            "manufacturers": {"iosxe": "Cisco"},
            "bmcs": {"sw2-ilo": "sw2"},
        },
    )
    _stack(estate)
    known_switch(estate, 2, location="Lyon", serial="A2", os="ios")
    device(estate, 3, "sw2-ilo", os="ilo", ip="10.9.0.2")
    estate.add("netbox.sites", id=1, name="Lyon", slug="lyon")
    estate.add("librenms.locations", location="Lyon", lat=45.75, lng=4.85)
    port(estate, 2, "Gi0/1", device=2, ifAlias="to core")
    interface(estate, 21, "Gi0/1", device=2, port=2, description="")
    interface(estate, 22, "Gi0/2", device=2)
    address(estate, 1, "10.0.0.99", 22)
    for number, (local, remote) in enumerate((((1, 1), (2, 2)), ((2, 2), (1, 1))), 1):
        estate.add(
            "librenms.links",
            id=number,
            local_device_id=local[0],
            local_port_id=local[1],
            remote_device_id=remote[0],
            remote_port_id=remote[1],
            remote_hostname="core" if remote[0] == 1 else "sw2",
            active=True,
        )
    estate.add("netbox.contacts", id=1, name="Ada")
    estate.add("netbox.contact_roles", id=1, name="Technical", slug="technical")
    estate.change("netbox.status", contacts=True)
    estate.rule(
        "devices.sql", "SELECT key, 'contacts:technical' AS field, 'Ada' AS value FROM desired.devices"
    )
    return estate.evidence()


@cache
def cluster() -> Evidence:
    """Of a cluster with one guest in an empty NetBox, with the plugin's models."""
    estate = Estate(
        "proxmox",
        scope="paris",
        guest_records="plugin",
        policies={"create": EVERYTHING},
        defaults={"site": "Paris", "role": "Node"},
    )
    estate.change("netbox.status", proxbox=True)
    estate.add("proxmox.cluster", name="paris", standalone=False, quorate=True)
    estate.add("proxmox.nodes", node="pve1", online=True, cpu_model="Xeon")
    guest(estate, 101, "web", mac(1), tags=["prod"])
    estate.add("proxmox.disks", vmid=101, key="scsi0", storage="local", size_mib=1024, counted=True)
    estate.add("proxmox.storages", storage="local", node="pve1", type="dir", content=["images"], enabled=True)
    estate.add("proxmox.backups", storage="local", node="pve1", volid="local:backup/a.zst", vmid=101)
    estate.add("proxmox.snapshots", vmid=101, name="before")
    estate.add(
        "proxmox.tasks",
        upid="UPID:1",
        node="pve1",
        type="qmstart",
        id="101",
        user="root@pam",
        status="OK",
        starttime="2026-11-20 10:00:00",
        endtime="2026-11-20 10:00:01",
    )
    estate.add("proxmox.replications", id="101-0", guest=101, target="pve2")
    return estate.evidence()


def said(found: Evidence, resource: str, key: str) -> list[tuple[str, dict[str, str]]]:
    """[(desired table, {column: value})] of a row."""
    return [(row.table, dict(row.values)) for row in found[resource, key].rows]


def test_rows_of_all_resources_say_what_the_source_shows() -> None:
    """Only what the source does not show has no evidence."""
    rows = {**network(), **cluster()}
    assert sorted({resource for resource, _ in rows}, key=RESOURCES.index) == [*RESOURCES]
    assert [name for name, found in rows.items() if found.number == 0] == [("interfaces", "sw2 Gi0/2")]


def test_a_vlan_is_shown_with_the_devices_that_have_it() -> None:
    owner = {"owner_resource": "devices", "owner": "core"}
    assert said(network(), "vlans", "10 in no group at site paris") == [
        ("vlans", {**owner, "vid": "10", "name": "users"}),
        ("carried_vids", {**owner, "vid": "10", "permitted": "false"}),
    ]
    assert said(network(), "vlans", "20 in no group at site paris") == [
        ("carried_vids", {**owner, "vid": "20", "permitted": "false"})
    ]


def test_causes_in_the_tables_are_sentences() -> None:
    assert said(network(), "vlans", "VLAN 5000 of core")[0][1]["problem"] == "VID 5000 is outside 1 to 4094"


def test_a_cable_is_shown_with_what_both_ends_see() -> None:
    assert said(network(), "cables", "core Gi1/0/1 <-> sw2 Gi0/1") == [
        (
            "cables",
            {
                "interface": "core Gi1/0/1",
                "remote_device": "sw2",
                "remote_name": "sw2",
                "remote_interface": "sw2 Gi0/1",
            },
        ),
        (
            "cables",
            {
                "interface": "sw2 Gi0/1",
                "remote_device": "core",
                "remote_name": "core",
                "remote_interface": "core Gi1/0/1",
            },
        ),
    ]


def test_addresses_are_shown_with_their_interface() -> None:
    (shown_address,) = said(network(), "ip_addresses", "10.0.0.1")
    assert shown_address[1]["interface"] == "core Gi1/0/1"
    assert [values["host"] for _, values in said(network(), "prefixes", "10.0.0.0/24")] == ["10.0.0.1"]
    assert said(network(), "primary_ips", "sw2 OOB") == [
        ("oob_ips", {"owner": "sw2", "host": "10.9.0.2", "interface": "sw2 sw2-ilo"})
    ]


def test_a_role_is_shown_with_the_devices_that_have_it() -> None:
    assert [values["owner_key"] for _, values in said(network(), "device_roles", "switch")] == [
        *("core", "core-M2", "sw2")
    ]


def test_many_rows_are_counted() -> None:
    estate = Estate(
        "librenms", import_devices="all", defaults={"role": "Switch"}, policies={"create": ["device_roles"]}
    )
    for number in range(1, 26):
        known_switch(estate, 100 + number)
    for number in range(1, 26):
        device(estate, number, f"new{number}")
    found = estate.evidence()["device_roles", "switch"]
    assert (len(found.rows), found.number, found.more) == (20, 50, 30)
