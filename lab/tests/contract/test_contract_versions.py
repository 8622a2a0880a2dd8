"""Where NetBox versions differ in what the product relies on: the lab as each of them, and the real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from netbox_sync_lab.netbox import LabNetBox

from .client import NetBox
from .conftest import real_netbox


@pytest.fixture(params=["4.2.9", "4.6.8", "4.7.3", pytest.param("live", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest) -> Iterator[NetBox]:
    if request.param == "live":
        client = real_netbox(os.environ)
        yield client
        client.clean()
    else:
        with LabNetBox(version=request.param) as lab:
            client = NetBox(lab.url, f"Token {lab.token}")
            yield client
            client.clean()
    client.http.close()


def test_if_match_guards_from_4_6_on(netbox: Any) -> None:
    site = netbox.site()
    path = f"dcim/sites/{site['id']}/"
    answer = netbox.send("PATCH", path, {"facility": "x"}, If_Match='W/"2001-01-01T00:00:00+00:00"')
    has_etag = "etag" in netbox.send("GET", path).headers
    found = answer.status_code, has_etag, netbox.get(path)["facility"]
    assert found == ((412, True, "") if netbox.version >= (4, 6) else (200, False, "x"))


def test_tags_are_added_and_removed_from_4_6_on(netbox: Any) -> None:
    names = [netbox.name("tag") for _ in range(2)]
    for name in names:
        netbox.new("extras/tags", {"name": name, "slug": name})
    site = netbox.new(
        "dcim/sites", {"name": netbox.name(), "slug": netbox.name(), "tags": [{"slug": names[0]}]}
    )
    changed = netbox.patch(f"dcim/sites/{site['id']}/", {"add_tags": [{"slug": names[1]}]})
    assert [tag["slug"] for tag in changed["tags"]] == (names if netbox.version >= (4, 6) else names[:1])


def test_the_changelog_has_messages_from_4_4_on_and_request_ids_ever(netbox: Any) -> None:
    site = netbox.site()
    answer = netbox.send("PATCH", f"dcim/sites/{site['id']}/", {"facility": "x", "changelog_message": "said"})
    log = netbox.results(f"core/object-changes/?changed_object_type=dcim.site&changed_object_id={site['id']}")
    found = [(entry["action"]["value"], entry.get("message")) for entry in log]
    if netbox.version >= (4, 4):
        assert sorted(found) == [("create", ""), ("update", "said")]
    else:
        assert sorted(found) == [("create", None), ("update", None)]
    newest = next(entry for entry in log if entry["action"]["value"] == "update")
    assert newest["request_id"] == answer.headers["x-request-id"]


def test_pages_by_id_from_4_6_on(netbox: Any) -> None:
    first, second = netbox.site(), netbox.site()
    page = netbox.get(f"dcim/sites/?start={second['id']}&id={first['id']}&id={second['id']}")
    ids = [row["id"] for row in page["results"]]
    if netbox.version >= (4, 6):
        assert (page["count"], ids) == (None, [second["id"]])
    else:
        assert (page["count"], sorted(ids)) == (2, [first["id"], second["id"]])


def test_bad_objects_of_a_list_are_named_by_position_and_from_4_7_on_by_id(netbox: Any) -> None:
    device = netbox.device()
    good = {"device": device["id"], "type": "other"}
    answer = netbox.refused("POST", "dcim/interfaces/", [{**good, "name": "a"}, {**good, "name": ""}])
    blank = {"name": ["This field may not be blank."]}
    if netbox.version >= (4, 7):
        assert answer == {
            "detail": "1 of 2 objects could not be created.",
            "errors": [{"index": 1, "errors": blank}],
        }
    else:
        assert answer == [{}, blank]
    ports = [netbox.interface(device, name) for name in ("a", "b")]
    bodies = [{"id": ports[0]["id"], "description": "x"}, {"id": ports[1]["id"], "name": ""}]
    answer = netbox.refused("PATCH", "dcim/interfaces/", bodies)
    if netbox.version >= (4, 7):
        assert answer == {
            "detail": "1 of 2 objects could not be updated.",
            "errors": [{"id": ports[1]["id"], "errors": blank}],
        }
    else:
        assert answer == blank
    assert netbox.get(f"dcim/interfaces/{ports[0]['id']}/")["description"] == ""


def test_a_tag_that_is_for_other_objects_is_refused_by_its_name(netbox: Any) -> None:
    name = netbox.name("tag")
    tag = netbox.new("extras/tags", {"name": name, "slug": name, "object_types": ["dcim.device"]})
    role = {"name": netbox.name("role"), "slug": netbox.name("role"), "color": "ff0000"}
    why = f"Tag {name} cannot be assigned to devicerole objects."
    assert netbox.refused("POST", "dcim/device-roles/", {**role, "tags": [tag["id"]]}) == {"detail": why}
    assert netbox.get(f"dcim/device-roles/?slug={role['slug']}")["count"] == 0
    made = netbox.new("dcim/device-roles", role)
    bodies = [{"id": made["id"], "tags": [{"slug": name}]}]
    answer = netbox.refused("PATCH", "dcim/device-roles/", bodies)
    if netbox.version >= (4, 7):
        assert answer == {
            "detail": "1 of 1 objects could not be updated.",
            "errors": [{"id": made["id"], "errors": {"__all__": [why]}}],
        }
    else:
        assert answer == {"detail": why}


@pytest.mark.parametrize(("method", "answered"), [("PATCH", 200), ("DELETE", 204)])
def test_a_missing_object_is_passed_over_and_from_4_7_on_refused(
    netbox: Any, method: str, answered: int
) -> None:
    site = netbox.site()
    answer = netbox.send(
        method, "dcim/sites/", [{"id": site["id"], "facility": "x"}, {"id": 99999999, "facility": "x"}]
    )
    if netbox.version >= (4, 7):
        text = "Object with ID 99999999 does not exist"
        assert (answer.status_code, answer.json()) == (
            400,
            {
                "detail": "1 of 2 objects could not be found.",
                "errors": [{"id": 99999999, "errors": {"id": [text]}}],
            },
        )
    else:
        assert answer.status_code == answered


def test_an_address_that_goes_leaves_no_primary_address_in_one_request(netbox: Any) -> None:
    device = netbox.device()
    ip = netbox.ip("10.77.0.1/24", netbox.interface(device))
    path = f"dcim/devices/{device['id']}/"
    before = netbox.patch(path, {"primary_ip4": ip["id"], "oob_ip": ip["id"]})
    assert [row["id"] for row in netbox.results(f"dcim/devices/?primary_ip4_id={ip['id']}")] == [device["id"]]
    assert [row["id"] for row in netbox.results(f"dcim/devices/?oob_ip_id={ip['id']}")] == [device["id"]]
    answer = netbox.send("DELETE", "ipam/ip-addresses/", [{"id": ip["id"]}])
    assert answer.status_code == 204
    after = netbox.get(path)
    assert (after["primary_ip4"], after["oob_ip"]) == (None, None)
    assert after["last_updated"] != before["last_updated"]
    log = netbox.results(
        f"core/object-changes/?changed_object_type=dcim.device&changed_object_id={device['id']}&ordering=-id"
    )
    assert log[0]["request_id"] == answer.headers["x-request-id"]
