"""Creating and changing objects: validation, references, bulk shapes, guards."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.differs("4.7")
def test_required_fields_and_unique_fields(netbox: Any) -> None:
    site = netbox.site()
    again = {"name": site["name"], "slug": site["slug"]}
    assert netbox.refused("POST", "dcim/sites/", again) == {
        "name": ["site with this name already exists."],
        "slug": ["site with this slug already exists."],
    }
    assert netbox.refused("POST", "dcim/sites/", {"name": netbox.name()}) == {
        "slug": ["This field is required."]
    }
    assert netbox.refused("POST", "dcim/sites/", {"name": netbox.name(), "slug": "a b"}) == {
        "slug": ['Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.']
    }
    assert netbox.refused("POST", "dcim/sites/", "text") == {
        "non_field_errors": ["Invalid data. Expected a dictionary, but got str."]
    }


@pytest.mark.differs("4.2")
def test_a_contact_is_assigned_once_per_role_and_needs_one(netbox: Any) -> None:
    site, path = netbox.site(), "tenancy/contact-assignments"
    contact = netbox.new("tenancy/contacts", {"name": netbox.name("contact")})
    word = netbox.name("role")
    role = netbox.new("tenancy/contact-roles", {"name": word, "slug": word})
    body = {"object_type": "dcim.site", "object_id": site["id"], "contact": contact["id"]}
    assert list(netbox.refused("POST", f"{path}/", body)) == ["role"]
    made = netbox.new(path, {**body, "role": role["id"]})
    assert (made["priority"], made["display"]) == (None, f"{contact['name']} -> {site['name']}")
    assert netbox.refused("POST", f"{path}/", {**body, "role": role["id"]}) == {
        "__all__": [
            "Contact assignment with this Object type, Object id, Contact and Role already exists.",
        ]
    }
    found = f"object_id={site['id']}&contact_id={contact['id']}&role_id={role['id']}"
    assert [row["id"] for row in netbox.results(f"{path}/?object_type=dcim.site&{found}")] == [made["id"]]
    assert netbox.results(f"{path}/?object_type=dcim.device&{found}") == []
    primary = netbox.patch(f"{path}/{made['id']}/", {"priority": "primary"})
    assert primary["display"] == f"{contact['name']} (Primary) -> {site['name']}"
    # Its object is not changed, and the contact cannot be deleted.
    assert netbox.get(f"dcim/sites/{site['id']}/")["last_updated"] == site["last_updated"]
    assert netbox.send("DELETE", f"tenancy/contacts/{contact['id']}/").status_code == 409


def test_every_bad_field_is_named_at_once(netbox: Any) -> None:
    device = netbox.device()
    body = {
        "device": device["id"],
        "name": "e" * 65,
        "type": "no-such-type",
        "enabled": "perhaps",
        "mtu": 70000,
        "speed": -1,
        "duplex": "x",
        "mode": "bad",
        "tx_power": 300,
        "primary_mac_address": 99999999,
        "untagged_vlan": 99999999,
        "tagged_vlans": [99999999],
        "tags": [{"slug": "no-such-tag"}],
        "rf_channel_frequency": 123456789.1,
    }
    assert netbox.refused("POST", "dcim/interfaces/", body) == {
        "name": ["Ensure this field has no more than 64 characters."],
        "type": ["no-such-type is not a valid choice."],
        "enabled": ["Must be a valid boolean."],
        "mtu": ["Ensure this value is less than or equal to 65536."],
        "speed": ["Ensure this value is greater than or equal to 0."],
        "duplex": ["x is not a valid choice."],
        "mode": ["bad is not a valid choice."],
        "tx_power": ["Ensure this value is less than or equal to 127."],
        "primary_mac_address": ["Related object not found using the provided numeric ID: 99999999"],
        "untagged_vlan": ["Related object not found using the provided numeric ID: 99999999"],
        "tagged_vlans": ['Invalid pk "99999999" - object does not exist.'],
        "tags": ["Related object not found using the provided attributes: {'slug': 'no-such-tag'}"],
        "rf_channel_frequency": ["Ensure that there are no more than 8 digits in total."],
    }
    body = {
        "device": device["id"],
        "name": None,
        "type": "",
        "mtu": "many",
        "tags": ["word"],
        "custom_fields": 3,
        "lag": "word",
        "tagged_vlans": "word",
    }
    unknown = (
        "Related objects must be referenced by numeric ID or by dictionary of attributes. Received an unrecognized "
        "value: word"
    )
    assert netbox.refused("POST", "dcim/interfaces/", body) == {
        "name": ["This field may not be null."],
        "type": ["This field may not be blank."],
        "mtu": ["A valid integer is required."],
        "tags": [unknown],
        "custom_fields": [
            "Invalid data format. Custom field data must be passed as a dictionary mapping field names to their values."
        ],
        "lag": [unknown],
        "tagged_vlans": ['Expected a list of items but got type "str".'],
    }
    body = {"device": device["id"], "name": "e", "type": {"value": "lag"}, "tagged_vlans": [{"vid": 1}]}
    assert netbox.refused("POST", "dcim/interfaces/", body) == {
        "type": ['Value must be passed directly (e.g. "foo": 123); do not use a dictionary or list.'],
        "tagged_vlans": ["Incorrect type. Expected pk value, received dict."],
    }


def test_unknown_fields_are_ignored_and_texts_trimmed(netbox: Any) -> None:
    site = netbox.site()
    changed = netbox.patch(f"dcim/sites/{site['id']}/", {"bogus": 1, "facility": "  B1  "})
    assert changed["facility"] == "B1"
    assert "bogus" not in changed


def test_references_by_attributes(netbox: Any) -> None:
    site = netbox.site()
    device = netbox.device(site)
    other = netbox.new(
        "dcim/devices",
        {
            "name": device["name"],
            "site": {"slug": netbox.site()["slug"]},
            "device_type": {"model": device["device_type"]["model"]},
            "role": {"slug": device["role"]["slug"]},
        },
    )
    assert other["device_type"]["id"] == device["device_type"]["id"]
    found = netbox.new(
        "dcim/interfaces",
        {"device": {"name": device["name"], "site": {"slug": site["slug"]}}, "name": "e0", "type": "lag"},
    )
    assert found["device"]["id"] == device["id"]
    body = {"device": {"name": device["name"]}, "name": "e1", "type": "lag"}
    assert netbox.refused("POST", "dcim/interfaces/", body) == {
        "device": [f"Multiple objects match the provided attributes: {{'name': '{device['name']}'}}"]
    }
    body["device"] = {"name": device["name"], "site": {"slug": "nowhere"}}
    assert netbox.refused("POST", "dcim/interfaces/", body) == {
        "device": [
            "Related object not found using the provided attributes: "
            f"{{'name': '{device['name']}', 'site__slug': 'nowhere'}}"
        ]
    }
    body["device"] = {"bogus": 1}
    answer = netbox.refused("POST", "dcim/interfaces/", body)
    assert answer["device"][0].startswith("Cannot resolve keyword 'bogus' into field. Choices are: ")


def test_bodies_that_are_no_json(netbox: Any) -> None:
    answer = netbox.http.post(
        "/api/dcim/sites/", content=b"{bad", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("JSON parse error - ")
    answer = netbox.http.post("/api/dcim/sites/", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()) == (
        415,
        {"detail": 'Unsupported media type "text/plain" in request.'},
    )


@pytest.mark.differs("4.7")
def test_bulk_create_names_bad_objects_by_position_and_creates_none(netbox: Any) -> None:
    device = netbox.device()
    netbox.interface(device, "eth0")
    body = [
        {"device": device["id"], "name": "eth1", "type": "lag"},
        {"device": device["id"], "name": "eth0", "type": "lag"},
        {"device": device["id"], "name": "eth2", "type": "bogus"},
    ]
    assert netbox.refused("POST", "dcim/interfaces/", body) == [
        {},
        {"__all__": ["Interface with this Device and Name already exists."]},
        {"type": ["bogus is not a valid choice."]},
    ]
    assert netbox.get(f"dcim/interfaces/?device_id={device['id']}")["count"] == 1


@pytest.mark.differs("4.7")
def test_bulk_create_of_devices_tells_only_the_first_error(netbox: Any) -> None:
    device = netbox.device()
    base = {k: device[k]["id"] for k in ("device_type", "role", "site")}
    body = [
        {**base, "name": netbox.name("new")},
        {**base, "name": device["name"].upper()},
        {**base, "status": "x"},
    ]
    assert netbox.refused("POST", "dcim/devices/", body) == {
        "__all__": ["Device name must be unique per site."]
    }
    twin = netbox.name("twin")
    body = [{**base, "name": twin}, {**base, "name": twin}]
    assert netbox.refused("POST", "dcim/devices/", body) == {
        "__all__": ["Device name must be unique per site."]
    }
    assert netbox.get(f"dcim/devices/?site_id={base['site']}")["count"] == 1


@pytest.mark.differs("4.7")
def test_duplicates_within_one_bulk_create(netbox: Any) -> None:
    """The checks see the database only, so the database refuses; addresses have no rule there."""
    device = netbox.device()
    group = netbox.new("ipam/vlan-groups", {"name": netbox.name(), "slug": netbox.name()})
    cluster = netbox.cluster()
    for path, body, where in (
        (
            "dcim/interfaces",
            {"device": device["id"], "name": "e1", "type": "lag"},
            f"device_id={device['id']}",
        ),
        ("ipam/vlans", {"vid": 5, "name": "five", "group": group["id"]}, f"group_id={group['id']}"),
        (
            "virtualization/virtual-machines",
            {"name": netbox.name("vm"), "cluster": cluster["id"]},
            f"cluster_id={cluster['id']}",
        ),
    ):
        answer = netbox.send("POST", f"{path}/", [body, body])
        assert answer.status_code == 500
        assert answer.json()["exception"] == "IntegrityError"
        assert answer.json()["error"].startswith("duplicate key value violates unique constraint ")
        assert netbox.get(f"{path}/?{where}")["count"] == 0
    vrf = netbox.vrf()
    made = netbox.new("ipam/ip-addresses", [{"address": "10.9.8.7/24", "vrf": vrf["id"]}] * 2)
    assert [m["address"] for m in made] == ["10.9.8.7/24", "10.9.8.7/24"]


@pytest.mark.differs("4.7")
def test_bulk_update_is_all_or_nothing_and_tells_only_the_first_error(netbox: Any) -> None:
    one, two = netbox.site(), netbox.site()
    body = [{"id": one["id"], "description": "new"}, {"id": two["id"], "name": ""}]
    assert netbox.refused("PATCH", "dcim/sites/", body) == {"name": ["This field may not be blank."]}
    assert netbox.get(f"dcim/sites/{one['id']}/")["description"] == ""


@pytest.mark.differs("4.7")
def test_bulk_requests_skip_missing_ids_and_check_their_form(netbox: Any) -> None:
    site = netbox.site()
    changed = netbox.patch(
        "dcim/sites/", [{"id": 99999999, "facility": "a"}, {"id": site["id"], "facility": "b"}]
    )
    assert [(c["id"], c["facility"]) for c in changed] == [(site["id"], "b")]
    assert netbox.patch("dcim/sites/", []) == []
    assert netbox.send("DELETE", "dcim/sites/", [{"id": 99999999}]).status_code == 204
    assert netbox.refused("PATCH", "dcim/sites/", [{"name": "a"}]) == [{"id": ["This field is required."]}]
    assert netbox.refused("PATCH", "dcim/sites/", [{"id": "x"}]) == [{"id": ["A valid integer is required."]}]
    for body, kind in (({"id": site["id"]}, "dict"), (None, "dict")):
        assert netbox.refused("DELETE", "dcim/sites/", body) == {
            "non_field_errors": [f'Expected a list of items but got type "{kind}".']
        }
    netbox.patch("dcim/sites/", [{"id": site["id"], "facility": "c"}, {"id": site["id"], "facility": "d"}])
    assert netbox.get(f"dcim/sites/{site['id']}/")["facility"] == "d"


def test_bulk_update_answers_in_the_models_order(netbox: Any) -> None:
    device = netbox.device()
    made = [netbox.interface(device, n)["id"] for n in ("eth10", "eth2", "eth1")]
    changed = netbox.patch("dcim/interfaces/", [{"id": pk, "mtu": 1500} for pk in made])
    assert [c["name"] for c in changed] == ["eth1", "eth2", "eth10"]


def etag(row: dict[str, Any]) -> str:
    return f'W/"{row["last_updated"].replace("Z", "+00:00")}"'


@pytest.mark.differs("4.2")
def test_etag_is_last_updated_and_stands_on_detail_answers_only(netbox: Any) -> None:
    site = netbox.site()
    path = f"dcim/sites/{site['id']}/"
    assert netbox.send("GET", path).headers["etag"] == etag(site)
    assert "etag" not in netbox.send("GET", f"dcim/sites/?id={site['id']}").headers
    answer = netbox.send("PATCH", path, {"facility": "x"})
    assert answer.headers["etag"] == etag(answer.json())


@pytest.mark.differs("4.2")
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_if_match_guards_one_object(netbox: Any, method: str) -> None:
    site = netbox.site()
    path = f"dcim/sites/{site['id']}/"
    now = netbox.patch(path, {"facility": "edited"})
    answer = netbox.send(method, path, {"facility": "mine"}, If_Match=etag(site))
    assert (answer.status_code, answer.json()) == (412, {"detail": "Precondition failed."})
    assert answer.headers["etag"] == etag(now)
    assert netbox.get(path)["facility"] == "edited"
    assert netbox.send(method, path, {"facility": "mine"}, If_Match=etag(now)).status_code in (200, 204)


@pytest.mark.differs("4.2")
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_if_match_with_several_tags_guards_every_object_of_a_bulk_request(netbox: Any, method: str) -> None:
    sites = [netbox.site() for _ in range(3)]
    stale = sites[1]
    sites[1] = netbox.patch(f"dcim/sites/{stale['id']}/", {"facility": "edited"})
    body = [{"id": s["id"], **({"facility": "mine"} if method == "PATCH" else {})} for s in sites]
    tags = ", ".join(etag(s) for s in (sites[0], stale, sites[2]))
    answer = netbox.send(method, "dcim/sites/", body, If_Match=tags)
    assert (answer.status_code, answer.json()) == (412, {"detail": "Precondition failed."})
    assert answer.headers["etag"] == etag(sites[1])
    assert [netbox.get(f"dcim/sites/{s['id']}/")["facility"] for s in sites] == ["", "edited", ""]
    tags = ", ".join(etag(s) for s in sites)
    assert netbox.send(method, "dcim/sites/", body, If_Match=tags).status_code in (200, 204)


def test_how_many_tags_fit_into_if_match(netbox: Any) -> None:
    site = netbox.site()
    path = f"dcim/sites/{site['id']}/"
    tag = etag(site)
    assert netbox.send("PATCH", path, {"facility": "x"}, If_Match=", ".join([tag] * 200)).status_code == 200
    assert netbox.send("PATCH", path, {"facility": "x"}, If_Match=", ".join([tag] * 220)).status_code == 431


@pytest.mark.parametrize("space", [" ", "\t", "\x1c", "\x85", "\xa0", "\u2003", "\u2028", "\u3000"])
def test_white_space_at_both_ends_is_taken_off(netbox: Any, space: str) -> None:
    """As Python's str.strip() does; what only looks like nothing stays."""
    name = netbox.name()
    text = f"{space}to the\xa0roof{space}"
    body = {"name": f"{space}{name}{space}", "slug": netbox.name(), "description": text}
    made = netbox.new("dcim/sites", body)
    assert (made["name"], made["description"]) == (name, "to the\xa0roof")


def test_characters_that_cannot_be_seen_are_taken(netbox: Any) -> None:
    """NetBox does not refuse them: it keeps any name without NUL."""
    for character in ("\x1b", "\n", "\x9b", "\u200b", "\u202e", "\ufffe"):
        name = f"{netbox.name()}{character}x"
        assert netbox.new("dcim/sites", {"name": name, "slug": netbox.name()})["name"] == name
    body = {"name": "a\0b", "slug": netbox.name()}
    assert netbox.refused("POST", "dcim/sites/", body) == {"name": ["Null characters are not allowed."]}
