"""What the configuration and NetBox give new objects beside what the source says: tenants, tags, custom fields."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, guest, machine, paris, told

VM = "virtualization.virtualmachine"


def field(estate: Estate, name: str, kind: str = "text", *types: str, **content: Any) -> None:
    """A custom field of NetBox, for virtual machines unless other types are given."""
    estate.add(
        "netbox.custom_fields",
        id=100 + len(name),
        name=name,
        type=kind,
        object_types=list(types or (VM,)),
        **content,
    )


def created(estate: Estate, resource: str, key: str) -> dict[str, Any]:
    """The fields of a create."""
    (row,) = [row for row in estate.rows() if (row.resource, row.key) == (resource, key)]
    assert row.action == "create"
    return row.fields


def test_a_default_of_netbox_goes_along_where_other_custom_fields_do() -> None:
    """NetBox fills its defaults in only where a request has no custom fields at all."""
    estate = paris()
    guest(estate, 101, "erp")
    field(estate, "owner_team", required=True, default='"net"')
    field(estate, "notes", default="null")
    fields = created(estate, "virtual_machines", "erp")
    assert {name: value for name, value in fields.items() if name.startswith("cf.")} == {
        "cf.proxmox_cluster": "paris",
        "cf.proxmox_vmid": 101,
        "cf.owner_team": "net",
    }


def test_a_required_custom_field_without_a_value_is_one_sentence_for_all() -> None:
    estate = paris()
    for number in (101, 102, 103):
        guest(estate, number, f"erp{number}")
    field(estate, "owner_team", required=True)
    sentence = "NetBox requires cf.owner_team: set the value in defaults.custom_fields.virtual_machines"
    assert told(estate, "virtual_machines") == {
        "erp101": ("blocked", sentence),
        "erp102": ("blocked", sentence),
        "erp103": ("blocked", sentence),
    }


def test_the_configuration_gives_the_value_of_a_custom_field() -> None:
    estate = paris(
        defaults={
            "custom_fields": {"*": {"owner_team": "all"}, "virtual_machines": {"owner_team": "servers"}}
        }
    )
    guest(estate, 101, "erp")
    field(estate, "owner_team", "text", VM, "dcim.device", required=True)
    assert created(estate, "virtual_machines", "erp")["cf.owner_team"] == "servers"


def test_a_value_for_all_goes_only_to_objects_that_have_the_field() -> None:
    estate = paris(defaults={"custom_fields": {"*": {"owner_team": "net"}}})
    guest(estate, 101, "erp", "BC:24:11:00:00:01")
    field(estate, "owner_team", required=True)
    assert "cf.owner_team" not in created(estate, "vm_interfaces", "erp net0")
    assert created(estate, "virtual_machines", "erp")["cf.owner_team"] == "net"


# (type of a custom field, value in the configuration, the field's other columns, what the row says).
REFUSED: list[tuple[str, Any, dict[str, Any], str]] = [
    ("integer", "three", {}, "cannot be three: it needs a whole number"),
    ("integer", 3, {"validation_minimum": 5}, "cannot be 3: it needs at least 5"),
    ("integer", 9, {"validation_maximum": 5}, "cannot be 9: it needs at most 5"),
    ("boolean", "yes", {}, "cannot be yes: it needs true or false"),
    ("date", "soon", {}, "cannot be soon: it needs a date: 2026-01-31"),
    ("text", 3, {}, "cannot be 3: it needs a text"),
    ("text", "Net", {"validation_regex": "[a-z]+$"}, "cannot be Net: it needs a text of [a-z]+$"),
    ("select", "c", {}, "cannot be c: it needs one of its choices (a, b)"),
    ("multiselect", ["a", "c"], {}, "cannot be a, c: it needs a list of its choices (a, b)"),
    ("object", "acme", {}, "cannot be acme: it needs the id of an object"),
    (
        "text",
        "net",
        {"is_unique": True},
        "cannot be net: it needs a different value for each object: it is unique",
    ),
]


@cache
def said_of_refused() -> tuple[str, list[str]]:
    """(action, the sentences) of a guest whose fields field0, field1 ... are those of REFUSED."""
    values = {f"field{number}": value for number, (_, value, *_) in enumerate(REFUSED)}
    estate = paris(defaults={"custom_fields": {"virtual_machines": values}})
    guest(estate, 101, "erp")
    for number, (kind, _, content, _) in enumerate(REFUSED):
        field(estate, f"field{number}", kind, **content)
        for choice in "ab" if "select" in kind else "":
            estate.add(
                "netbox.choices",
                **{
                    "model": "extras.customfield",
                    "field": f"field{number}",
                    "value": choice,
                    "label": choice,
                },
            )
    action, reason = told(estate, "virtual_machines")["erp"]
    return action, reason.split("; ")


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=lambda number: REFUSED[number][-1])
def test_a_value_that_netbox_would_not_take_is_told_before_anything_is_sent(number: int) -> None:
    action, sentences = said_of_refused()
    assert action == "blocked"
    assert f"the custom field field{number} {REFUSED[number][-1]} (from defaults.custom_fields)" in sentences


def test_a_custom_field_that_netbox_does_not_have_is_told() -> None:
    estate = paris(defaults={"custom_fields": {"virtual_machines": {"owner": "net", "rack_unit": 3}}})
    guest(estate, 101, "erp")
    field(estate, "rack_unit", "integer", "dcim.device")
    assert told(estate, "virtual_machines") == {
        "erp": (
            "blocked",
            "NetBox has no custom field owner (from defaults.custom_fields); the custom field rack_unit is not for"
            " virtual_machines (from defaults.custom_fields)",
        )
    }


def test_an_object_that_netbox_has_without_a_required_value_gets_it() -> None:
    """NetBox refuses every change of an object that leaves a required custom field empty."""
    estate = paris(defaults={"custom_fields": {"virtual_machines": {"owner_team": "net"}}})
    guest(estate, 101, "erp", status="stopped")
    machine(estate, 1, "erp", 101, status="active")
    field(estate, "owner_team", required=True)
    (row,) = [row for row in estate.rows() if row.resource == "virtual_machines"]
    assert (row.action, row.fields["cf.owner_team"]) == ("update", "net")


def test_a_change_of_an_object_without_a_required_value_is_blocked() -> None:
    estate = paris()
    guest(estate, 101, "erp", status="stopped")
    machine(estate, 1, "erp", 101, status="active")
    field(estate, "owner_team", required=True)
    assert told(estate, "virtual_machines") == {
        "erp": (
            "blocked",
            "NetBox requires cf.owner_team: set the value in defaults.custom_fields.virtual_machines",
        )
    }


def test_an_object_with_its_required_value_is_changed_as_before() -> None:
    estate = paris()
    guest(estate, 101, "erp", status="stopped")
    machine(estate, 1, "erp", 101, status="active", cf={"owner_team": "ops"})
    field(estate, "owner_team", required=True, default='"net"')
    (row,) = [row for row in estate.rows() if row.resource == "virtual_machines"]
    assert (row.action, "cf.owner_team" in row.fields) == ("update", False)


def test_new_objects_get_the_tags_of_the_configuration() -> None:
    estate = paris(defaults={"tags": {"virtual_machines": ["Managed", "netbox-sync"], "*": ["netbox-sync"]}})
    guest(estate, 101, "erp", "BC:24:11:00:00:01", tags=["prod"])
    estate.add("netbox.tags", id=1, name="Managed", slug="by-robots")
    assert created(estate, "virtual_machines", "erp")["tags"] == ["by-robots", "netbox-sync", "prod"]
    assert created(estate, "vm_interfaces", "erp net0")["tags"] == ["netbox-sync"]
    assert created(estate, "tags", "netbox-sync") == {"name": "netbox-sync", "slug": "netbox-sync"}


def test_a_tag_that_may_not_be_created_is_one_sentence_for_all() -> None:
    estate = paris(
        defaults={"tags": {"virtual_machines": ["managed"]}},
        policies={**GENEROUS, "create": ["virtual_machines", "clusters", "custom_fields"]},
    )
    guest(estate, 101, "erp")
    assert told(estate, "virtual_machines") == {
        "erp": ("blocked", 'NetBox has no tag "managed" (from defaults)')
    }


def test_tags_of_the_configuration_stay_on_an_object_that_was_created_with_them() -> None:
    estate = paris(defaults={"tags": {"virtual_machines": ["managed"]}})
    guest(estate, 101, "erp", tags=["prod"])
    machine(estate, 1, "erp", 101, tags=["managed", "prod"])
    for number, name in enumerate(("managed", "prod")):
        estate.add("netbox.tags", id=number, name=name, slug=name)
    estate.add(
        "ledger.tag_lists",
        object_type="virtualization/virtual-machines",
        netbox_id=1,
        seq=1,
        before="[]",
        after='["managed","prod"]',
    )
    assert not [row for row in estate.rows() if "tags" in row.fields]


def test_each_resource_gets_its_tenant() -> None:
    estate = paris(defaults={"tenant": {"virtual_machines": "acme", "clusters": "ops"}})
    guest(estate, 101, "erp")
    for number, name in enumerate(("Acme", "Ops"), 1):
        estate.add("netbox.tenants", id=number, name=name, slug=name.lower())
    assert created(estate, "virtual_machines", "erp")["tenant"] == {"id": 1, "name": "Acme"}


def test_a_tenant_that_netbox_does_not_have_is_one_sentence_for_all() -> None:
    estate = paris(defaults={"tenant": "acme"})
    guest(estate, 101, "erp")
    assert told(estate, "virtual_machines") == {
        "erp": ("blocked", 'NetBox has no tenant "acme" (from defaults)')
    }


def urls(version: str, *given: str) -> list[Any]:
    """What is written into a URL field per value in the configuration."""
    values = {f"wiki{number}": value for number, value in enumerate(given)}
    estate = paris(defaults={"custom_fields": {"virtual_machines": values}})
    estate.change("netbox.status", netbox_version=version)
    guest(estate, 101, "erp")
    for name in values:
        field(estate, name, "url")
    fields = created(estate, "virtual_machines", "erp")
    return [fields[f"cf.{name}"] for name in values]


def test_a_url_is_shown_as_netbox_stores_it() -> None:
    """NetBox 4.7 takes https where there is no scheme."""
    assert urls("4.6.8", "wiki.example/erp") == ["wiki.example/erp"]
    assert urls("4.7.3", "wiki.example/erp", "//wiki.example", "http://wiki.example") == [
        "https://wiki.example/erp",
        "https://wiki.example",
        "http://wiki.example",
    ]
