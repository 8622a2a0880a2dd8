"""What NetBox would let a person do: nobody approves here what NetBox would not let him write.

Asked of NetBox, and kept for a minute:

- ``GET /api/core/background-workers/`` answers 200 to superusers only (NetBox 4.5+);
- ``GET /api/users/permissions/`` with netbox-sync's own token (``users.view_objectpermission``) shows the permissions of
  the person and of his groups, with their constraints;
- ``GET /api/authentication-check/`` says whether the person's token is still good (NetBox 4.5+);
- a ``POST`` that is not JSON, with a token that a person brought: 400 where it may write, 403 where it may only read;
- ``PATCH`` of an object with nothing in it and an ``If-Match`` that no object has, with the person's token: 404 or 403 where
  the person may not change just this object, else 412, and nothing is written (NetBox 4.6+). ``OPTIONS`` does not look at
  constraints.

What none of them proves is refused, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from netbox_sync_dagster.apply.changelog import MODELS
from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.http import JsonClient, decode
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import WHO
from netbox_sync_dagster.web.login import client_of
from netbox_sync_dagster.web.sessions import WebSession

_FRESH_SECONDS = 60.0
_PAGE = 1000
# Objects that are asked for one by one in one decision.
_MOST_SINGLE = 500
# The actions of changes, as NetBox calls them.
ACTIONS = {"create": "add", "update": "change", "delete": "delete"}
# Before, NetBox does not look at If-Match, and the question would be a write.
_IF_MATCH_SINCE = (4, 6)
_NO = (400, 401, 403, 404, 405)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Grants:
    """``everything``: a superuser. ``free``: (model, action) without constraints, ``limited``: only with them.

    ``known``: the permissions could be read. ``read_only``: the person's token may not write at all. Actions are NetBox's:
    view, add, change, delete.
    """

    everything: bool = False
    known: bool = False
    free: frozenset[tuple[str, str]] = frozenset()
    limited: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    read_only: bool = False


class Rights:
    """The rights of one person. Methods raise ServerError where NetBox cannot be asked."""

    def __init__(self, target: NetBoxTarget, session: WebSession) -> None:
        self._target = target
        self._session = session

    def visible_types(self, object_types: Iterable[str]) -> set[str]:
        """Those of the object types (``dcim/interfaces``) that the person may view without constraints."""
        grants = self.grants()
        return {
            kind
            for kind in object_types
            if grants.everything
            or (MODELS.get(kind, kind), "view") in grants.free
            or (not grants.known and self._may_list(kind))
        }

    def refusals(self, rows: Iterable[DiffRow]) -> dict[str, str]:
        """By change id, why NetBox would not let the person write a change; nothing for those that it would."""
        grants = self.grants()
        if grants.read_only:
            why = f"the token with which {self._session.user} logged in may only read"
            return {row.change_id: why for row in rows}
        refused: dict[str, str] = {}
        single: list[DiffRow] = []
        for row in () if grants.everything else rows:
            model, action = MODELS.get(row.object_type, row.object_type), ACTIONS[row.action]
            if (model, action) in grants.free:
                continue
            if grants.known and (model, action) not in grants.limited:
                refused[row.change_id] = f"{self._session.user} has no right to {action} {model} in NetBox"
            elif row.action == "update" and row.netbox_id is not None and self._session.token:
                single.append(row)
            elif grants.known:
                refused[row.change_id] = (
                    f"the right of {self._session.user} to {action} {model} is limited to some objects, and NetBox does not "
                    "show whether this is one of them"
                )
            else:
                refused[row.change_id] = (
                    f"NetBox does not show whether {self._session.user} may {action} {model}: the token of netbox-sync needs the "
                    "permission to view users.objectpermission"
                )
        return refused | self._may_not_change(single)

    def may_write(self, object_type: str, action: str) -> bool:
        """Whether the person may write some changes of this action; of which objects, ``refusals`` says."""
        grants = self.grants()
        needed = MODELS.get(object_type, object_type), ACTIONS[action]
        if grants.read_only or grants.everything:
            return self.is_superuser
        # NetBox is asked about single objects that exist.
        single = action == "update" and bool(self._session.token)
        return needed in grants.free or (single and (not grants.known or needed in grants.limited))

    def grants(self) -> Grants:
        """The permissions of the person."""
        return self._kept("grants", self._read_grants)

    @property
    def is_superuser(self) -> bool:
        """Whether the person may write everything."""
        grants = self.grants()
        return grants.everything and not grants.read_only

    def groups(self) -> frozenset[str]:
        """The names of the person's groups; none where NetBox does not show them to netbox-sync's token."""
        return self._kept("groups", self._read_groups)

    def _read_groups(self) -> frozenset[str]:
        with client_of(self._target, self._target.token()) as netbox:
            person = _person(netbox, self._session.user)
        if person is None or not person.get("is_active", True):
            return frozenset()
        found = cast("list[dict[str, str]]", person.get("groups") or [])
        return frozenset(str(group.get("name") or "") for group in found) - {""}

    def may_write_some(self, object_types: Iterable[str]) -> bool:
        """Whether the person may write objects of at least one of these types."""
        grants = self.grants()
        models = {MODELS.get(kind, kind) for kind in object_types}
        return not grants.read_only and (
            grants.everything
            or any(model in models and action != "view" for model, action in grants.free | grants.limited)
        )

    def _read_grants(self) -> Grants:
        if not self._session.token:
            return self._read_permissions()
        with client_of(self._target, self._session.token) as netbox:
            person = netbox.send("GET", "/api/authentication-check/", ok=(200, *_NO), attempts=1)
            if person.status_code in (401, 403):
                # The token was deleted, or the user may no longer log in.
                return Grants(known=True)
            superuser = netbox.send("GET", "/api/core/background-workers/", ok=(200, *_NO), attempts=1)
            is_superuser = superuser.status_code == 200 and _version(netbox) >= (4, 5)
            found = Grants(everything=True, known=True) if is_superuser else self._read_permissions()
            if self._session.login_by == "token" and found.known:
                found = replace(found, read_only=not _may_write(netbox, found))
        return found

    def _read_permissions(self) -> Grants:
        groups: set[int] = set()
        user_id = self._session.user_id
        with client_of(self._target, self._target.token()) as netbox:
            person = _person(netbox, self._session.user)
            permissions = _listed(netbox, "/api/users/permissions/?enabled=true")
        if person is not None:
            if not person.get("is_active", True):
                return Grants(known=True)
            user_id = int(cast("int", person["id"]))
            groups = {int(group["id"]) for group in cast("list[dict[str, int]]", person.get("groups") or [])}
        if permissions is None or user_id is None:
            return Grants()
        free: set[tuple[str, str]] = set()
        limited: set[tuple[str, str]] = set()
        for item in permissions:
            if not item.get("enabled") or not _is_of(item, user_id, groups):
                continue
            rights = limited if item.get("constraints") not in (None, {}, []) else free
            models, actions = cast("list[str]", item["object_types"]), cast("list[str]", item["actions"])
            rights |= {(model, action) for model in models for action in actions}
        return Grants(known=True, free=frozenset(free), limited=frozenset(limited - free))

    def _may_list(self, object_type: str) -> bool:
        def ask() -> bool:
            with client_of(self._target, self._session.token) as netbox:
                path = f"/api/{object_type}/?limit=1&brief=1"
                return netbox.send("GET", path, ok=(200, *_NO), attempts=1).status_code == 200

        return bool(self._session.token) and self._kept(("list", object_type), ask)

    def _may_not_change(self, rows: list[DiffRow]) -> dict[str, str]:
        """The updates of objects that the person may not change, each asked of NetBox."""
        if not rows:
            return {}
        if len(rows) > _MOST_SINGLE:
            why = (
                f"the rights of {self._session.user} are limited to some objects, and NetBox shows them one by one: decide on at "
                f"most {_MOST_SINGLE} updates at a time"
            )
            return {row.change_id: why for row in rows}
        with client_of(self._target, self._session.token) as netbox, ThreadPoolExecutor(4) as pool:
            if _version(netbox) < _IF_MATCH_SINCE:
                why = f"the rights of {self._session.user} are limited to some objects, and NetBox before 4.6 does not show which"
                return {row.change_id: why for row in rows}

            def asked(row: DiffRow) -> bool:
                return self._kept((row.object_type, row.netbox_id), lambda: _may_change(netbox, row))

            may = list(pool.map(asked, rows))
        return {
            row.change_id: f"{self._session.user} may not change {row.key} in NetBox"
            for row, allowed in zip(rows, may, strict=True)
            if not allowed
        }

    def _kept(self, key: object, ask: Callable[[], _T]) -> _T:
        known = self._session.known.get(key)
        if known is not None and time.monotonic() - known[0] < _FRESH_SECONDS:
            return cast("_T", known[1])
        answer = ask()
        self._session.known[key] = time.monotonic(), answer
        return answer


def _may_write(netbox: JsonClient, grants: Grants) -> bool:
    """Whether the token may write anything, asked where its user may add or change."""
    allowed = grants.free | grants.limited
    for path, model in MODELS.items():
        for action, method in (("add", "POST"), ("change", "PATCH")):
            if grants.everything or (model, action) in allowed:
                # NetBox looks at the token first, then at the body, in which there is nothing to write.
                response = netbox.send(
                    *(method, f"/api/{path}/"),
                    ok=(400, 401, 403),
                    attempts=1,
                    content=b"{",
                    headers={"Content-Type": "application/json"},
                )
                return response.status_code == 400
    return False


def _may_change(netbox: JsonClient, row: DiffRow) -> bool:
    path = f"/api/{row.object_type}/{row.netbox_id}/"
    response = netbox.send(
        "PATCH", path, ok=(412, *_NO), attempts=1, json={}, headers={"If-Match": '"netbox-sync asks"'}
    )
    return response.status_code == 412


def _version(netbox: JsonClient) -> tuple[int, int]:
    text = str(netbox.get("/api/status/")["netbox-version"])
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def _person(netbox: JsonClient, name: str) -> dict[str, object] | None:
    response = netbox.send("GET", "/api/users/users/", ok=(200, *_NO), attempts=1, params={"username": name})
    if response.status_code != 200:
        return None
    found = [row for row in decode(WHO, response)["results"] if row.get("username") == name]
    return found[0] if len(found) == 1 else None


def _listed(netbox: JsonClient, path: str) -> list[dict[str, object]] | None:
    """All rows of a list; None where the token may not read it."""
    rows: list[dict[str, object]] = []
    while True:
        response = netbox.send("GET", f"{path}&limit={_PAGE}&offset={len(rows)}", ok=(200, *_NO), attempts=1)
        if response.status_code != 200:
            return None
        answer = decode(WHO, response)
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise ServerError(WHO, f"GET {path} answered without a list")
        rows += found
        if not found or len(rows) >= int(answer.get("count", 0)):
            return rows


def _is_of(item: dict[str, object], user: int, groups: set[int]) -> bool:
    users = cast("list[dict[str, int]]", item.get("users") or [])
    through = cast("list[dict[str, int]]", item.get("groups") or [])
    return any(one["id"] == user for one in users) or any(one["id"] in groups for one in through)
