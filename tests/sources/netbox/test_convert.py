"""NetBox's values as table values, whichever way they came."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.sources.netbox.client import credentials, parse_version
from netbox_sync_dagster.sources.netbox.convert import custom_fields_text, utc_text, vid_ranges
from netbox_sync_dagster.sources.netbox.rights import rights_of


@pytest.mark.parametrize(
    ("given", "etag"),
    [
        ("2026-11-20T18:30:20.474054Z", "2026-11-20T18:30:20.474054+00:00"),
        ("2026-11-20T18:30:20.474054+00:00", "2026-11-20T18:30:20.474054+00:00"),
        ("2026-11-20T18:30:20Z", "2026-11-20T18:30:20+00:00"),
        ("2026-11-20T19:30:20.474050+01:00", "2026-11-20T18:30:20.474050+00:00"),
        (None, None),
    ],
)
def test_last_updated_is_in_the_form_of_the_etag(given: str | None, etag: str | None) -> None:
    assert utc_text(given) == etag


def test_vid_ranges_are_inclusive_whichever_way_they_came() -> None:
    assert vid_ranges(["[1, 100)", "[200, 301)", "(5, 7]"]) == [[1, 99], [200, 300], [6, 7]]
    assert vid_ranges([[1, 99], [200, 300]]) == [[1, 99], [200, 300]]


@pytest.mark.parametrize(
    ("kind", "rest", "graphql", "text"),
    [
        ("object", {"id": 5, "url": "u", "display": "d"}, 5, '{"f":5}'),
        ("multiobject", [{"id": 5, "url": "u"}, {"id": 2, "url": "u"}], [5, 2], '{"f":[2,5]}'),
        ("select", {"value": "a", "label": "A"}, "a", '{"f":"a"}'),
        ("multiselect", [{"value": "a", "label": "A"}], ["a"], '{"f":["a"]}'),
        ("decimal", "1.50", 1.5, '{"f":1.5}'),
        (
            "datetime",
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05+00:00",
            '{"f":"2024-01-02T03:04:05+00:00"}',
        ),
        ("json", {"value": 1, "id": 2}, {"id": 2, "value": 1}, '{"f":{"id":2,"value":1}}'),
        ("text", "é", "é", '{"f":"é"}'),
    ],
)
def test_custom_fields_are_the_same_by_rest_and_graphql(
    kind: str, rest: Any, graphql: Any, text: str
) -> None:
    assert custom_fields_text({"f": rest}, {"f": kind}) == text
    assert custom_fields_text({"f": graphql}, {"f": kind}) == text


def test_a_custom_field_without_a_value_is_null_and_keys_are_sorted() -> None:
    assert custom_fields_text({"b": 1}, {"b": "integer", "a": "text"}) == '{"a":null,"b":1}'


def test_objects_in_custom_fields_whose_definition_is_hidden_become_ids() -> None:
    values = {"one": {"id": 5, "url": "u"}, "more": [{"id": 9, "url": "u"}], "plain": {"id": 1}}
    assert custom_fields_text(values, {}) == '{"more":[9],"one":5,"plain":{"id":1}}'


def test_tokens_of_both_kinds_get_their_header() -> None:
    assert credentials("a" * 40)["Authorization"] == "Token " + "a" * 40
    assert credentials("nbt_key.secret")["Authorization"] == "Bearer nbt_key.secret"


def test_versions_of_images_are_understood() -> None:
    assert parse_version("4.6.8-Docker-3.4.1") == (4, 6, 8)
    assert parse_version("4.7-beta1") == (4, 7, 0)
    assert parse_version("unknown") == ()


def test_only_enabled_permissions_without_constraints_prove_what_a_token_views() -> None:
    def permission(name: str, **other: Any) -> dict[str, Any]:
        base = {"enabled": True, "actions": ["view"], "constraints": None, "users": [{"id": 7}], "groups": []}
        return {**base, "object_types": [name], **other}

    permissions = [
        permission("dcim.site"),
        permission("dcim.rack", constraints={"name": "x"}),
        permission("dcim.device", enabled=False),
        permission("dcim.region", users=[], groups=[{"id": 3}]),
        permission("ipam.vlan", users=[{"id": 8}]),
        permission("ipam.vrf", actions=["add"]),
    ]

    rights = rights_of(permissions, 7, {3})

    assert rights.full == {"dcim.site", "dcim.region"}
    assert list(rights.constrained) == ["dcim.rack"]
    assert rights.known
