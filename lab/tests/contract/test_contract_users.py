"""Users, what they may do, and the tokens that they get for their password."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from netbox_sync_lab.netbox import LabNetBox

from .client import Json, NetBox
from .conftest import real_netbox

PASSWORD = "Contract-Pass-2026"
FORBIDDEN = {"detail": "You do not have permission to perform this action."}
ON_OBJECT = {"__all__": ["You do not have permission to perform this action on this object."]}
LATER = "2099-12-31T23:59:59Z"


@pytest.fixture(scope="module")
def labs() -> Iterator[dict[str, LabNetBox]]:
    with LabNetBox(version="4.6.8") as older, LabNetBox(version="4.7.3") as newer:
        yield {server.version: server for server in (older, newer)}


@pytest.fixture(params=["4.6.8", "4.7.3", pytest.param("live", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest, labs: dict[str, LabNetBox]) -> Iterator[NetBox]:
    if request.param == "live":
        client = real_netbox(os.environ)
        if client.version < (4, 5):
            client.http.close()
            pytest.skip("before 4.5 tokens are other ones")
    else:
        client = NetBox(labs[request.param].url, f"Token {labs[request.param].token}")
    yield client
    client.clean()
    client.http.close()


def provision(netbox: NetBox, body: Any, **headers: str) -> httpx.Response:
    """Ask for a token without being anybody."""
    return httpx.post(
        f"{netbox.url}/api/users/tokens/provision/", json=body, headers=headers, timeout=netbox.http.timeout
    )


def whole(netbox: NetBox) -> str:
    """Where serializers put errors of an object as a whole."""
    return "__all__" if netbox.version >= (4, 7) else "non_field_errors"


def permit(netbox: NetBox, model: str, *actions: str, **fields: Any) -> Json:
    body = {"name": netbox.name("may"), "object_types": [model], "actions": list(actions), **fields}
    made: Json = netbox.new("users/permissions", body)
    return made


class Person:
    """A user with a password. ``log_in`` gives a client with a new token."""

    def __init__(self, netbox: NetBox) -> None:
        self.netbox = netbox
        self.name = netbox.name("user")
        self.row: Json = netbox.new("users/users", {"username": self.name, "password": PASSWORD})
        self.id: int = self.row["id"]
        self.clients: list[NetBox] = []

    def may(self, model: str, *actions: str, constraints: Any = None) -> None:
        permit(self.netbox, model, *actions, users=[self.id], constraints=constraints)

    def token(self, **fields: Any) -> Json:
        answer = provision(self.netbox, {"username": self.name, "password": PASSWORD, **fields})
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def using(self, token: Json) -> NetBox:
        secret = token.get("token") or token["key"]
        key = token["key"] if token.get("version") == 2 else None
        client = NetBox(self.netbox.url, f"Bearer nbt_{key}.{secret}" if key else f"Token {secret}")
        self.clients.append(client)
        return client

    def log_in(self, **fields: Any) -> NetBox:
        return self.using(self.token(**fields))


@pytest.fixture
def person(netbox: NetBox) -> Iterator[Person]:
    made = Person(netbox)
    yield made
    for client in made.clients:
        client.http.close()


def test_a_password_gives_a_token(netbox: NetBox, person: Person) -> None:
    made = person.token(description="review", expires=LATER, allowed_ips=["0.0.0.0/0"])
    assert list(made) == [
        "id", "url", "display_url", "display", "version", "user", "key", "created", "expires", "last_used", "enabled",
        "write_enabled", "description", "allowed_ips", "token",
    ]  # fmt: skip
    assert (made["version"], len(made["key"]), len(made["token"])) == (2, 12, 40)
    assert (made["display"], made["user"]["username"]) == (made["key"], person.name)
    assert (made["expires"], made["allowed_ips"], made["description"]) == (LATER, ["0.0.0.0/0"], "review")
    assert (made["enabled"], made["write_enabled"], made["last_used"]) == (True, True, None)
    assert person.using(made).get("authentication-check/")["username"] == person.name


def test_a_v1_token_has_no_key(person: Person) -> None:
    made = person.token(version=1)
    assert (made["version"], made["key"], len(made["token"])) == (1, None, 40)
    assert made["display"] == "*" * 34 + made["token"][-6:]
    assert person.using(made).get("authentication-check/")["id"] == person.id


def test_what_provisioning_refuses(netbox: NetBox, person: Person) -> None:
    required, blank = ["This field is required."], ["This field may not be blank."]
    good = {"username": person.name, "password": PASSWORD}
    wrong = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
    for body, answered in (
        ({}, {"username": required, "password": required}),
        ({"username": person.name}, {"password": required}),
        ({"username": "", "password": ""}, {"username": blank, "password": blank}),
        ([], {whole(netbox): ["Invalid data. Expected a dictionary, but got list."]}),
        ({**good, "version": 3}, {"version": ['"3" is not a valid choice.']}),
        ({**good, "expires": "soon"}, {"expires": [wrong]}),
    ):
        answer = provision(netbox, body)
        assert (answer.status_code, answer.json()) == (400, answered)
    denied = {"detail": "Invalid username/password"}
    for body in ({**good, "password": "wrong"}, {**good, "username": netbox.name("nobody")}):
        answer = provision(netbox, body)
        assert (answer.status_code, answer.json()) == (403, denied)
    answer = provision(netbox, good, Authorization="Token wrong")
    assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid v1 token"})
    answer = netbox.send("GET", "users/tokens/provision/")
    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "GET" not allowed.'})


def test_an_inactive_user_gets_no_token_and_has_none(netbox: NetBox, person: Person) -> None:
    mine = person.log_in()
    netbox.patch(f"users/users/{person.id}/", {"is_active": False})
    answer = mine.send("GET", "users/tokens/")
    assert (answer.status_code, answer.json()) == (403, {"detail": "User inactive"})
    answer = provision(netbox, {"username": person.name, "password": PASSWORD})
    assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid username/password"})


def test_tokens_end_when_disabled_or_expired(netbox: NetBox, person: Person) -> None:
    token = person.token()
    mine, path = person.using(token), f"users/tokens/{token['id']}/"
    for change, said in (
        ({"enabled": False}, "Token disabled"),
        ({"enabled": True, "expires": "2001-01-01T00:00:00Z"}, "Token expired"),
    ):
        netbox.patch(path, change)
        answer = mine.send("GET", "users/tokens/")
        assert (answer.status_code, answer.json()) == (403, {"detail": said})
    netbox.patch(path, {"expires": None})
    assert mine.send("GET", "users/tokens/").status_code == 200


def test_a_token_may_be_given_that_has_expired_already(person: Person) -> None:
    answer = person.log_in(expires="2001-01-01T00:00:00Z").send("GET", "users/tokens/")
    assert (answer.status_code, answer.json()) == (403, {"detail": "Token expired"})


def test_users_see_their_own_tokens_and_never_the_plaintext_again(netbox: NetBox, person: Person) -> None:
    first, second = person.token(), person.token(version=1)
    mine = person.using(first)
    assert [(t["id"], t["token"]) for t in mine.results("users/tokens/")] == [
        (second["id"], None),
        (first["id"], None),
    ]
    shown = mine.get(f"users/tokens/{first['id']}/")
    assert list(shown) == [
        "id", "url", "display_url", "display", "version", "key", "user", "description", "created", "expires",
        "last_used", "enabled", "write_enabled", "pepper_id", "allowed_ips", "token",
    ]  # fmt: skip
    assert (shown["key"], shown["token"], shown["last_used"] is None) == (first["key"], None, False)
    found = netbox.results(f"users/tokens/?user_id={person.id}&enabled=true")
    assert {t["id"] for t in found} == {first["id"], second["id"]}


def test_users_delete_their_own_tokens_and_no_others(netbox: NetBox, person: Person) -> None:
    mine, spare = person.log_in(), person.token()
    other = Person(netbox).token()
    for method in ("GET", "PATCH", "DELETE"):
        body = {} if method == "PATCH" else None
        answer = mine.send(method, f"users/tokens/{other['id']}/", body)
        assert (answer.status_code, answer.json()) == (404, {"detail": "No Token matches the given query."})
    mine.delete(f"users/tokens/{spare['id']}/")
    (left,) = mine.results("users/tokens/")
    mine.delete(f"users/tokens/{left['id']}/")
    answer = mine.send("GET", "users/tokens/")
    assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid v2 token"})


def test_a_token_that_may_not_write_cannot_end_itself(person: Person) -> None:
    token = person.token(write_enabled=False)
    mine = person.using(token)
    answer = mine.send("DELETE", f"users/tokens/{token['id']}/")
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    assert actions(mine, "users/tokens/") == set()


def test_users_make_tokens_for_themselves_only(netbox: NetBox, person: Person) -> None:
    mine, other = person.log_in(), Person(netbox)
    answer = mine.send("POST", "users/tokens/", {"user": person.id})
    assert (answer.status_code, len(answer.json()["token"])) == (201, 40)
    assert person.using(answer.json()).send("GET", "users/tokens/").status_code == 200
    answer = mine.send("POST", "users/tokens/", {"user": other.id})
    said = "This user does not have permission to create tokens for other users."
    assert (answer.status_code, answer.json()) == (403, {"detail": said})


def test_who_a_token_is_and_what_its_user_may_do(netbox: NetBox, person: Person) -> None:
    group = netbox.new("users/groups", {"name": netbox.name("group")})
    netbox.patch(f"users/users/{person.id}/", {"groups": [group["id"]]})
    own = permit(netbox, "dcim.site", "view", "change", users=[person.id], constraints={"slug": "x"})
    shared = permit(netbox, "dcim.region", "view", groups=[group["id"]])
    who = person.log_in().get("authentication-check/")
    assert list(who) == [
        "id", "url", "display_url", "display", "username", "first_name", "last_name", "email", "is_active",
        "date_joined", "last_login", "groups", "permissions",
    ]  # fmt: skip
    assert [g["id"] for g in who["groups"]] == [group["id"]]
    (shown,) = who["permissions"]
    assert list(shown) == [
        "id", "url", "display", "name", "description", "enabled", "object_types", "actions",
    ]  # fmt: skip
    assert (shown["id"], shown["actions"]) == (own["id"], ["view", "change"])
    assert [u["id"] for u in netbox.results(f"users/users/?username={person.name}")] == [person.id]
    (mine,) = netbox.results(f"users/permissions/?user_id={person.id}&enabled=true")
    assert (mine["id"], mine["constraints"], mine["object_types"]) == (
        own["id"], {"slug": "x"}, ["dcim.site"],
    )  # fmt: skip
    assert [(u["id"], u["username"]) for u in mine["users"]] == [(person.id, person.name)]
    (theirs,) = netbox.results(f"users/permissions/?group_id={group['id']}")
    assert (theirs["id"], [g["id"] for g in theirs["groups"]]) == (shared["id"], [group["id"]])
    assert netbox.get(f"users/groups/{group['id']}/")["user_count"] == 1


def test_permissions_of_groups_count_and_disabled_ones_do_not(netbox: NetBox, person: Person) -> None:
    group = netbox.new("users/groups", {"name": netbox.name("group")})
    netbox.patch(f"users/users/{person.id}/", {"groups": [group["id"]]})
    shared = permit(netbox, "dcim.site", "view", groups=[group["id"]])
    mine = person.log_in()
    assert mine.send("GET", "dcim/sites/").status_code == 200
    assert mine.send("GET", "users/users/").json() == FORBIDDEN
    assert mine.send("GET", "users/permissions/").json() == FORBIDDEN
    netbox.patch(f"users/permissions/{shared['id']}/", {"enabled": False})
    assert mine.send("GET", "dcim/sites/").status_code == 403


def test_passwords_have_to_be_strong(netbox: NetBox) -> None:
    short = "This password is too short. It must contain at least 12 characters."
    for password, said in (
        ("a", [short, "Password must have at least one numeral."]),
        ("aaaaaaaaaaa1", ["Password must have at least one uppercase letter."]),
        ("AAAAAAAAAAA1", ["Password must have at least one lowercase letter."]),
    ):
        body = {"username": netbox.name("user"), "password": password}
        assert netbox.refused("POST", "users/users/", body) == {whole(netbox): said}


# Constraints


def actions(client: NetBox, path: str) -> set[str]:
    answer = client.send("OPTIONS", path)
    assert answer.status_code == 200
    return set(answer.json().get("actions", {}))


@pytest.fixture
def two_sites(netbox: NetBox, person: Person) -> tuple[NetBox, Json, Json]:
    """A client that may do everything with the first site and nothing with the second."""
    inside, outside = netbox.site(), netbox.site()
    person.may("dcim.site", "view", "change", "delete", constraints={"slug": inside["slug"]})
    return person.log_in(), inside, outside


def test_options_name_what_the_user_may_do_with_a_model(
    netbox: NetBox, two_sites: tuple[NetBox, Json, Json], person: Person
) -> None:
    mine, inside, outside = two_sites
    person.may("dcim.region", "add")
    paths = ("dcim/sites/", "dcim/regions/", "dcim/devices/", "users/tokens/", "users/users/")
    assert [actions(mine, path) for path in paths] == [{"PUT"}, {"POST"}, set(), {"PUT", "POST"}, set()]
    # NetBox does not look at the object, though its code seems to: views have no lookup_url_kwarg.
    for pk in (inside["id"], outside["id"], 99999999):
        assert actions(mine, f"dcim/sites/{pk}/") == {"PUT"}
    assert actions(netbox, f"dcim/sites/{inside['id']}/") == {"PUT"}


def test_an_object_outside_the_constraints_is_not_there(two_sites: tuple[NetBox, Json, Json]) -> None:
    mine, inside, outside = two_sites
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        body = {"facility": "x"} if method.startswith("P") else None
        answer = mine.send(method, f"dcim/sites/{outside['id']}/", body)
        assert (answer.status_code, answer.json()) == (404, {"detail": "No Site matches the given query."})
    assert mine.patch(f"dcim/sites/{inside['id']}/", {"facility": "x"})["facility"] == "x"


def test_each_action_has_its_own_constraints(netbox: NetBox, person: Person) -> None:
    seen, changed = netbox.site(), netbox.site()
    person.may("dcim.site", "view")
    person.may("dcim.site", "change", constraints=[{"slug": changed["slug"]}, {"slug": "none"}])
    mine = person.log_in()
    assert mine.get(f"dcim/sites/{seen['id']}/")["id"] == seen["id"]
    assert mine.send("PATCH", f"dcim/sites/{seen['id']}/", {"facility": "x"}).status_code == 404
    assert mine.send("PATCH", f"dcim/sites/{changed['id']}/", {"facility": "x"}).status_code == 200
    assert mine.send("DELETE", f"dcim/sites/{changed['id']}/").json() == FORBIDDEN


def test_no_object_is_moved_or_made_outside_the_constraints(
    netbox: NetBox, two_sites: tuple[NetBox, Json, Json], person: Person
) -> None:
    mine, inside, _ = two_sites
    new = netbox.name("site")
    answer = mine.send("PATCH", f"dcim/sites/{inside['id']}/", {"slug": new})
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    assert netbox.get(f"dcim/sites/{inside['id']}/")["slug"] == inside["slug"]
    person.may("dcim.manufacturer", "add", constraints={"slug__startswith": "allowed"})
    answer = mine.send("POST", "dcim/manufacturers/", {"name": new, "slug": new})
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    assert netbox.results(f"dcim/manufacturers/?slug={new}") == []
    good = f"allowed-{new}"
    answer = mine.send("POST", "dcim/manufacturers/", {"name": good, "slug": good})
    assert answer.status_code == 201
    netbox.created.append(f"dcim/manufacturers/{answer.json()['id']}/")


def test_lists_pass_over_objects_outside_the_constraints_and_from_4_7_on_refuse_them(
    netbox: NetBox, two_sites: tuple[NetBox, Json, Json]
) -> None:
    mine, inside, outside = two_sites
    both = [{"id": site["id"], "facility": "x"} for site in (inside, outside)]
    changed = mine.send("PATCH", "dcim/sites/", both)
    deleted = mine.send("DELETE", "dcim/sites/", both[1:])
    if netbox.version >= (4, 7):
        text = f"Object with ID {outside['id']} does not exist"
        missing = [{"id": outside["id"], "errors": {"id": [text]}}]
        assert (changed.status_code, changed.json()) == (
            400, {"detail": "1 of 2 objects could not be found.", "errors": missing},
        )  # fmt: skip
        assert (deleted.status_code, deleted.json()["errors"]) == (400, missing)
    else:
        assert [row["id"] for row in changed.json()] == [inside["id"]]
        assert deleted.status_code == 204
    assert netbox.get(f"dcim/sites/{outside['id']}/")["facility"] == ""


def test_lists_that_leave_the_constraints_are_forbidden_and_from_4_7_on_named(
    netbox: NetBox, two_sites: tuple[NetBox, Json, Json], person: Person
) -> None:
    mine, inside, _ = two_sites
    person.may("dcim.manufacturer", "add", constraints={"slug__startswith": "allowed"})
    names = [f"allowed-{netbox.name()}", netbox.name()]
    moved = mine.send("PATCH", "dcim/sites/", [{"id": inside["id"], "slug": netbox.name()}])
    made = mine.send("POST", "dcim/manufacturers/", [{"name": name, "slug": name} for name in names])
    assert (moved.status_code, made.status_code) == (403, 403)
    if netbox.version >= (4, 7):
        assert moved.json() == {
            "detail": "1 of 1 objects could not be updated.",
            "errors": [{"id": inside["id"], "errors": ON_OBJECT}],
        }
        assert made.json() == {
            "detail": "1 of 2 objects could not be created.",
            "errors": [{"index": 1, "errors": ON_OBJECT}],
        }
    else:
        assert (moved.json(), made.json()) == (FORBIDDEN, FORBIDDEN)
    assert netbox.results(f"dcim/manufacturers/?slug={names[0]}&slug={names[1]}") == []
