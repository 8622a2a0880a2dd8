"""Why a neighbour that a port sees does not become a cable: rules on rows."""

from __future__ import annotations

from tests.sql.kinds import interface, port, switch, told


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
