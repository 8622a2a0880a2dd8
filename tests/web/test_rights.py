"""Nobody approves, rejects or applies on the page what NetBox would not let them write."""

from __future__ import annotations

import re
from typing import Any

import pytest

from netbox_sync_dagster.apply.changelog import MODELS
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.web import rights
from tests.support import NetBox
from tests.web.conftest import PASSWORD, Site, Visitor

VM = "virtualization.virtualmachine"
VIEW = {model: {"view"} for model in MODELS.values() if not model.startswith("netbox_proxbox")}
WRITE = {model: {"view", "add", "change", "delete"} for model in VIEW}


def _id(site: Site, resource: str, key: str) -> str:
    found, *_ = [
        row.change_id for row in site.plan().changes if row.resource == resource and row.key.startswith(key)
    ]
    return found


def _user(site: Site, name: str, permissions: dict[str, set[str]], **more: Any) -> Visitor:
    site.netbox.add_user(name, PASSWORD, permissions, **more)
    visitor = site.visitor()
    visitor.log_in(name)
    return visitor


def _review(visitor: Visitor, *ids: str, decision: str = "approve", plan: str = "paris") -> str:
    visitor.open(f"/plans/{plan}")
    fields = {"id": list(ids), "decision": decision, "diff_id": visitor.value("diff_id")}
    return visitor.send(f"/plans/{plan}/review", **fields)


def _approvals(site: Site) -> list[tuple[str, str]]:
    sql = "select who, resource || ' ' || key from ledger.approvals order by seq"
    try:
        return ask(site.warehouse, lambda con: con.execute(sql).fetchall())
    except Exception as error:
        raise AssertionError(str(error)) from error


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """NetBox is asked for rights at each request."""
    monkeypatch.setattr(rights, "_FRESH_SECONDS", 0.0)


def test_creates(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    web1, field = _id(site, "virtual_machines", "web1"), _id(site, "custom_fields", "")

    nobody = _user(site, "nobody", {})
    assert "You may not view" in nobody.open("/plans/paris")
    assert "web1" not in nobody.text
    assert "web1" not in nobody.open("/object", name="web1").partition("No ")[2]
    nobody.open("/plans/paris/row", resource="virtual_machines", key="web1")
    assert (nobody.status, "has no row" in nobody.text) == (404, True)
    for form in ("csv", "json", "md"):
        # As a whole word: hashes may contain it.
        assert not re.search(r"\bdb1\b", nobody.open(f"/plans/paris/export.{form}"))
    assert "nobody has no right to add" in _review(nobody, web1)
    assert "Nothing is left to decide on" in nobody.text

    viewer = _user(site, "viewer", VIEW)
    assert "web1" in viewer.open("/plans/paris")
    for decision in ("approve", "reject"):
        assert f"viewer has no right to add {VM} in NetBox" in _review(viewer, web1, decision=decision)
    assert "Nothing is left to decide on" in viewer.text

    tagger = _user(site, "tagger", {**VIEW, "extras.customfield": {"view", "add"}})
    text = _review(tagger, web1, field)
    assert "Approve 1 change of paris" in text
    assert f"tagger has no right to add {VM}" in text

    limited = _user(site, "limited", WRITE, constraints={VM: {"name": "web1"}})
    assert f"the right of limited to add {VM} is limited to some objects" in _review(limited, web1)

    member = _user(site, "member", {}, groups={"operators": WRITE})
    assert "approved" in member.approve("paris", web1)
    assert ("member", "virtual_machines web1") in _approvals(site)

    # What is approved is written only by those who may write all of it.
    assert "approved changes are not for you to write" in tagger.apply("paris")
    assert list(site.netbox.store.rows(VM)) == []

    # The rows' names are not in the ledger of somebody who may not see them.
    assert "proxmox-ve" not in nobody.open("/ledger")
    assert "proxmox-ve" in site_admin(site).open("/ledger")

    # Without the right to look at permissions netbox-sync knows of nobody's.
    may = {model: {"view"} for model in (*VIEW, "users.user", "users.group")}
    token = site.netbox.add_token("blind", permissions=may)
    monkeypatch.setenv("NETBOX_TOKEN", token.partition(" ")[2])
    assert "the token of netbox-sync needs the permission to view users.objectpermission" in _review(
        member, web1
    )
    assert "Nothing is left to decide on" in member.text


def site_admin(site: Site) -> Visitor:
    anna = site.visitor()
    anna.log_in()
    return anna


def test_a_token_that_may_only_read_decides_nothing(site: Site) -> None:
    web1 = _id(site, "virtual_machines", "web1")
    site.netbox.add_user("bob", PASSWORD, WRITE)
    for user in ("anna", "bob"):
        for may_write in (False, True):
            token = site.netbox.add_token(
                f"{user}-{may_write}", user=user, v2=True, write_enabled=may_write
            ).partition(" ")[2]
            visitor = site.visitor()
            visitor.open("/login")
            assert "paris" in visitor.send("/login", token=token)
            text = _review(visitor, web1)
            refused = f"the token with which {user} logged in may only read" in text
            assert (refused, "Nothing is left" in text) == (not may_write, not may_write)
            if user == "anna" and not may_write:
                assert "only a superuser" in visitor.send("/freeze", message="no")
    assert list(site.netbox.store.rows("extras.tag")) == []


def test_whoever_is_shut_out_of_netbox_decides_nothing_here(site: Site) -> None:
    web1 = _id(site, "virtual_machines", "web1")
    visitors = [_user(site, "bob", WRITE), site_admin(site)]
    for row in site.netbox.store.rows("users.user"):
        if row["username"] in ("bob", "anna"):
            site.netbox.store.put("users.user", {**row, "is_active": False})
    for visitor in visitors:
        assert "web1" not in visitor.open("/plans/paris")
        assert "Nothing is left to decide on" in _review(visitor, web1)


def test_updates_and_deletes_of_some_objects_only(grown: Site) -> None:
    site, anna = grown, site_admin(grown)
    web1, db1 = _id(site, "virtual_machines", "web1"), _id(site, "virtual_machines", "db1")
    limits = {VM: {"name": "web1"}, "virtualization.virtualdisk": {"virtual_machine__name": "web1"}}
    bob = _user(site, "bob", WRITE, constraints=limits)
    # Rows of types that he may view only in part are not shown, but a colleague can name them to him.
    before = list(site.netbox.store.rows(VM))
    changes = site.netbox.count("PATCH", "/api/virtualization/")
    text = _review(bob, web1, db1)
    assert "bob may not change db1 in NetBox" in text
    assert "Approve 1 change of paris" in text
    assert site.netbox.count("PATCH", "/api/virtualization/") == changes + 2
    assert list(site.netbox.store.rows(VM)) == before
    bob.send("/plans/paris/decide", key=bob.value("key"))
    assert _approvals(site)[-1] == ("bob", "virtual_machines web1")

    # Looking at the plan asks NetBox about no object.
    asked = site.netbox.count("PATCH", "/api/virtualization/")
    late = _user(site, "late", WRITE, constraints=limits)
    assert "Apply what is approved (1)" in late.open("/plans/paris")
    assert site.netbox.count("PATCH", "/api/virtualization/") == asked

    viewer = _user(site, "viewer", VIEW)
    viewer.open("/ledger")
    [apply_id] = {row["apply_id"] for row in _applies(site)}
    assert "may write nothing of what this apply wrote" in viewer.send(f"/ledger/applies/{apply_id}/undo")
    netbox = NetBox(site.netbox.url, site.netbox.token)
    assert "ended" in bob.apply("paris")
    memory = {
        name: netbox.one("virtualization/virtual-machines", name=name)["memory"] for name in ("web1", "db1")
    }
    assert memory["web1"] != memory["db1"]

    # What the first apply made is deleted by the plan that reverts it.
    undo = f"undo-{apply_id}"
    anna.open("/ledger")
    anna.send(f"/ledger/applies/{apply_id}/undo")
    deletes = [
        row.change_id
        for row in load_plan(site.warehouse, undo).changes
        if (row.resource, row.action, row.key) == ("virtual_machines", "delete", "db1")
    ]
    assert len(deletes) == 1
    text = _review(bob, *deletes, plan=undo)
    assert f"the right of bob to delete {VM} is limited to some objects" in text
    assert "Approve 1 change" in _review(anna, *deletes, plan=undo)


def _applies(site: Site) -> list[dict[str, Any]]:
    sql = "select apply_id from ledger.applies"
    return [{"apply_id": found} for (found,) in ask(site.warehouse, lambda con: con.execute(sql).fetchall())]
