"""Tags that NetBox allows on some types of objects only (their object types)."""

from __future__ import annotations

from tests.sql.estate import Estate, Row
from tests.sql.kinds import guest, mac, machine, paris


def tags(estate: Estate) -> None:
    for number, (name, types) in enumerate(
        {
            "prod": ["dcim.device"],
            "lab": ["dcim.device", "virtualization.virtualmachine"],
            "core": ["dcim.device"],
            "net": ["dcim.device"],
        }.items()
    ):
        estate.add("netbox.tags", id=number + 1, name=name, slug=name, object_types=types)


def machines(estate: Estate) -> list[Row]:
    return [row for row in estate.rows() if row.resource == "virtual_machines"]


def test_a_tag_that_is_not_for_virtual_machines_is_left_out() -> None:
    estate = paris(policies={"create": ["virtual_machines", "device_roles", "tags"]})
    tags(estate)
    guest(estate, 101, "web", mac(1), tags=["lab", "prod", "new"])
    # It got the tag before the tag was limited, and keeps it.
    guest(estate, 102, "db", mac(2), tags=["lab", "prod"])
    machine(estate, 2, "db", 102, tags=["prod"])
    assert [(r.action, r.key, r.fields["tags"]) for r in machines(estate)] == [
        ("create", "web", ["lab", "new"]),
        ("update", "db", ["lab", "prod"]),
    ]
    assert estate.left_out() == [
        (
            "tags",
            "prod",
            "NetBox does not allow the tag prod on virtual_machines, so they are written without it",
        )
    ]


def test_a_default_tag_that_is_not_for_the_objects_blocks_them() -> None:
    """A default for all resources counts where NetBox allows it."""
    estate = paris(
        policies={"create": ["virtual_machines", "device_roles"]},
        defaults={"tags": {"virtual_machines": ["core"], "*": ["net"]}},
    )
    tags(estate)
    guest(estate, 101, "web", mac(1))
    assert [(r.action, r.reason, r.fields["tags"]) for r in machines(estate)] == [
        ("blocked", "NetBox does not allow the tag core on virtual_machines (from defaults.tags)", ["core"])
    ]


def test_a_tag_of_a_rule_that_is_not_for_the_objects_is_a_conflict() -> None:
    estate = paris(policies={"create": ["virtual_machines", "device_roles"]})
    tags(estate)
    guest(estate, 101, "web", mac(1))
    estate.rule(
        "virtual_machines.sql", "SELECT key, 'tags' AS field, 'prod' AS value FROM desired.virtual_machines"
    )
    found = machines(estate)[0]
    assert (found.action, found.reason) == (
        "create",
        "tags: rules/virtual_machines.sql: NetBox does not allow the tag prod on virtual_machines",
    )
    assert "tags" not in found.fields
