"""What of LibreNMS is not compared, not created or no evidence, in the sentences that people read."""

from __future__ import annotations

from tests.sql.source_rows import SourceRows


def _librenms(**settings: object) -> SourceRows:
    return SourceRows("librenms", **settings)


def _device(nms: SourceRows, number: int, name: str | None = None, **more: object) -> None:
    content = {"disabled": False, "ignore": False, "status": True, **more}
    nms.put("librenms.devices", device_id=number, sysName=name, **content)


def _port(nms: SourceRows, number: int, name: str | None, device: int = 1, **more: object) -> None:
    nms.put("librenms.ports", port_id=number, device_id=device, ifName=name, **more)


def test_why_a_device_is_not_created() -> None:
    nms = _librenms()
    _device(nms, 1, "sw1")
    _device(nms, 2, "sw2", disabled=True)
    _device(nms, 3, "sw3", ignore=True)
    _device(nms, 4)
    _device(nms, 5, "switch-" * 10)
    nms.desired("devices")
    assert nms.rows("SELECT source_id, not_imported FROM desired.devices ORDER BY ALL") == [
        ("1", "not in NetBox, and import_devices is none for this endpoint"),
        ("2", "disabled in LibreNMS"),
        ("3", "ignored in LibreNMS"),
        ("4", "LibreNMS has neither a sysName nor a hostname for it"),
        ("5", "the name has 70 characters; NetBox takes 64"),
    ]
    filtered = _librenms(import_devices="filter", import_os=["ios"])
    _device(filtered, 1, "sw1", os="ios")
    _device(filtered, 2, "fw1", os="fortigate")
    filtered.desired("devices")
    assert filtered.rows("SELECT name, not_imported FROM desired.devices ORDER BY ALL") == [
        ("fw1", "not in NetBox, and the import filter of this endpoint leaves it out"),
        ("sw1", None),
    ]


def test_a_member_of_a_stack_has_a_name_too() -> None:
    nms = _librenms(import_devices="all")
    for device, name in (("sw1", "sw1"), ("old", "old")):
        nms.put(
            "desired.devices",
            key=device,
            source_id=device,
            name=name,
            not_imported=None if device == "sw1" else "disabled",
        )
        nms.put(
            "desired.stack_members",
            key=f"{device}-M2",
            device=device,
            name="x" * 65 if device == "sw1" else "old-M2",
        )
    nms.con.execute("UPDATE desired.stack_members SET is_master = false")
    nms.desired("member_devices")
    assert nms.rows("SELECT key, not_imported FROM desired.devices WHERE source_id IS NULL ORDER BY ALL") == [
        ("old-M2", "disabled"),
        ("sw1-M2", "the name has 65 characters; NetBox takes 64"),
    ]


def test_why_a_port_is_no_interface() -> None:
    nms = _librenms()
    _device(nms, 1, "sw1", os="ios")
    _port(nms, 1, "")
    _port(nms, 2, "Gi1/0/1")
    _port(nms, 3, "Gi1/0/1")
    _port(nms, 4, "Gi2/0/1")
    _port(nms, 5, "Gi1/0/2")
    _port(nms, 6, "x" * 65)
    nms.put("desired.stack_members", key="sw1", device="sw1", position=1, name="sw1", is_master=True)
    nms.put(
        "librenms.scopes",
        scope="inventory",
        scope_id="1",
        complete=False,
        reason="inventory of sw1: answered 500",
    )
    nms.desired("devices", "interfaces")
    assert nms.rows("SELECT source_id, action_of(problem), problem FROM desired.interfaces ORDER BY ALL") == [
        ("1", "blocked", "LibreNMS has no name for port 1"),
        ("2", "conflict", "2 ports of this device have the name Gi1/0/1"),
        ("3", "conflict", "2 ports of this device have the name Gi1/0/1"),
        ("4", "blocked", "which member of the stack it is on is unknown: inventory of sw1: answered 500"),
        ("5", None, None),
        ("6", "blocked", "the name has 65 characters; NetBox takes 64"),
    ]


def test_vlans_that_cannot_be_right() -> None:
    nms = _librenms()
    _device(nms, 1, "sw1")
    _port(nms, 1, "Gi1")
    for vid in (10, 20):
        nms.put("librenms.port_vlans", device_id=1, port_id=1, vlan=vid, untagged=True)
    nms.put("librenms.vlans", device_id=1, vlan_vlan=4095, vlan_name="all")
    nms.desired("devices", "interfaces", "interface_vlans", "vlans")
    assert nms.rows("SELECT key, untagged, problem FROM desired.interface_vlans") == [
        ("sw1 Gi1", None, "LibreNMS shows 2 untagged VLANs (10, 20) and no native one")
    ]
    assert nms.rows("SELECT vid, problem FROM desired.vlans") == [(4095, "VID 4095 is outside 1 to 4094")]


def test_addresses_that_are_left_out() -> None:
    nms = _librenms(oob_interfaces=["mgmt.*"])
    _device(nms, 1, "sw1")
    _port(nms, 1, "Gi1", ifVrf=7)
    _port(nms, 2, "mgmt0")
    _port(nms, 3, "mgmt1")
    nms.put("config.mappings", kind="vrfs", source="blue", target="Blue")
    for port, address in (
        (1, "10.0.0.1"),
        (2, "10.0.0.2"),
        (3, "10.0.0.3"),
        (3, "10.0.0.4"),
        (9, "10.0.0.4"),
    ):
        nms.put(
            "librenms.ip_addresses", port_id=port, family=4, address=address, canonical=address, prefixlen=24
        )
    nms.put(
        "librenms.scopes", scope="ports", scope_id="2", complete=False, reason="ports of sw2: answered 500"
    )
    nms.desired("devices", "interfaces", "ip_addresses", "oob_ips")
    assert nms.rows("SELECT host, left_out FROM desired.ip_addresses ORDER BY ALL") == [
        ("10.0.0.1", "LibreNMS does not tell which VRF sw1 Gi1 is in"),
        ("10.0.0.2", None),
        ("10.0.0.3", None),
        ("10.0.0.4", "it is also on a port that was not read"),
    ]
    assert nms.rows("SELECT owner, problem FROM desired.oob_ips") == [
        ("sw1", "several addresses on out-of-band interfaces: 10.0.0.2, 10.0.0.3")
    ]


def test_parts_in_one_bay() -> None:
    nms = _librenms(inventory=True)
    _device(nms, 1, "sw1")
    for number, bay in enumerate(("Slot 1", "slot 1", "slot-" * 13)):
        nms.put(
            "librenms.inventory",
            device_id=1,
            entPhysicalIndex=number,
            entPhysicalClass="module",
            entPhysicalName=bay,
            entPhysicalModelName="C3K-NM",
        )
    nms.desired("devices", "modules", "module_references")
    assert nms.rows("SELECT action_of(problem), problem FROM desired.modules ORDER BY ALL") == [
        ("blocked", "the bay's name has 65 characters; NetBox takes 64"),
        (
            "conflict",
            "2 parts of this device are in a bay of the name Slot 1; tell them apart by mappings.module_rules",
        ),
        (
            "conflict",
            "2 parts of this device are in a bay of the name slot 1; tell them apart by mappings.module_rules",
        ),
    ]
    assert nms.rows("SELECT DISTINCT hint FROM desired.references") == [
        ('map module_types: "C3K-NM", or add module_types to policies.also_create',)
    ]


def test_what_of_a_device_is_left_out() -> None:
    nms = _librenms(inventory=True)
    _device(nms, 1, "sw1", serial="s" * 51)
    _port(nms, 1, "Gi1", ifAlias="d" * 201)
    _port(nms, 2, "Gi2", ignore=True)
    _port(nms, 3, "Gi3", deleted=True)
    nms.put(
        "librenms.inventory",
        device_id=1,
        entPhysicalIndex=5,
        entPhysicalClass="module",
        entPhysicalModelName="X2",
        entPhysicalSerialNum="t" * 51,
    )
    nms.put("librenms.vlans", device_id=1, vlan_vlan=0)
    nms.put("librenms.links", id=8, local_device_id=1, active=True)
    nms.put("librenms.links", id=9, local_device_id=1, local_port_id=1, active=True)
    nms.put(
        "librenms.scopes",
        scope="transceivers",
        scope_id="1",
        complete=False,
        reason="transceivers: answered 500",
    )
    nms.put("librenms.rejected", source_table="ports", row_key="7", reason="ifMtu: not a number")
    nms.desired("devices", "interfaces", "vlans", "ip_addresses", "skipped")
    assert nms.rows("SELECT resource, key, reason FROM desired.skipped ORDER BY ALL") == [
        ("cables", "sw1 link 8", "LibreNMS does not say at which port, or the port is left out"),
        ("devices", "sw1", "its serial has 51 characters; NetBox takes 50"),
        (
            "interfaces",
            "sw1 port 1",
            "its description has 201 characters; NetBox takes 200, and the rest is cut off",
        ),
        ("interfaces", "sw1 port 2", "ignored in LibreNMS"),
        ("interfaces", "sw1 port 3", "deleted in LibreNMS"),
        ("modules", "sw1", "which of its parts are transceivers is unknown: transceivers: answered 500"),
        ("modules", "sw1 part 5", "its serial has 51 characters; NetBox takes 50"),
        ("ports", "7", "ifMtu: not a number"),
        ("vlans", "sw1 0", "VID 0 is outside 1 to 4094"),
    ]


def test_answers_of_librenms_that_prove_nothing() -> None:
    nms = _librenms()
    nms.put("librenms.system", local_ver="24.7.0")
    _device(nms, 1, "up", last_polled="2026-11-27 23:59:00")
    _device(nms, 2, "down", status=False)
    _device(nms, 3, "never")
    _device(nms, 4, "stale", last_polled="2026-11-20 12:00:00")
    nms.desired("devices", "incomplete_scopes")
    assert nms.rows(
        "SELECT resource, owner, reason FROM desired.incomplete_scopes WHERE resource IN ('lags', 'interfaces') ORDER BY ALL"
    ) == [
        ("interfaces", "down", "the device is down in LibreNMS"),
        ("interfaces", "never", "LibreNMS never polled the device"),
        ("interfaces", "stale", "LibreNMS polled the device last at 2026-11-20 12:00:00"),
        ("lags", "*", "LibreNMS before 24.8 shows only the active members of a LAG"),
    ]
    assert nms.rows(
        "SELECT reason FROM desired.incomplete_scopes WHERE resource = 'cables' AND owner = 'up'"
    ) == [("LibreNMS sees no neighbour of up at all",)]


def test_a_stack_that_was_read_in_part_proves_nothing() -> None:
    nms = _librenms()
    _device(nms, 1, "sw1")
    _port(nms, 1, "Gi2/0/1")
    nms.put(
        "librenms.scopes", scope="inventory", scope_id="1", complete=False, reason="inventory: answered 500"
    )
    nms.put("desired.stack_members", key="sw1", device="sw1", position=1, name="sw1", is_master=True)
    nms.desired("devices", "interfaces", "unread_stacks")
    assert nms.rows("SELECT resource, owner, reason FROM desired.incomplete_scopes ORDER BY ALL") == [
        ("cables", "sw1", "inventory: answered 500"),
        ("interfaces", "sw1", "inventory: answered 500"),
        ("ip_addresses", "sw1", "inventory: answered 500"),
        ("mac_addresses", "sw1", "inventory: answered 500"),
        ("virtual_chassis_members", "sw1", "inventory: answered 500"),
        (
            "virtual_chassis_members",
            "sw1",
            "not every part of the stack could be read: inventory: answered 500",
        ),
    ]


def test_what_librenms_shows_and_is_not_compared() -> None:
    nms = _librenms(inventory=True)
    _device(nms, 1, "sw1")
    _port(nms, 1, "Gi1", ignore=True)
    _port(nms, 2, "Po1", ifType="ieee8023adLag")
    _port(nms, 3, "Gi3")
    _port(nms, 4, "Gi4.100", ifType="propVirtual")
    _port(nms, 5, "Gi5")
    nms.put("librenms.port_stack", device_id=1, high_port_id=2, low_port_id=4)
    nms.put("librenms.port_stack", device_id=1, high_port_id=2)
    nms.put("librenms.port_stack", device_id=1, high_port_id=99, low_port_id=5)
    nms.put("librenms.ip_addresses", port_id=1, family=4, canonical="10.0.0.1", prefixlen=24)
    nms.put("librenms.links", id=8, local_device_id=1, local_port_id=1, active=True)
    nms.put("librenms.inventory", device_id=1, entPhysicalIndex=5, entPhysicalSerialNum="ABC")
    for table, key, content in (
        ("ports", "7", {"device_id": 1, "ifName": "Gi7"}),
        ("ports", "8", {"device_id": 77, "ifName": "Gi8"}),
        ("devices", "9", {"sysName": "sw9"}),
    ):
        nms.put(
            "librenms.rejected",
            source_table=table,
            row_key=key,
            row_json=content,
            reason="ifMtu: not a number",
        )
    nms.desired("devices", "port_roles", "interfaces", "sightings")
    assert nms.rows(
        "SELECT resource, owner, kind, word, what FROM desired.sightings WHERE resource <> 'lags' ORDER BY ALL"
    ) == [
        ("cables", "sw1", "*", None, "the neighbour in link 8, of which the port is unknown or left out"),
        ("devices", "*", "id", "9", "device 9, which cannot be read: ifMtu: not a number"),
        ("devices", "*", "name", "sw9", "device 9, which cannot be read: ifMtu: not a number"),
        ("interfaces", "*", "id", "8", "port 8, which cannot be read: ifMtu: not a number"),
        ("interfaces", "*", "name", "Gi8", "port 8, which cannot be read: ifMtu: not a number"),
        ("interfaces", "sw1", "id", "1", "port 1 of sw1, which is ignored in LibreNMS"),
        ("interfaces", "sw1", "id", "7", "port 7 of sw1, which cannot be read: ifMtu: not a number"),
        ("interfaces", "sw1", "name", "Gi1", "port 1 of sw1, which is ignored in LibreNMS"),
        ("interfaces", "sw1", "name", "Gi7", "port 7 of sw1, which cannot be read: ifMtu: not a number"),
        ("ip_addresses", "*", "host", "10.0.0.1", "10.0.0.1 on port 1, which is left out or was not read"),
        ("modules", "sw1", "serial", "ABC", "part 5 of sw1, which is not taken as a module"),
    ]
    assert sorted(nms.rows("SELECT word, what FROM desired.sightings WHERE resource = 'lags'")) == [
        ("Gi3", "a member of Po1, of which LibreNMS does not know the port"),
        ("Gi4.100", "a member of Po1, of which LibreNMS does not know the port"),
        ("Gi4.100", "a port that LibreNMS shows with Po1"),
        ("Gi5", "a member of Po1, of which LibreNMS does not know the port"),
        ("Gi5", "a port that LibreNMS shows with one that it does not know"),
        ("Po1", "a port that LibreNMS shows with one that it does not know"),
    ]


def test_what_helps_where_a_word_means_no_object() -> None:
    nms = _librenms()
    _device(nms, 1, "sw1", location="Berlin", hardware="C9300-48P", os="ios", type="network")
    _device(nms, 2, "sw2")
    nms.desired("devices", "references")
    assert nms.rows(
        "SELECT owner_key, field, hint FROM desired.references WHERE hint IS NOT NULL ORDER BY ALL"
    ) == [
        (
            "sw1",
            "device_type",
            'map device_types: "C9300-48P", set defaults.device_type, or add device_types to policies.also_create',
        ),
        ("sw1", "role", "map roles by hardware, os or type (network), or set defaults.role"),
        ("sw1", "site", 'map sites: "Berlin", or set defaults.site'),
        (
            "sw2",
            "device_type",
            "the source has no hardware; set defaults.device_type",
        ),
        ("sw2", "role", "map roles by hardware, os or type (none), or set defaults.role"),
        ("sw2", "site", "the source has no location; set defaults.site"),
    ]
