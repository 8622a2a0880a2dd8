"""Tags, custom fields, the change log, journal entries."""

from __future__ import annotations

from typing import Any

import pytest


def slugs(row: dict[str, Any]) -> list[str]:
    return [t["slug"] for t in row["tags"]]


@pytest.mark.differs("4.2")
def test_tags_by_id_name_and_slug(netbox: Any) -> None:
    site = netbox.site()
    tags = sorted((netbox.tag() for _ in range(3)), key=lambda t: str(t["name"]))
    path = f"dcim/sites/{site['id']}/"
    changed = netbox.patch(
        path, {"tags": [tags[2]["id"], {"name": tags[1]["name"]}, {"slug": tags[0]["slug"]}]}
    )
    assert slugs(changed) == [t["slug"] for t in tags]
    assert set(changed["tags"][0]) == {"id", "url", "display_url", "display", "name", "slug", "color"}
    assert netbox.get(f"extras/tags/{tags[0]['id']}/")["tagged_items"] == 1
    assert slugs(netbox.patch(path, {"tags": []})) == []


@pytest.mark.differs("4.2")
def test_tags_are_added_and_removed_one_by_one(netbox: Any) -> None:
    site = netbox.site()
    mine, theirs = netbox.tag(), netbox.tag()
    path = f"dcim/sites/{site['id']}/"
    netbox.patch(path, {"tags": [theirs["id"]]})
    changed = netbox.patch(path, {"add_tags": [{"slug": mine["slug"]}]})
    assert set(slugs(changed)) == {mine["slug"], theirs["slug"]}
    assert slugs(netbox.patch(path, {"remove_tags": [{"name": theirs["name"]}]})) == [mine["slug"]]
    assert slugs(netbox.patch(path, {"remove_tags": [theirs["id"]], "add_tags": [mine["id"]]})) == [
        mine["slug"]
    ]
    together = 'Cannot specify "tags" together with "add_tags" or "remove_tags".'
    assert netbox.refused("PATCH", path, {"tags": [mine["id"]], "add_tags": [mine["id"]]}) == {
        "tags": [together]
    }
    assert netbox.refused("PATCH", path, {"add_tags": [mine["id"]], "remove_tags": [mine["id"]]}) == {
        "remove_tags": [f'Tags may not be present in both "add_tags" and "remove_tags": {mine["name"]}']
    }
    body = {"name": netbox.name(), "slug": netbox.name(), "remove_tags": [mine["id"]]}
    assert netbox.refused("POST", "dcim/sites/", body) == {
        "remove_tags": ['Cannot use "remove_tags" when creating a new object.']
    }
    # An unknown tag is a 400 in "tags", but the server fails over one in "add_tags".
    answer = netbox.send("PATCH", path, {"add_tags": [{"slug": "no-such-tag"}]})
    assert (answer.status_code, answer.json()["exception"]) == (500, "ValidationError")
    made = netbox.new("dcim/sites", {"name": netbox.name(), "slug": netbox.name(), "add_tags": [mine["id"]]})
    assert slugs(made) == [mine["slug"]]


def test_filter_by_tags_wants_all_of_them(netbox: Any) -> None:
    one, two = netbox.tag(), netbox.tag()
    both, first = netbox.site(), netbox.site()
    netbox.patch(f"dcim/sites/{both['id']}/", {"tags": [one["id"], two["id"]]})
    netbox.patch(f"dcim/sites/{first['id']}/", {"tags": [one["id"]]})
    ids = [r["id"] for r in netbox.results(f"dcim/sites/?tag={one['slug']}&tag={two['slug']}")]
    assert ids == [both["id"]]
    assert {r["id"] for r in netbox.results(f"dcim/sites/?tag={one['slug']}")} == {both["id"], first["id"]}
    assert [r["id"] for r in netbox.results(f"dcim/sites/?tag={one['slug']}&tag__n={two['slug']}")] == [
        first["id"]
    ]


@pytest.mark.differs("4.2")
def test_custom_fields_are_merged_and_unknown_ones_refused(netbox: Any) -> None:
    one = netbox.custom_field("text", ["dcim.site"])
    two = netbox.custom_field("integer", ["dcim.site"], default=7)
    site = netbox.site()
    assert site["custom_fields"] | {} == {**site["custom_fields"], one: None, two: 7}
    path = f"dcim/sites/{site['id']}/"
    netbox.patch(path, {"custom_fields": {one: "abc"}})
    shown = netbox.get(path)["custom_fields"]
    assert (shown[one], shown[two]) == ("abc", 7)
    assert netbox.refused("PATCH", path, {"custom_fields": {"no_such_field": 1}}) == {
        "custom_fields": {
            "no_such_field": "Custom field 'no_such_field' does not exist for this object type."
        }
    }
    assert [r["id"] for r in netbox.results(f"dcim/sites/?cf_{one}=abc")] == [site["id"]]
    assert [r["id"] for r in netbox.results(f"dcim/sites/?id={site['id']}&cf_{two}=7")] == [site["id"]]
    assert netbox.results(f"dcim/sites/?id={site['id']}&cf_{two}__gt=7") == []
    assert netbox.patch(path, {"custom_fields": {one: None}})["custom_fields"][one] is None


@pytest.mark.differs("4.2")
@pytest.mark.parametrize(
    ("kind", "good", "bad", "message"),
    [
        ("text", "a", 1, "Value must be a string."),
        ("longtext", "a", 1, "Value must be a string."),
        ("integer", 5, "5", "Value must be an integer."),
        ("decimal", 1.5, "x", "Value must be a decimal."),
        ("boolean", True, "yes", "Value must be true or false."),
        ("date", "2026-01-31", "31.1.2026", "Date values must be in ISO 8601 format (YYYY-MM-DD)."),
        (
            "datetime",
            "2026-01-31T10:00:00Z",
            "yesterday",
            "Date and time values must be in ISO 8601 format (YYYY-MM-DD HH:MM:SS).",
        ),
        ("url", "http://example.net/", 5, "Value must be a string."),
        ("json", {"a": [1]}, None, None),
    ],
)
def test_custom_field_types(netbox: Any, kind: str, good: Any, bad: Any, message: str | None) -> None:
    name = netbox.custom_field(kind, ["dcim.site"])
    site = netbox.site()
    path = f"dcim/sites/{site['id']}/"
    assert netbox.patch(path, {"custom_fields": {name: good}})["custom_fields"][name] == good
    if message is not None:
        assert netbox.refused("PATCH", path, {"custom_fields": {name: bad}}) == {
            "__all__": [f"Invalid value for custom field '{name}': {message}"]
        }


@pytest.mark.differs("4.7")
def test_custom_field_choices_and_objects(netbox: Any) -> None:
    choice_set = netbox.new(
        "extras/custom-field-choice-sets",
        {"name": netbox.name("set"), "extra_choices": [["a", "A"], ["b", "B"]]},
    )
    one = netbox.custom_field("select", ["dcim.site"], choice_set=choice_set["id"])
    many = netbox.custom_field("multiselect", ["dcim.site"], choice_set=choice_set["id"])
    other = netbox.custom_field("object", ["dcim.site"], related_object_type="dcim.site")
    site, target = netbox.site(), netbox.site()
    path = f"dcim/sites/{site['id']}/"
    shown = netbox.patch(path, {"custom_fields": {one: "a", many: ["a", "b"], other: target["id"]}})[
        "custom_fields"
    ]
    assert (shown[one], shown[many], shown[other]["slug"]) == ("a", ["a", "b"], target["slug"])
    assert netbox.refused("PATCH", path, {"custom_fields": {one: "z"}}) == {
        "__all__": [
            f"Invalid value for custom field '{one}': Invalid choice (z) for choice set {choice_set['name']}."
        ]
    }
    assert netbox.refused("PATCH", path, {"custom_fields": {many: ["z"]}}) == {
        "__all__": [
            f"Invalid value for custom field '{many}': Invalid choice(s) (['z']) for choice set {choice_set['name']}."
        ]
    }
    assert netbox.refused("PATCH", path, {"custom_fields": {other: 99999999}}) == {
        "custom_fields": ["Related object not found using the provided numeric ID: 99999999"]
    }
    netbox.patch(path, {"custom_fields": {other: None}})


@pytest.mark.differs("4.2")
def test_required_and_limited_custom_fields(netbox: Any) -> None:
    site = netbox.site()
    name = netbox.custom_field("integer", ["dcim.site"], validation_minimum=1, validation_maximum=9)
    path = f"dcim/sites/{site['id']}/"
    for value, message in ((0, "Value must be at least 1.0000"), (10, "Value must not exceed 9.0000")):
        assert netbox.refused("PATCH", path, {"custom_fields": {name: value}}) == {
            "__all__": [f"Invalid value for custom field '{name}': {message}"]
        }
    pattern = netbox.custom_field("text", ["dcim.site"], validation_regex="^[a-z]+$")
    assert netbox.refused("PATCH", path, {"custom_fields": {pattern: "A1"}}) == {
        "__all__": [f"Invalid value for custom field '{pattern}': Value must match regex '^[a-z]+$'"]
    }


def changes(netbox: Any, model: str, pk: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = netbox.results(
        f"core/object-changes/?changed_object_type={model}&changed_object_id={pk}"
    )
    return found


@pytest.mark.differs("4.2")
def test_every_write_is_in_the_change_log(netbox: Any) -> None:
    body = {"name": netbox.name(), "slug": netbox.name(), "changelog_message": "first"}
    answer = netbox.send("POST", "dcim/sites/", body)
    site = answer.json()
    path = f"dcim/sites/{site['id']}/"
    netbox.created.append(path)
    patched = netbox.send("PATCH", path, {"facility": "F", "changelog_message": "second"})
    log = changes(netbox, "dcim.site", site["id"])
    assert [c["action"]["value"] for c in log] == ["update", "create"]
    assert [c["message"] for c in log] == ["second", "first"]
    assert [c["request_id"] for c in log] == [patched.headers["x-request-id"], answer.headers["x-request-id"]]
    update = log[0]
    assert (update["prechange_data"]["facility"], update["postchange_data"]["facility"]) == ("", "F")
    assert "last_updated" not in update["postchange_data"]
    assert update["changed_object"]["id"] == site["id"]
    assert update["object_repr"] == site["name"]
    assert update["display"] == f"DCIM | site {site['name']} updated by {update['user_name']}"
    assert log[1]["prechange_data"] == {}
    assert netbox.send("DELETE", path, {"changelog_message": "third"}).status_code == 204
    deleted = netbox.results(
        f"core/object-changes/?action=delete&changed_object_id={site['id']}&changed_object_type=dcim.site"
    )[0]
    assert (deleted["message"], deleted["postchange_data"], deleted["changed_object"]) == ("third", {}, None)
    assert deleted["prechange_data"]["name"] == site["name"]


@pytest.mark.differs("4.2")
def test_one_request_id_for_all_changes_of_a_bulk_request(netbox: Any) -> None:
    sites = [netbox.site() for _ in range(2)]
    body = [{"id": s["id"], "facility": "F", "changelog_message": f"change {i}"} for i, s in enumerate(sites)]
    answer = netbox.send("PATCH", "dcim/sites/", body)
    log = netbox.results(f"core/object-changes/?request_id={answer.headers['x-request-id']}")
    assert {(c["changed_object_id"], c["message"]) for c in log} == {
        (sites[0]["id"], "change 0"),
        (sites[1]["id"], "change 1"),
    }
    answer = netbox.send(
        "DELETE", "dcim/sites/", [{"id": s["id"], "changelog_message": "bye"} for s in sites]
    )
    log = netbox.results(f"core/object-changes/?request_id={answer.headers['x-request-id']}")
    assert [c["message"] for c in log] == ["bye", "bye"]


def test_a_change_of_nothing_moves_last_updated_but_is_not_logged(netbox: Any) -> None:
    site = netbox.site()
    changed = netbox.patch(f"dcim/sites/{site['id']}/", {"name": site["name"]})
    assert changed["last_updated"] > site["last_updated"]
    assert [c["action"]["value"] for c in changes(netbox, "dcim.site", site["id"])] == ["create"]


def test_a_refused_request_leaves_no_trace(netbox: Any) -> None:
    one, two = netbox.site(), netbox.site()
    netbox.refused(
        "PATCH", "dcim/sites/", [{"id": one["id"], "facility": "x"}, {"id": two["id"], "slug": ""}]
    )
    assert [c["action"]["value"] for c in changes(netbox, "dcim.site", one["id"])] == ["create"]


def test_journal_entries(netbox: Any) -> None:
    device = netbox.device()
    body = {"assigned_object_type": "dcim.device", "assigned_object_id": device["id"], "comments": "seen"}
    entry = netbox.new("extras/journal-entries", body)
    assert entry["kind"] == {"value": "info", "label": "Info"}
    assert isinstance(entry["created_by"], int)
    assert entry["assigned_object"]["id"] == device["id"]
    assert entry["display"] == f"{entry['created'][:10]} {entry['created'][11:16]} (Info)"
    found = netbox.results(
        f"extras/journal-entries/?assigned_object_id={device['id']}&assigned_object_type=dcim.device"
    )
    assert [f["id"] for f in found] == [entry["id"]]
    netbox.delete(f"dcim/devices/{device['id']}/")
    assert netbox.send("GET", f"extras/journal-entries/{entry['id']}/").status_code == 404


@pytest.mark.differs("4.2")
def test_tags_and_custom_fields_of_the_whole_installation(netbox: Any) -> None:
    tag = netbox.tag()
    assert (tag["color"], tag["weight"], tag["object_types"]) == ("9e9e9e", 1000, [])
    assert netbox.refused("POST", "extras/tags/", {"name": tag["name"], "slug": tag["slug"]}) == {
        "name": ["tag with this name already exists."],
        "slug": ["tag with this slug already exists."],
    }
    name = netbox.custom_field("integer", ["dcim.device", "dcim.interface"], label="An id")
    field = netbox.results(f"extras/custom-fields/?name={name}")[0]
    assert sorted(field["object_types"]) == ["dcim.device", "dcim.interface"]
    assert (field["data_type"], field["display"]) == ("integer", "An id")
    assert field["type"] == {"value": "integer", "label": "Integer"}
    assert field["filter_logic"] == {"value": "loose", "label": "Loose"}


@pytest.mark.differs("4.2")
def test_a_new_custom_field_stands_in_existing_objects_and_a_deleted_one_is_gone(netbox: Any) -> None:
    site = netbox.site()
    name = netbox.custom_field("integer", ["dcim.site"], default=5)
    empty = netbox.custom_field("integer", ["dcim.site"])
    after = netbox.get(f"dcim/sites/{site['id']}/")
    assert (after["custom_fields"][name], after["last_updated"]) == (5, site["last_updated"])
    assert after["custom_fields"][empty] is None
    assert netbox.results(f"dcim/sites/?cf_{name}=5&id={site['id']}&fields=id") == [{"id": site["id"]}]
    query = f"{{site(id: {site['id']}){{custom_fields custom_field_data}}}}"
    raw = netbox.graphql(query)["data"]["site"]
    assert (raw["custom_fields"][name], raw["custom_fields"][empty]) == (5, None)
    assert raw["custom_field_data"][name] == 5
    assert empty not in raw["custom_field_data"]
    field = netbox.results(f"extras/custom-fields/?name={name}")[0]
    netbox.delete(f"extras/custom-fields/{field['id']}/")
    after = netbox.get(f"dcim/sites/{site['id']}/")
    assert name not in after["custom_fields"]
    assert after["last_updated"] == site["last_updated"]


def test_custom_field_definitions_are_checked(netbox: Any) -> None:
    body = {"name": netbox.name("cf").replace("-", "_"), "type": "text", "object_types": ["dcim.site"]}
    for change, field, message in (
        ({"name": "a b"}, "name", "Only alphanumeric characters and underscores are allowed."),
        ({"name": "a__b"}, "name", "Double underscores are not permitted in custom field names."),
        ({"type": "select"}, "choice_set", "Selection fields must specify a set of choices."),
        ({"type": "object"}, "related_object_type", "Object fields must define an object type."),
        ({"object_types": ["dcim.nothing"]}, "object_types", "Invalid content type: dcim.nothing"),
        (
            {"type": "integer", "default": "a"},
            "default",
            'Invalid default value "a": Value must be an integer.',
        ),
    ):
        assert netbox.refused("POST", "extras/custom-fields/", {**body, **change}) == {field: [message]}
    body = {"name": netbox.name("set"), "extra_choices": []}
    assert netbox.refused("POST", "extras/custom-field-choice-sets/", body) == {
        "__all__": ["Must define base or extra choices."]
    }
