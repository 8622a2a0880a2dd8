"""Why a neighbour that a port sees does not become a cable: rules on rows."""

from __future__ import annotations

from tests.sql.kinds import device, interface, port, switch, told


def test_a_neighbour_that_gives_no_name_is_shown_and_not_cabled() -> None:
    estate = switch()
    port(estate, 1, "Gi0/1")
    interface(estate, 11, "Gi0/1", port=1)
    estate.add("librenms.links", id=1, local_device_id=1, local_port_id=1, remote_port="Gi0/9", active=True)
    assert told(estate, "cables") == {
        "sw1 Gi0/1 <-> an unknown device Gi0/9": (
            "blocked",
            "remote device unknown: the neighbour gives no name",
        )
    }


def test_a_channel_of_a_breakout_port_is_cabled_at_its_parent() -> None:
    """NetBox 4.7 has one cable at the parent; LLDP sees the neighbours of the channels."""
    estate = switch()
    device(estate, 2, "srv")
    estate.add("netbox.devices", id=2, name="srv", cf={"librenms_id": {"lib": 2}})
    interface(estate, 10, "Et1/1", type="40gbase-x-qsfpp")
    for number in (1, 2):
        port(estate, number, f"Et1/1/{number}")
        interface(
            estate,
            10 + number,
            f"Et1/1/{number}",
            port=number,
            type="channel",
            parent_id=10,
            channel_id=number,
        )
        port(estate, 20 + number, f"eth{number}", device=2)
        interface(estate, 20 + number, f"eth{number}", device=2, port=20 + number)
        estate.add(
            "librenms.links",
            **{"id": number, "local_device_id": 1, "local_port_id": number, "active": True},
            **{"remote_device_id": 2, "remote_port_id": 20 + number},
        )
    estate.add(
        "netbox.cables", id=1, a_type="dcim.interface", a_ids=[10], b_type="dcim.interface", b_ids=[21]
    )
    assert [(r.action, r.netbox_id) for r in estate.rows() if r.resource == "cables"] == [("conflict", None)]
    assert told(estate, "cables") == {
        "srv eth2 <-> sw1 Et1/1/2": ("conflict", "miscabled: NetBox has sw1 Et1/1/2 cabled to srv eth1")
    }


def test_a_channel_whose_parent_has_no_cable_waits_for_it() -> None:
    estate = switch()
    device(estate, 2, "srv")
    estate.add("netbox.devices", id=2, name="srv", cf={"librenms_id": {"lib": 2}})
    interface(estate, 10, "Et1/1", type="40gbase-x-qsfpp")
    port(estate, 1, "Et1/1/1")
    interface(estate, 11, "Et1/1/1", port=1, type="channel", parent_id=10, channel_id=1)
    port(estate, 21, "eth1", device=2)
    interface(estate, 21, "eth1", device=2, port=21)
    estate.add(
        "librenms.links",
        **{"id": 1, "local_device_id": 1, "local_port_id": 1, "active": True},
        **{"remote_device_id": 2, "remote_port_id": 21},
    )
    assert told(estate, "cables") == {
        "srv eth1 <-> sw1 Et1/1/1": (
            "blocked",
            "sw1 Et1/1/1 is a channel of Et1/1 in NetBox, which takes the cable itself",
        )
    }
