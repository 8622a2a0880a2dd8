"""LibreNMS ports in NetBox's terms."""

from __future__ import annotations

from netbox_sync_lab.librenms import LabLibreNMS
from tests.support import after, before, row, rows


def test_speed_in_kbit(pipeline, state):
    """Bit/s -> kbit/s, floor; null and a counter that ran full are unknown."""
    dev = state.add_device("sw1", hardware="C9300-48P")
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
        state.add_port(dev, name, ifSpeed=speed)
    plan = pipeline.sync()
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


def test_mac_addresses(pipeline, state):
    """Every spelling is one address; zero, empty, null and multicast do not count."""
    dev = state.add_device("sw1", hardware="C9300-48P")
    for name, mac in {
        "plain": "84bf20853e00",
        "dash": "84-bf-20-85-3e-00",
        "dotted": "84bf.2085.3e00",
        "zero": "000000000000",
        "empty": "",
        "null": None,
        "multicast": "01005e000001",
    }.items():
        state.add_port(dev, name, ifPhysAddress=mac)
    plan = pipeline.sync()
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


def test_a_mac_object_on_the_interface_is_reused(pipeline, state, netbox, device):
    dev = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(dev, "Gi0/1", ifPhysAddress="84bf20853e00")
    known = device("sw1")
    port = netbox.create("dcim/interfaces", device=known["id"], name="Gi0/1", type="1000base-t")
    mac = netbox.create(
        "dcim/mac-addresses",
        mac_address="84:bf:20:85:3e:00",
        assigned_object_type="dcim.interface",
        assigned_object_id=port["id"],
    )
    plan = pipeline.sync()
    assert rows(plan, "mac_addresses") == []
    assert after(row(plan, "primary_macs", "sw1 Gi0/1"))["primary_mac_address"]["id"] == mac["id"]


def test_admin_status(pipeline, state, netbox, device):
    """Up in any case is enabled; null is unknown and no difference."""
    dev = state.add_device("sw1", hardware="C9300-48P")
    known = device("sw1")
    for name, status in {"lower": "up", "upper": "UP", "down": "down", "null": None}.items():
        state.add_port(dev, name, ifAdminStatus=status)
        netbox.create(
            "dcim/interfaces", device=known["id"], name=name, type="1000base-t", enabled=name == "down"
        )
    # LibreNMS 26 answers null for any status it does not know; 23.11 passes on what the device said.
    with LabLibreNMS(state, token="lnms-token", version="23.11.0") as old:
        pipeline.configure(url=old.url)
        plan = pipeline.sync()
    found = {
        name: after(row(plan, "interfaces", f"sw1 {name}")).get("enabled")
        for name in ("lower", "upper", "down", "null")
    }
    assert found == {"lower": True, "upper": True, "down": False, "null": None}


def test_alias_that_repeats_the_name_is_no_description(pipeline, state, netbox, device):
    """An alias of null equals an empty description."""
    dev = state.add_device("sw1", hardware="C9300-48P")
    known = device("sw1")
    for name, columns in {
        "Gi0/1": {"ifAlias": "Gi0/1"},
        "Gi0/2": {"ifDescr": "GigabitEthernet0/2", "ifAlias": "GigabitEthernet0/2"},
        "Gi0/3": {"ifAlias": None},
        "Gi0/4": {"ifAlias": " Uplink to Zürich "},
    }.items():
        state.add_port(dev, name, **columns)
        netbox.create(
            "dcim/interfaces", device=known["id"], name=name, type="1000base-t", speed=1000000, mtu=1500
        )
    plan = pipeline.sync()
    assert [after(row(plan, "interfaces", f"sw1 Gi0/{n}")).get("description") for n in (1, 2, 3, 4)] == [
        None,
        None,
        None,
        "Uplink to Zürich",
    ]


def test_an_operators_description_stays(pipeline, state, netbox, device):
    dev = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(dev, "Gi0/1", ifAlias="from the switch")
    known = device("sw1")
    netbox.create(
        "dcim/interfaces", device=known["id"], name="Gi0/1", type="1000base-t", description="by hand"
    )
    found = row(pipeline.sync(), "interfaces", "sw1 Gi0/1")
    field = next(f for f in found.fields if f.name == "description")
    assert (field.decision, field.reason) == (
        "drifted",
        "NetBox has a value that netbox-sync did not write (policies.owns)",
    )


def test_mapped_types_take_the_highest_speed_not_above(pipeline, state, netbox, device):
    """The rule is one for the shown value and the written one."""
    pipeline.configure(
        mappings={
            "interface_types": [
                {"ifType": "ethernetCsmacd", "speed": 1000000, "type": "1000base-t"},
                {"ifType": "ethernetCsmacd", "speed": 10000000, "type": "10gbase-x-sfpp"},
            ]
        }
    )
    dev = state.add_device("sw1", hardware="C9300-48P")
    speeds = {"1G": 10**9, "10G": 10**10, "25G": 25 * 10**9, "2.5G": 25 * 10**8}
    for name, speed in speeds.items():
        state.add_port(dev, name, ifSpeed=speed)
    plan = pipeline.sync()
    assert {name: after(row(plan, "interfaces", f"sw1 {name}"))["type"] for name in speeds} == {
        "1G": "1000base-t",
        "10G": "10gbase-x-sfpp",
        "25G": "10gbase-x-sfpp",
        "2.5G": "1000base-t",
    }


def test_without_a_mapping_netboxs_type_stays(pipeline, state, netbox, device):
    """Only where NetBox says no better than 'other' LibreNMS's own word is proposed."""
    dev = state.add_device("sw1", hardware="C9300-48P")
    known = device("sw1")
    for name, kind in (("Gi0/1", "10gbase-x-sfpp"), ("Gi0/2", "other")):
        state.add_port(dev, name, ifSpeed=10**9)
        netbox.create("dcim/interfaces", device=known["id"], name=name, type=kind)
    plan = pipeline.sync()
    assert "type" not in after(row(plan, "interfaces", "sw1 Gi0/1"))
    second = row(plan, "interfaces", "sw1 Gi0/2")
    assert (before(second)["type"], after(second)["type"]) == ("other", "1000base-t")


def test_natural_types_of_new_interfaces(pipeline, state):
    dev = state.add_device("sw1", hardware="C9300-48P")
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
        state.add_port(dev, name, **columns)
    plan = pipeline.sync()
    assert {name: after(row(plan, "interfaces", f"sw1 {name}"))["type"] for name in ports} == {
        "Po1": "lag",
        "lo0": "virtual",
        "Vlan10": "virtual",
        "br0": "bridge",
        "Gi0/0.5": "virtual",
        "odd": "other",
        "none": "other",
    }


def test_same_port_under_a_long_name_is_one_interface(pipeline, state, netbox, device):
    """The id says it is the same; the name differs only where it is owned and really another one."""
    netbox.create(
        "extras/custom-fields",
        name="librenms_id",
        type="json",
        object_types=["dcim.device", "dcim.interface"],
    )
    dev = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(dev, "GigabitEthernet0/1", port_id=101)
    state.add_port(dev, "GigabitEthernet0/2", port_id=102)
    known = device("sw1")
    first = netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="Gi0/1",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": 101}},
    )
    second = netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="uplink",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": 102}},
    )
    plan = pipeline.sync()
    assert {r.netbox_id for r in rows(plan, "interfaces")} == {first["id"], second["id"]}
    assert "name" not in [f.name for f in row(plan, "interfaces", "sw1 GigabitEthernet0/1").fields]
    renamed = next(f for f in row(plan, "interfaces", "sw1 GigabitEthernet0/2").fields if f.name == "name")
    assert (renamed.before, renamed.after, renamed.decision) == ("uplink", "GigabitEthernet0/2", "drifted")


def test_port_id_on_another_devices_interface_is_a_conflict(pipeline, state, netbox, device):
    """L9."""
    netbox.create(
        "extras/custom-fields",
        name="librenms_id",
        type="json",
        object_types=["dcim.device", "dcim.interface"],
    )
    dev = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(dev, "Gi0/1", port_id=101)
    device("sw1")
    other = device("sw2")
    netbox.create(
        "dcim/interfaces",
        device=other["id"],
        name="Gi0/9",
        type="1000base-t",
        custom_fields={"librenms_id": {"production": 101}},
    )
    found = row(pipeline.sync(), "interfaces", "sw1 Gi0/1")
    assert (found.action, found.reason) == ("conflict", "port 101 of sw1 is sw2 Gi0/9 in NetBox")


def test_an_interface_with_a_cable_or_an_address_is_never_deleted(pipeline, state, netbox, device):
    """Even if policies allow deletes, an object with dependents is shown and kept."""
    pipeline.configure(policies={"missing_interfaces": "delete", "delete_unowned": ["interfaces"]})
    dev = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(dev, "Gi0/1")
    known, other = device("sw1"), device("sw2")
    made = {
        name: netbox.create("dcim/interfaces", device=known["id"], name=name, type="1000base-t")
        for name in ("Gi0/1", "cabled", "addressed", "bare")
    }
    far = netbox.create("dcim/interfaces", device=other["id"], name="far", type="1000base-t")
    netbox.create(
        "dcim/cables",
        a_terminations=[{"object_type": "dcim.interface", "object_id": made["cabled"]["id"]}],
        b_terminations=[{"object_type": "dcim.interface", "object_id": far["id"]}],
    )
    netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.9/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=made["addressed"]["id"],
    )
    plan = pipeline.sync()
    assert {r.key: (r.action, r.reason) for r in rows(plan, "interfaces") if r.key != "sw1 Gi0/1"} == {
        "sw1 addressed": ("blocked", "not in LibreNMS, but an IP address depends on it"),
        "sw1 bare": ("delete", "not in LibreNMS"),
        "sw1 cabled": ("blocked", "not in LibreNMS, but a cable depends on it"),
    }


def test_missing_interfaces_by_policy(pipeline, state, netbox, device):
    dev = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(dev, "Gi0/1")
    known = device("sw1")
    netbox.create("dcim/interfaces", device=known["id"], name="gone", type="1000base-t")
    assert row(pipeline.sync(), "interfaces", "sw1 gone").action == "drifted"
    pipeline.configure(policies={"missing_interfaces": "disable"})
    disabled = row(pipeline.sync(), "interfaces", "sw1 gone")
    assert (disabled.action, before(disabled), after(disabled)) == (
        "update",
        {"enabled": True},
        {"enabled": False},
    )
    pipeline.configure(policies={"missing_interfaces": "delete", "delete": ["interfaces"]})
    kept = row(pipeline.sync(), "interfaces", "sw1 gone")
    assert (kept.action, kept.reason) == (
        "drifted",
        "not in LibreNMS, but netbox-sync did not create it (policies.delete_unowned)",
    )


def test_a_delete_of_an_interface_says_all_that_it_takes_away(pipeline, state, netbox, device, basics):
    """What is not shown could not be brought back; NetBox deletes a MAC address along, so it has its own row."""
    policies = {"missing_interfaces": "delete", "delete_unowned": ["interfaces"]}
    pipeline.configure(policies=policies)
    state.add_port(state.add_device("sw1", hardware="C9300-48P"), "Gi0/1")
    known = device("sw1")
    netbox.create("extras/tags", name="spare", slug="spare")
    lag = netbox.create("dcim/interfaces", device=known["id"], name="Po1", type="lag")
    vlans = {
        vid: netbox.create("ipam/vlans", vid=vid, name=f"v{vid}", group=basics["group"]["id"])
        for vid in (10, 20)
    }
    gone = netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="gone",
        label="A1",
        type="1000base-t",
        enabled=False,
        mtu=9000,
        speed=1000000,
        description="spare",
        mode="tagged",
        untagged_vlan=vlans[10]["id"],
        tagged_vlans=[vlans[20]["id"]],
        lag=lag["id"],
        mgmt_only=True,
        tags=[{"slug": "spare"}],
    )
    mac = netbox.create(
        "dcim/mac-addresses",
        mac_address="02:00:00:00:00:01",
        assigned_object_type="dcim.interface",
        assigned_object_id=gone["id"],
    )
    netbox.edit("dcim/interfaces", gone["id"], primary_mac_address=mac["id"])

    found = row(pipeline.sync(), "interfaces", "sw1 gone")
    assert (found.action, found.reason) == (
        "blocked",
        "not in LibreNMS, but netbox-sync did not create its dependents: 02:00:00:00:00:01",
    )
    pipeline.configure(policies={**policies, "delete_unowned": ["interfaces", "mac_addresses"]})
    plan = pipeline.again()
    found = row(plan, "interfaces", "sw1 gone")
    assert before(found) == {
        "device": {"id": known["id"], "name": "sw1"},
        "name": "gone",
        "label": "A1",
        "type": "1000base-t",
        "enabled": False,
        "mtu": 9000,
        "speed": 1000000,
        "description": "spare",
        "mode": "tagged",
        "untagged_vlan": {"id": vlans[10]["id"], "name": "10 v10"},
        "tagged_vlans": [{"id": vlans[20]["id"], "name": "20 v20"}],
        "lag": {"id": lag["id"], "name": "Po1"},
        "mgmt_only": True,
        "primary_mac_address": {"id": mac["id"], "name": "02:00:00:00:00:01"},
        "tags": ["spare"],
    }
    assert set(after(found).values()) == {None}
    address = row(plan, "mac_addresses", f"sw1 gone 02:00:00:00:00:01 (id {mac['id']})")
    assert before(address) == {
        "mac_address": "02:00:00:00:00:01",
        "assigned_object": {"id": gone["id"], "name": "sw1 gone", "type": "dcim.interface"},
    }
    assert found.depends_on == (address.change_id,)


def test_names_that_netbox_cannot_take(pipeline, state):
    """Each such port is a row with its reason; the other ports of the device go on."""
    dev = state.add_device("sw1", hardware="C9300-48P")
    for name in ("eth0", "eth0", "x" * 65, "a\nb", "", "good"):
        state.add_port(dev, name)
    plan = pipeline.sync()
    assert sorted((r.action, r.reason or "") for r in rows(plan, "interfaces")) == [
        ("blocked", "LibreNMS has no name for port 5"),
        ("blocked", "the name contains U+000A, which cannot be seen; give it another name in the source"),
        ("blocked", "the name has 65 characters; NetBox takes 64"),
        ("conflict", "2 ports of this device have the name eth0"),
        ("conflict", "2 ports of this device have the name eth0"),
        ("create", ""),
    ]


def test_mtu_outside_netboxs_range_is_unknown(pipeline, state):
    dev = state.add_device("sw1", hardware="C9300-48P")
    for name, mtu in {
        "ok": 9216,
        "zero": 0,
        "max": 65536,
        "over": 65537,
        "huge": 2147483647,
        "null": None,
    }.items():
        state.add_port(dev, name, ifMtu=mtu)
    plan = pipeline.sync()
    assert {r.key: after(r).get("mtu") for r in rows(plan, "interfaces")} == {
        "sw1 ok": 9216,
        "sw1 zero": None,
        "sw1 max": 65536,
        "sw1 over": None,
        "sw1 huge": None,
        "sw1 null": None,
    }


def test_lag_members_and_subinterfaces(pipeline, state):
    dev = state.add_device("sw1", hardware="C9300-48P")
    lag = state.add_port(dev, "Po1", ifType="ieee8023adLag")
    first = state.add_port(dev, "Gi0/1")
    second = state.add_port(dev, "Gi0/2")
    state.add_port(dev, "Gi0/1.20", ifType="l2vlan")
    state.add_stack(high=lag, low=first)
    state.add_stack(high=second, low=lag)  # the other direction: vendors differ
    plan = pipeline.sync()
    expected = {"ref": "interfaces", "key": "sw1 Po1", "name": "Po1"}
    assert after(row(plan, "interfaces", "sw1 Gi0/1"))["lag"] == expected
    assert after(row(plan, "interfaces", "sw1 Gi0/2"))["lag"] == expected
    child = row(plan, "interfaces", "sw1 Gi0/1.20")
    assert after(child)["parent"]["key"] == "sw1 Gi0/1"
    assert row(plan, "interfaces", "sw1 Gi0/1").change_id in child.depends_on


def test_name_field_by_os(pipeline, state):
    pipeline.configure(interface_name_field_by_os={"edgeos": "ifDescr"})
    first = state.add_device("r1", os="edgeos", hardware="C9300-48P")
    second = state.add_device("r2", os="ios", hardware="C9300-48P")
    for dev in (first, second):
        state.add_port(dev, "short", ifDescr="long name")
    assert [r.key for r in rows(pipeline.sync(), "interfaces")] == ["r1 long name", "r2 short"]


def test_deleted_and_ignored_ports_are_left_out_with_a_reason(pipeline, state):
    dev = state.add_device("sw1", hardware="C9300-48P")
    state.add_port(dev, "ignored", ignore=1)
    state.add_port(dev, "kept")
    plan = pipeline.sync()
    assert [r.key for r in rows(plan, "interfaces")] == ["sw1 kept"]
    assert pipeline.left_out() == [("interfaces", "sw1 port 1", "ignored in LibreNMS")]
