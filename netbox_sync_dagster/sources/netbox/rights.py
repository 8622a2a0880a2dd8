"""What the token sees, as far as NetBox tells.

NetBox's GraphQL hides objects that the token may not view, silently: a list is shorter, and a reference to a
hidden object is null, as if there were none. REST answers 403 for a whole type and always shows references.
So GraphQL is used for a table only where it is proven that the token sees every object the table refers to:

- the token belongs to a superuser: ``GET /api/core/background-workers/`` answers 200 to nobody else;
- or the user's permissions can be read (``users.view_objectpermission``) and there is an enabled one without
  constraints for every such type.

Otherwise the table is read by REST, and a type that may not be read shows as 403. What cannot be told apart:
a permission with constraints shows a part of the objects of a type, and nothing in NetBox's answers says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.sources.http import decode
from netbox_sync_dagster.sources.netbox.client import WHO, NetBox

# Before, that path asked for staff status, which says nothing about permissions.
_SUPERUSER_SINCE = (4, 5)
_ANSWERED = (200, 400, 401, 403, 404, 405, 500)


@dataclass(frozen=True)
class Rights:
    """``everything``: a superuser. ``full``: models of which every object is proven to be visible.

    ``known``: NetBox has told the permissions, so what is not in ``full`` is visible in part, or not at all.
    """

    everything: bool = False
    full: frozenset[str] = frozenset()
    known: bool = False

    def sees_all(self, models: Iterable[str]) -> bool:
        """Whether every object of these models is proven to be visible."""
        return self.everything or self.full.issuperset(models)


def _ask(netbox: NetBox, path: str, params: dict[str, Any] | None = None) -> Any:
    response = netbox.http.send("GET", path, params=params, ok=_ANSWERED)
    return decode(WHO, response) if response.status_code == 200 else None


def read_rights(netbox: NetBox) -> Rights:
    """Ask NetBox; whatever it does not tell counts as not proven."""
    if netbox.version < _SUPERUSER_SINCE:
        return Rights()
    if _ask(netbox, "/api/core/background-workers/") is not None:
        return Rights(everything=True, known=True)
    user = _ask(netbox, "/api/authentication-check/")
    listed = _ask(netbox, "/api/users/permissions/", {"enabled": "true", "limit": 1000})
    if not isinstance(user, dict) or not isinstance(listed, dict):
        return Rights()
    groups = {group["id"] for group in user.get("groups", [])}
    full = _unconstrained(listed.get("results", []), user["id"], groups)
    return Rights(full=frozenset(full), known=True)


def _unconstrained(permissions: list[dict[str, Any]], user: int, groups: set[int]) -> set[str]:
    found: set[str] = set()
    for permission in permissions:
        mine = any(item["id"] == user for item in permission.get("users", [])) or any(
            item["id"] in groups for item in permission.get("groups", [])
        )
        # {} and [] constrain nothing; [{}] neither, but that is not worth relying on.
        free = permission.get("constraints") in (None, {}, [])
        if mine and free and permission.get("enabled") and "view" in permission.get("actions", []):
            found.update(permission.get("object_types", []))
    return found
