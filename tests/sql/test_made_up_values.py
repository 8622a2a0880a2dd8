"""Values that this product made up for new objects yield to those of a source, whichever endpoint wrote them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import interface, port, switch


def _written_by_pve(estate: Estate, object_type: str, netbox_id: int, **fields: Any) -> None:
    for field, value in fields.items():
        estate.add(
            "ledger.last_written",
            **{"endpoint": "pve", "object_type": object_type, "netbox_id": netbox_id, "field": field},
            value=json.dumps(value),
        )


def _of(estate: Estate, resource: str) -> list[tuple[str, dict[str, Any], str | None]]:
    found: list[Row] = [row for row in estate.rows() if row.resource == resource]
    return [(row.action, row.fields, row.reason) for row in found]


def _vlan(estate: Estate, name: str, held: str) -> None:
    """VLAN 30, which LibreNMS calls ``name`` and NetBox ``held``, as another endpoint wrote it."""
    estate.add("librenms.vlans", vlan_id=1, device_id=1, vlan_vlan=30, vlan_name=name)
    estate.add("netbox.vlan_groups", id=1, name="Campus", slug="campus")
    estate.add("netbox.vlans", id=30, vid=30, name=held, group_id=1)
    _written_by_pve(estate, "ipam/vlans", 30, name=held)


@pytest.mark.parametrize(
    ("held", "action", "fields", "reason"),
    [
        ("VLAN0030", "update", {"name": "STORAGE"}, None),
        # A real name, and one made up for another VLAN.
        (
            "vmotion",
            "conflict",
            {},
            "name: sources disagree: pve wrote it; name both in precedence or field_precedence to decide",
        ),
        (
            "VLAN0031",
            "conflict",
            {},
            "name: sources disagree: pve wrote it; name both in precedence or field_precedence to decide",
        ),
    ],
)
def test_a_made_up_vlan_name_yields_to_that_of_a_source(
    held: str, action: str, fields: dict[str, Any], reason: str | None
) -> None:
    estate = switch()
    _vlan(estate, "STORAGE", held)
    assert _of(estate, "vlans") == [(action, fields, reason)]


def test_a_made_up_vlan_name_replaces_none() -> None:
    estate = switch()
    _vlan(estate, "VLAN0030", "STORAGE")
    estate.change("librenms.vlans", vlan_name=None)
    assert _of(estate, "vlans") == []


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ("other", [("update", {"type": "25gbase-x-sfp28"}, None)]),
        # What a source says of the type is not replaced at all.
        ("10gbase-x-sfpp", []),
    ],
)
def test_an_interface_type_without_evidence_yields_to_that_of_a_source(
    held: str, found: list[tuple[str, dict[str, Any], str | None]]
) -> None:
    estate = switch()
    port(estate, 1, "eno1", ifSpeed=25_000_000_000)
    interface(estate, 11, "eno1", port=1, type=held, speed=25_000_000, description="")
    _written_by_pve(estate, "dcim/interfaces", 11, type=held)
    assert _of(estate, "interfaces") == found


@pytest.mark.parametrize("first", [False, True])
def test_an_interface_type_other_replaces_a_better_one_of_another_source_only_by_precedence(
    first: bool,
) -> None:
    estate = switch(mappings={"interface_types": [{"ifType": "ethernetCsmacd", "type": "other"}]})
    port(estate, 1, "eno1", ifSpeed=25_000_000_000)
    interface(estate, 11, "eno1", port=1, type="25gbase-x-sfp28", speed=25_000_000, description="")
    _written_by_pve(estate, "dcim/interfaces", 11, type="25gbase-x-sfp28")
    if first:
        estate.config.precedence.append("lib")
    assert [(action, fields) for action, fields, _ in _of(estate, "interfaces")] == [
        ("update", {"type": "other"}) if first else ("conflict", {})
    ]
