"""What the token sees, as far as NetBox tells.

NetBox's GraphQL hides objects that the token may not view, silently: a list is shorter, and a reference to a
hidden object is null, as if there were none. REST answers 403 for a whole type and always shows references.
So GraphQL is used for a table only where it is proven that the token sees every object the table refers to:

- the token belongs to a superuser: ``GET /api/core/background-workers/`` answers 200 to nobody else;
- or the user's permissions can be read (``users.view_objectpermission``) and there is an enabled one without
  constraints for every such type.

Otherwise the table is read by REST, and a type that may not be read shows as 403.

A permission with constraints shows a part of the objects of a type, and nothing in the lists says so. Where the
permissions can be read, such a type is known; where not, hidden objects show only by what refers to them or counts
them (see ``proofs``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from netbox_sync_dagster.http import decode
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import WHO, NetBox
from netbox_sync_dagster.sources.reading import MALFORMED

# Before, that path asked for staff status, which says nothing about permissions.
_SUPERUSER_SINCE = (4, 5)
_REFUSED = (400, 401, 403, 404, 405, 500)


@dataclass(frozen=True)
class Rights:
    """``everything``: a superuser. ``full``: models of which every object is proven to be visible. ``constrained``:
    models of which only a part is, with the names of the permissions.

    ``known``: the permissions could be read, so models that are not in ``full`` are visible only in part or not at all.
    """

    everything: bool = False
    full: frozenset[str] = frozenset()
    constrained: dict[str, str] = field(default_factory=dict)
    known: bool = False

    def sees_all(self, models: Iterable[str]) -> bool:
        """Whether every object of these models is proven to be visible."""
        return self.everything or self.full.issuperset(models)

    def hidden(self, model: str) -> str | None:
        """Why objects of a model may be out of sight, as far as the permissions say."""
        name = self.constrained.get(model)
        if name is None:
            return None
        return (
            f"the token views {model} only within the constraints of the permission {name}, so objects may be hidden; "
            "give its user a permission to view all of them"
        )


def _ask(netbox: NetBox, path: str) -> Any:
    response = netbox.http.send("GET", path, ok=(200, *_REFUSED))
    return decode(WHO, response) if response.status_code == 200 else None


def _permissions(netbox: NetBox) -> list[dict[str, Any]] | None:
    """The enabled permissions, or None where NetBox does not tell them."""
    from netbox_sync_dagster.sources.netbox.api import listed

    try:
        return listed(netbox.http, netbox.api.users.permissions, enabled="true")
    except ServerError as error:
        if error.status in _REFUSED:
            return None
        raise


def read_rights(netbox: NetBox) -> Rights:
    """Ask NetBox; whatever it does not tell, or tells in another form, counts as not proven."""
    try:
        return _read(netbox)
    except MALFORMED:
        return Rights()


def _read(netbox: NetBox) -> Rights:
    if netbox.version >= _SUPERUSER_SINCE and _ask(netbox, "/api/core/background-workers/") is not None:
        return Rights(everything=True, known=True)
    user = _ask(netbox, "/api/authentication-check/")
    permissions = _permissions(netbox)
    if not isinstance(user, dict) or permissions is None:
        return Rights()
    return rights_of(permissions, user["id"], {group["id"] for group in user.get("groups") or []})


def rights_of(permissions: list[dict[str, Any]], user: int, groups: set[int]) -> Rights:
    """What a user may view by these permissions (``/api/users/permissions/``), alone or by one of its groups."""
    mine = _of(permissions, user, groups)
    # {} and [] constrain nothing; [{}] neither, but that is not worth relying on.
    free = {
        model for item in mine if item.get("constraints") in (None, {}, []) for model in item["object_types"]
    }
    limited: dict[str, set[str]] = {}
    for item in mine:
        for model in item["object_types"]:
            if model not in free:
                limited.setdefault(model, set()).add(f"'{item.get('name')}'")
    constrained = {model: ", ".join(sorted(names)) for model, names in limited.items()}
    return Rights(full=frozenset(free), constrained=constrained, known=bool(mine))


def _of(permissions: list[dict[str, Any]], user: int, groups: set[int]) -> list[dict[str, Any]]:
    """The enabled permissions to view that this user has, alone or by a group."""
    return [
        item
        for item in permissions
        if item.get("enabled")
        and "view" in item.get("actions", [])
        and (
            any(one["id"] == user for one in item.get("users") or [])
            or any(one["id"] in groups for one in item.get("groups") or [])
        )
    ]
