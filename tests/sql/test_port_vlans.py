"""VLANs of LibreNMS's ports: what an unreadable row and an undecided VLAN leave open."""

from __future__ import annotations

from tests.sql.kinds import interface, port, switch
from tests.sql.source_rows import SourceRows


def source(**ports: str) -> SourceRows:
    rows = SourceRows("librenms")
    for number, (name, vlan) in enumerate(ports.items(), 1):
        rows.put("librenms.ports", port_id=number, device_id=1, ifName=name, ifVlan=vlan)
        rows.put("desired.interfaces", key=name, device="sw1", name=name, source_id=str(number))
    return rows


def test_a_membership_that_cannot_be_read_leaves_only_its_port_unknown() -> None:
    rows = source(a="10", b="20")
    rows.put(
        "librenms.scopes", scope="port_vlans", scope_id="1", complete=False, reason="unreadable", unseen=False
    )
    rows.put("librenms.rejected", source_table="port_vlans", row_key="1", reason="'x' is not a number")
    rows.desired("interface_vlans")
    assert rows.rows("SELECT key, untagged FROM desired.interface_vlans") == [("b", 20)]


def test_memberships_that_were_not_read_leave_all_ports_of_the_device_unknown() -> None:
    rows = source(a="10", b="20")
    rows.put("librenms.scopes", scope="port_vlans", scope_id="1", complete=False, reason="500", unseen=True)
    rows.desired("interface_vlans")
    assert rows.rows("SELECT key, untagged FROM desired.interface_vlans") == []


def test_an_access_port_gets_no_mode_without_its_vlan() -> None:
    estate = switch()
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.vlan_groups", id=number, name=name, slug=name.lower())
        estate.add("netbox.vlans", id=100 + number, vid=10, name=f"ten {name}", group_id=number)
    port(estate, 1, "Gi0/1", ifVlan="10")
    interface(estate, 11, "Gi0/1", port=1)
    assert [(r.action, r.fields) for r in estate.rows() if r.resource == "interfaces"] == [("conflict", {})]


def test_a_port_gets_mode_tagged_with_one_of_its_vlans() -> None:
    """VLAN 10 is in two groups of NetBox. Of port 1 no VLAN is decided, of port 2 the native one."""
    estate = switch()
    for number, name in ((1, "Paris"), (2, "Lyon")):
        estate.add("netbox.vlan_groups", id=number, name=name, slug=name.lower())
        estate.add("netbox.vlans", id=100 + number, vid=10, name=f"ten {name}", group_id=number)
    estate.add("netbox.vlans", id=20, vid=20, name="twenty")
    for number, native in ((1, None), (2, "20")):
        port(estate, number, f"Gi0/{number}", ifVlan=native, ifTrunk="dot1Q")
        interface(estate, 10 + number, f"Gi0/{number}", port=number)
        for vid in (10, 20):
            of = {"port_id": number, "device_id": 1}
            estate.add("librenms.port_vlans", vlan=vid, untagged=native == str(vid), **of)
    assert {r.key: (r.action, r.fields) for r in estate.rows() if r.resource == "interfaces"} == {
        "sw1 Gi0/1": ("conflict", {}),
        "sw1 Gi0/2": ("update", {"mode": "tagged", "untagged_vlan": {"id": 20, "name": "20 twenty"}}),
    }


def test_ids_that_people_typed_are_read_as_numbers() -> None:
    estate = switch()
    port(estate, 43, "Gi0/9")
    port(estate, 44, "Gi0/8")
    interface(estate, 11, "Gi0/1", cf={"librenms_id": {"lib": " 43 "}})
    interface(estate, 12, "Gi0/2", cf={"librenms_id": "044"})
    assert [
        (r.netbox_id, r.fields["cf.librenms_id"]) for r in estate.rows() if r.resource == "interfaces"
    ] == [
        (12, {"lib": 44}),
        (11, {"lib": 43}),
    ]


def test_a_bare_id_of_another_object_is_named() -> None:
    estate = switch()
    port(estate, 43, "Gi0/1")
    interface(estate, 11, "Gi0/1", cf={"librenms_id": 7})
    assert [(r.action, r.reason, r.fields) for r in estate.rows() if r.resource == "interfaces"] == [
        (
            "update",
            "librenms_id is 7 in NetBox, without an endpoint; it becomes 43 of this endpoint",
            {"cf.librenms_id": {"lib": 43}},
        )
    ]
