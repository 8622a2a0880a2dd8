"""LibreNMS ports in NetBox's terms."""

from __future__ import annotations

from tests.compare.librenms_ports import OLD_SERVER, OPTIONS
from tests.compare.together import Case, Steps, together
from tests.support import after, before, row, rows

ESTATE = "ports of LibreNMS"


@together(**OPTIONS)
def test_speed_in_kbit(case: Case) -> Steps:
    """Bit/s -> kbit/s, floor; null and a counter that ran full are unknown."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    speeds = {
        "p1g": 1000000000,
        "p100m": 100000000,
        "p400g": 400000000000,
        "zero": 0,
        "null": None,
        "odd": 1500,
        "text": "1000000000",
        "full": 4294967295,
    }
    for name, speed in speeds.items():
        case.state.add_port(dev, name, ifSpeed=speed)
    plan = yield
    assert {
        name: after(row(plan, "interfaces", f"sw1 {name}")).get("speed", "unknown") for name in speeds
    } == {
        "p1g": 1000000,
        "p100m": 100000,
        "p400g": 400000000,
        "zero": 0,
        "null": "unknown",
        "odd": 1,
        "text": 1000000,
        "full": "unknown",
    }


@together(**OPTIONS)
def test_mac_addresses(case: Case) -> Steps:
    """Every spelling is one address; zero, empty, null and multicast do not count."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    for name, mac in {
        "plain": "84bf20853e00",
        "dash": "84-bf-20-85-3e-00",
        "dotted": "84bf.2085.3e00",
        "zero": "000000000000",
        "empty": "",
        "null": None,
        "multicast": "01005e000001",
    }.items():
        case.state.add_port(dev, name, ifPhysAddress=mac)
    plan = yield
    assert [r.key for r in rows(plan, "mac_addresses")] == [
        "sw1 dash 84:BF:20:85:3E:00",
        "sw1 dotted 84:BF:20:85:3E:00",
        "sw1 plain 84:BF:20:85:3E:00",
    ]
    plain = row(plan, "mac_addresses", "sw1 plain 84:BF:20:85:3E:00")
    assert after(plain)["assigned_object"] == {
        "ref": "interfaces",
        "key": "sw1 plain",
        "name": "sw1 plain",
        "type": "dcim.interface",
    }
    primary = row(plan, "primary_macs", "sw1 plain")
    assert primary.depends_on == tuple(
        sorted([plain.change_id, row(plan, "interfaces", "sw1 plain").change_id])
    )


@together(**OPTIONS)
def test_a_mac_object_on_the_interface_is_reused(case: Case) -> Steps:
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    case.state.add_port(dev, "Gi0/1", ifPhysAddress="84bf20853e00")
    known = case.device("sw1")
    port = case.netbox.create("dcim/interfaces", device=known["id"], name="Gi0/1", type="1000base-t")
    mac = case.netbox.create(
        "dcim/mac-addresses",
        mac_address="84:bf:20:85:3e:00",
        assigned_object_type="dcim.interface",
        assigned_object_id=port["id"],
    )
    plan = yield
    assert rows(plan, "mac_addresses") == []
    assert after(row(plan, "primary_macs", "sw1 Gi0/1"))["primary_mac_address"]["id"] == mac["id"]


@together(**OPTIONS)
def test_admin_status(case: Case) -> Steps:
    """Up in any case is enabled; null is unknown and no difference."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    known = case.device("sw1")
    for name, status in {"lower": "up", "upper": "UP", "down": "down", "null": None}.items():
        case.state.add_port(dev, name, ifAdminStatus=status)
        case.netbox.create(
            "dcim/interfaces", device=known["id"], name=name, type="1000base-t", enabled=name == "down"
        )
    # LibreNMS 26 answers null for any status it does not know; 23.11 passes on what the device said.
    plan = yield OLD_SERVER
    found = {
        name: after(row(plan, "interfaces", f"sw1 {name}")).get("enabled")
        for name in ("lower", "upper", "down", "null")
    }
    assert found == {"lower": True, "upper": True, "down": False, "null": None}


@together(**OPTIONS)
def test_alias_that_repeats_the_name_is_no_description(case: Case) -> Steps:
    """An alias of null equals an empty description."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    known = case.device("sw1")
    for name, columns in {
        "Gi0/1": {"ifAlias": "Gi0/1"},
        "Gi0/2": {"ifDescr": "GigabitEthernet0/2", "ifAlias": "GigabitEthernet0/2"},
        "Gi0/3": {"ifAlias": None},
        "Gi0/4": {"ifAlias": " Uplink to Zürich "},
    }.items():
        case.state.add_port(dev, name, **columns)
        case.netbox.create(
            "dcim/interfaces", device=known["id"], name=name, type="1000base-t", speed=1000000, mtu=1500
        )
    plan = yield
    assert [after(row(plan, "interfaces", f"sw1 Gi0/{n}")).get("description") for n in (1, 2, 3, 4)] == [
        None,
        None,
        None,
        "Uplink to Zürich",
    ]


@together(**OPTIONS)
def test_an_operators_description_stays(case: Case) -> Steps:
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    case.state.add_port(dev, "Gi0/1", ifAlias="from the switch")
    known = case.device("sw1")
    case.netbox.create(
        "dcim/interfaces", device=known["id"], name="Gi0/1", type="1000base-t", description="by hand"
    )
    plan = yield
    found = row(plan, "interfaces", "sw1 Gi0/1")
    field = next(f for f in found.fields if f.name == "description")
    assert (field.decision, field.reason) == (
        "drifted",
        "NetBox has a value that netbox-sync did not write (policies.owns)",
    )


@together(**OPTIONS)
def test_mapped_types_take_the_highest_speed_not_above(case: Case) -> Steps:
    """The rule is one for the shown value and the written one."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    speeds = {"1G": 10**9, "10G": 10**10, "25G": 25 * 10**9, "2.5G": 25 * 10**8}
    for name, speed in speeds.items():
        case.state.add_port(dev, name, ifSpeed=speed, ifType="iso88023Csmacd")
    plan = yield
    assert {name: after(row(plan, "interfaces", f"sw1 {name}"))["type"] for name in speeds} == {
        "1G": "1000base-t",
        "10G": "10gbase-x-sfpp",
        "25G": "10gbase-x-sfpp",
        "2.5G": "1000base-t",
    }


@together(**OPTIONS)
def test_without_a_mapping_netboxs_type_stays(case: Case) -> Steps:
    """Only where NetBox says no better than 'other' LibreNMS's own word is proposed."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    known = case.device("sw1")
    for name, kind in (("Gi0/1", "10gbase-x-sfpp"), ("Gi0/2", "other")):
        case.state.add_port(dev, name, ifSpeed=10**9)
        case.netbox.create("dcim/interfaces", device=known["id"], name=name, type=kind)
    plan = yield
    assert "type" not in after(row(plan, "interfaces", "sw1 Gi0/1"))
    second = row(plan, "interfaces", "sw1 Gi0/2")
    assert (before(second)["type"], after(second)["type"]) == ("other", "1000base-t")


@together(**OPTIONS)
def test_natural_types_of_new_interfaces(case: Case) -> Steps:
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    ports = {
        "Po1": {"ifType": "ieee8023adLag"},
        "lo0": {"ifType": "softwareLoopback"},
        "Vlan10": {"ifType": "propVirtual"},
        "br0": {"ifType": "bridge"},
        "Gi0/0.5": {"ifType": "ethernetCsmacd"},
        "odd": {"ifType": "fibreChannel"},
        "none": {"ifType": None},
    }
    for name, columns in ports.items():
        case.state.add_port(dev, name, **columns)
    plan = yield
    assert {name: after(row(plan, "interfaces", f"sw1 {name}"))["type"] for name in ports} == {
        "Po1": "lag",
        "lo0": "virtual",
        "Vlan10": "virtual",
        "br0": "bridge",
        "Gi0/0.5": "virtual",
        "odd": "other",
        "none": "other",
    }


@together(**OPTIONS)
def test_same_port_under_a_long_name_is_one_interface(case: Case) -> Steps:
    """The id says it is the same; the name differs only where it is owned and really another one."""
    case.id_field()
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    case.state.add_port(dev, "GigabitEthernet0/1", port_id=101)
    case.state.add_port(dev, "GigabitEthernet0/2", port_id=102)
    known = case.device("sw1")
    first = case.netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="Gi0/1",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": 101}},
    )
    second = case.netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="uplink",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": 102}},
    )
    plan = yield
    assert {r.netbox_id for r in rows(plan, "interfaces")} == {first["id"], second["id"]}
    assert "name" not in [f.name for f in row(plan, "interfaces", "sw1 GigabitEthernet0/1").fields]
    renamed = next(f for f in row(plan, "interfaces", "sw1 GigabitEthernet0/2").fields if f.name == "name")
    assert (renamed.before, renamed.after, renamed.decision) == ("uplink", "GigabitEthernet0/2", "drifted")


@together(**OPTIONS)
def test_port_id_on_another_devices_interface_is_a_conflict(case: Case) -> Steps:
    """L9."""
    case.id_field()
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    case.state.add_port(dev, "Gi0/1", port_id=201)
    case.device("sw1")
    other = case.device("sw2")
    case.netbox.create(
        "dcim/interfaces",
        device=other["id"],
        name="Gi0/9",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": 201}},
    )
    plan = yield
    found = row(plan, "interfaces", "sw1 Gi0/1")
    assert (found.action, found.reason) == ("conflict", "port 201 of sw1 is sw2 Gi0/9 in NetBox")


@together(**OPTIONS)
def test_names_that_netbox_cannot_take(case: Case) -> Steps:
    """Each such port is a row with its reason; the other ports of the device go on."""
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    for number, name in enumerate(("eth0", "eth0", "x" * 65, "a\nb", "", "good"), 301):
        case.state.add_port(dev, name, port_id=number)
    plan = yield
    assert sorted((r.action, r.reason or "") for r in rows(plan, "interfaces")) == [
        ("blocked", "LibreNMS has no name for port 305"),
        ("blocked", "the name contains U+000A, which cannot be seen; give it another name in the source"),
        ("blocked", "the name has 65 characters; NetBox takes 64"),
        ("conflict", "2 ports of this device have the name eth0"),
        ("conflict", "2 ports of this device have the name eth0"),
        ("create", ""),
    ]


@together(**OPTIONS)
def test_mtu_outside_netboxs_range_is_unknown(case: Case) -> Steps:
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    for name, mtu in {
        "ok": 9216,
        "zero": 0,
        "max": 65536,
        "over": 65537,
        "huge": 2147483647,
        "null": None,
    }.items():
        case.state.add_port(dev, name, ifMtu=mtu)
    plan = yield
    assert {r.key: after(r).get("mtu") for r in rows(plan, "interfaces")} == {
        "sw1 ok": 9216,
        "sw1 zero": None,
        "sw1 max": 65536,
        "sw1 over": None,
        "sw1 huge": None,
        "sw1 null": None,
    }


@together(**OPTIONS)
def test_lag_members_and_subinterfaces(case: Case) -> Steps:
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    lag = case.state.add_port(dev, "Po1", ifType="ieee8023adLag")
    first = case.state.add_port(dev, "Gi0/1")
    second = case.state.add_port(dev, "Gi0/2")
    case.state.add_port(dev, "Gi0/1.20", ifType="l2vlan")
    case.state.add_stack(high=lag, low=first)
    case.state.add_stack(high=second, low=lag)  # the other direction: vendors differ
    plan = yield
    expected = {"ref": "interfaces", "key": "sw1 Po1", "name": "Po1"}
    assert after(row(plan, "interfaces", "sw1 Gi0/1"))["lag"] == expected
    assert after(row(plan, "interfaces", "sw1 Gi0/2"))["lag"] == expected
    child = row(plan, "interfaces", "sw1 Gi0/1.20")
    assert after(child)["parent"]["key"] == "sw1 Gi0/1"
    assert row(plan, "interfaces", "sw1 Gi0/1").change_id in child.depends_on


@together(**OPTIONS)
def test_name_field_by_os(case: Case) -> Steps:
    first = case.state.add_device("r1", os="edgeos", hardware="C9300-48P")
    second = case.state.add_device("r2", os="ios", hardware="C9300-48P")
    for dev in (first, second):
        case.state.add_port(dev, "short", ifDescr="long name")
    plan = yield
    assert [r.key for r in rows(plan, "interfaces")] == ["r1 long name", "r2 short"]


@together(**OPTIONS)
def test_deleted_and_ignored_ports_are_left_out_with_a_reason(case: Case) -> Steps:
    dev = case.state.add_device("sw1", hardware="C9300-48P")
    case.state.add_port(dev, "ignored", port_id=401, ignore=1)
    case.state.add_port(dev, "kept")
    plan = yield
    assert [r.key for r in rows(plan, "interfaces")] == ["sw1 kept"]
    assert case.left_out() == [("interfaces", "sw1 port 401", "ignored in LibreNMS")]
