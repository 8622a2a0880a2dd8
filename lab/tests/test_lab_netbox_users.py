"""Users of the lab NetBox that tests add: passwords, groups, rights, and tokens that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from netbox_sync_lab.netbox import LabNetBox

FORBIDDEN = {"detail": "You do not have permission to perform this action."}


@pytest.fixture
def lab() -> Iterator[LabNetBox]:
    with LabNetBox() as server:
        yield server


def client(lab: LabNetBox, header: str | None = None) -> httpx.Client:
    return httpx.Client(
        base_url=f"{lab.url}/api/", headers={"Authorization": header or f"Token {lab.token}"}, timeout=10
    )


def log_in(lab: LabNetBox, name: str, password: str, **fields: Any) -> httpx.Client:
    answer = httpx.post(
        f"{lab.url}/api/users/tokens/provision/", json={"username": name, "password": password, **fields}
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return client(
        lab, f"Bearer nbt_{made['key']}.{made['token']}" if made["key"] else f"Token {made['token']}"
    )


def site(http: httpx.Client, slug: str) -> str:
    answer = http.post("dcim/sites/", json={"name": slug, "slug": slug})
    assert answer.status_code == 201, answer.text
    return f"dcim/sites/{answer.json()['id']}/"


def test_tokens_have_the_rights_of_their_user(lab: LabNetBox) -> None:
    admin = client(lab)
    paris, rome = site(admin, "paris"), site(admin, "rome")
    lab.add_user(
        "anna", "secret", {"dcim.site": {"view", "change"}}, constraints={"dcim.site": {"slug": "paris"}}
    )
    http = log_in(lab, "anna", "secret")
    assert [row["slug"] for row in http.get("dcim/sites/").json()["results"]] == ["paris"]
    assert http.patch(paris, json={"facility": "x"}).status_code == 200
    assert http.patch(rome, json={"facility": "x"}).status_code == 404
    answer = http.delete(paris)
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)
    second = client(lab, lab.add_token("of-anna", user="anna"))
    assert second.get("dcim/sites/").json()["count"] == 1
    assert second.get("core/background-workers/").status_code == 403


def test_a_user_without_named_permissions_may_do_everything(lab: LabNetBox) -> None:
    lab.add_user("root", "secret")
    lab.add_user("boss", "secret", {"dcim.site": {"view"}}, superuser=True)
    for name in ("root", "boss"):
        http = log_in(lab, name, "secret")
        assert http.get("core/background-workers/").status_code == 200
        site(http, name)


def test_groups_give_their_rights_to_members(lab: LabNetBox) -> None:
    site(client(lab), "paris")
    user = lab.add_user("anna", "secret", {}, groups={"readers": {"dcim.site": {"view"}}})
    lab.add_user("bob", "secret", {}, groups=["readers"])
    for name in ("anna", "bob"):
        assert log_in(lab, name, "secret").get("dcim/sites/").json()["count"] == 1
    who = log_in(lab, "anna", "secret").get("authentication-check/").json()
    assert (who["id"], [g["name"] for g in who["groups"]], who["permissions"]) == (user, ["readers"], [])
    admin = client(lab)
    group = admin.get("users/groups/?name=readers").json()["results"][0]
    assert group["user_count"] == 2
    found = admin.get(f"users/permissions/?group_id={group['id']}&enabled=true").json()["results"]
    assert [(p["name"], p["object_types"], p["actions"]) for p in found] == [
        ("readers dcim.site", ["dcim.site"], ["view"])
    ]
    assert admin.get(f"users/permissions/?user_id={user}").json()["count"] == 0


def test_permissions_of_a_token_alone_leave_its_user_s_other_tokens(lab: LabNetBox) -> None:
    lab.add_user("anna", "secret", {"dcim.site": {"view"}})
    narrow = client(lab, lab.add_token("narrow", {"dcim.region": {"view"}}, user="anna"))
    wide = log_in(lab, "anna", "secret")
    assert (narrow.get("dcim/regions/").status_code, narrow.get("dcim/sites/").status_code) == (200, 403)
    assert (wide.get("dcim/regions/").status_code, wide.get("dcim/sites/").status_code) == (403, 200)


def test_names_are_taken_once_and_nobody_logs_in_without_a_password(lab: LabNetBox) -> None:
    lab.add_user("anna", None)
    with pytest.raises(ValueError, match="there is a user anna already"):
        lab.add_user("anna", "secret")
    for password in ("!", "secret"):
        answer = httpx.post(
            f"{lab.url}/api/users/tokens/provision/", json={"username": "anna", "password": password}
        )
        assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid username/password"})


def test_tokens_expire_and_may_be_disabled_or_bound_to_networks(lab: LabNetBox) -> None:
    past = lab.add_token("past", expires=datetime(2020, 1, 1, tzinfo=UTC))
    off = lab.add_token("off", enabled=False)
    elsewhere = lab.add_token("elsewhere", allowed_ips=["10.0.0.0/8"])
    lab.add_user("gone", "secret", active=False)
    inactive = lab.add_token("inactive", user="gone")
    here = lab.add_token("here", allowed_ips=["127.0.0.0/8"])
    said = {
        h: client(lab, h).get("dcim/sites/").json().get("detail") for h in (past, off, elsewhere, inactive)
    }
    assert said == {
        past: "Token expired",
        off: "Token disabled",
        elsewhere: "Source IP 127.0.0.1 is not permitted to authenticate using this token.",
        inactive: "User inactive",
    }
    assert client(lab, here).get("dcim/sites/").status_code == 200


def test_without_peppers_there_are_v1_tokens_only() -> None:
    with LabNetBox(peppers=False) as lab:
        lab.add_user("anna", "secret")
        body = {"username": "anna", "password": "secret"}
        answer = httpx.post(f"{lab.url}/api/users/tokens/provision/", json=body)
        assert (answer.status_code, answer.json()["error"]) == (500, "API_TOKEN_PEPPERS is not defined")
        assert log_in(lab, "anna", "secret", version=1).get("dcim/sites/").status_code == 200


def test_before_4_5_a_token_is_its_key() -> None:
    with LabNetBox(version="4.4.9") as lab:
        lab.add_user("anna", "secret", {})
        answer = httpx.post(
            f"{lab.url}/api/users/tokens/provision/", json={"username": "anna", "password": "secret"}
        )
        made = answer.json()
        assert list(made) == [
            "id", "url", "display_url", "display", "user", "created", "expires", "last_used", "key", "write_enabled",
            "description", "allowed_ips",
        ]  # fmt: skip
        http = client(lab, f"Token {made['key']}")
        shown = http.get("users/tokens/").json()["results"]
        assert [("key" in row, row["display"][-6:]) for row in shown] == [(False, made["key"][-6:])]
        assert http.get("authentication-check/").status_code == 404


def test_what_a_password_is_never_shows(lab: LabNetBox) -> None:
    lab.add_user("anna", "very-secret")
    admin = client(lab)
    assert "password" not in admin.get("users/users/?username=anna").json()["results"][0]
    query = {"query": "{user_list{username password}}"}
    answer = admin.post(f"{lab.url}/graphql/", json=query).json()
    assert answer["errors"][0]["message"].startswith("Cannot query field 'password' on type 'UserType'.")
