"""The mappings that a user has to fill in."""

from __future__ import annotations

from netbox_sync_dagster.lab.librenms import LabLibreNMS
from tests.cli.conftest import Desk
from tests.support import NetBox


def test_missing_mappings_are_printed_to_be_filled_in(desk: Desk, nms: LabLibreNMS, netbox: NetBox) -> None:
    state = nms.state
    for name, hardware, location in (
        ("sw2", "WS-X", "Lyon: rack 4"),
        ("sw3", "WS-X", "Lyon: rack 4"),
        ("sw4", "AP7", None),
    ):
        device = state.add_device(name, os="ios", hardware=hardware, location=location, type="network")
        vrf = state.add_vrf(device, "blue")
        port = state.add_port(device, "Gi0/1", ifVrf=vrf["vrf_id"])
        state.add_ipv4(port, f"10.9.0.{device['device_id']}", 24)
    desk.configure(defaults={"vlan_group": "paris"}, mappings={"roles": {"network": "Acces"}})
    desk.ok("sync")
    assert desk.ok("mappings", "--missing", "nms") == (
        "mappings:\n"
        "  sites:\n"
        '    "Lyon: rack 4":   # 2 objects, e.g. sw2\n'
        "  roles:\n"
        '    "network":   # 4 objects, e.g. sw1; NetBox has not what it is mapped to\n'
        "  device_types:\n"
        '    "WS-X":   # 2 objects, e.g. sw2\n'
        '    "AP7":   # 1 object, e.g. sw4\n'
        "  platforms:\n"
        '    "ios":   # 4 objects, e.g. sw1\n'
        "  vrfs:\n"
        '    "blue":   # 3 interfaces, e.g. sw2 Gi0/1\n'
        "# 1 object, e.g. sw4: nms says nothing of it; set defaults.site\n"
    )
    # Filled in, they are no longer missing; without --missing all of them are shown.
    desk.configure(
        defaults={"vlan_group": "paris", "site": "paris", "device_type": "C2960", "vrf": None},
        mappings={"roles": {"network": "Access"}, "platforms": {"ios": "IOS"}},
    )
    netbox.create("dcim/platforms", name="IOS", slug="ios")
    desk.ok("sync")
    assert desk.ok("mappings", "nms", "--missing") == (
        'mappings:\n  vrfs:\n    "blue":   # 3 interfaces, e.g. sw2 Gi0/1\n'
    )
    assert desk.ok("mappings", "nms") == (
        "mappings:\n"
        "  roles:\n"
        '    "network": "Access"\n'
        "  platforms:\n"
        '    "ios": "IOS"\n'
        "  vrfs:\n"
        '    "blue":   # 3 interfaces, e.g. sw2 Gi0/1\n'
    )


def test_mappings_need_a_diff(desk: Desk) -> None:
    answer = desk.run("mappings", "--missing", "nms")
    assert (answer.code, answer.err) == (
        1,
        "error: there is no diff of 'nms' yet; run: netbox-sync sync nms\n",
    )
