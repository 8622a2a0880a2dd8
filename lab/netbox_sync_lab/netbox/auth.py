"""API tokens and what they may do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from .schema import Row
from .store import Store

ACTIONS = {
    "GET": "view",
    "HEAD": "view",
    "POST": "add",
    "PUT": "change",
    "PATCH": "change",
    "DELETE": "delete",
}


class Denied(Exception):
    """A request refused for who sent it (403); the text is NetBox's ``detail``."""


@dataclass(slots=True)
class Token:
    """One token of one user. ``permissions`` maps models to actions; None means everything.

    ``constraints`` maps models to what their objects have to be like to be seen: ``{"site__slug": "paris"}``, or a
    list of such, one of which has to fit.
    """

    user: Row
    secret: str
    key: str | None
    permissions: dict[str, set[str]] | None
    write_enabled: bool = True
    enabled: bool = True
    constraints: dict[str, Any] = field(default_factory=dict)

    @property
    def header(self) -> str:
        """The Authorization header that presents this token."""
        return f"Bearer nbt_{self.key}.{self.secret}" if self.key else f"Token {self.secret}"

    def allows(self, label: str, action: str) -> bool:
        return self.permissions is None or action in self.permissions.get(label, set())

    def sees(self, store: Store, label: str, row: Row) -> bool:
        """Whether the object fits the constraints of the token's permission."""
        limits = self.constraints.get(label)
        if not limits:
            return True
        either = limits if isinstance(limits, list) else [limits]
        return any(
            all(_fits(store, label, row, path, value) for path, value in one.items()) for one in either
        )


def _fits(store: Store, label: str, row: Row, path: str, wanted: Any) -> bool:
    """Whether one condition of a permission's constraints holds: ``name``, ``site__slug``, ``name__startswith``."""
    value: Any = row["id"] if path == "pk" else row
    for part in path.split("__") if path != "pk" else ():
        if part in ("in", "startswith", "icontains", "isnull"):
            test = {
                "in": lambda v: v in wanted,
                "startswith": lambda v: str(v or "").startswith(wanted),
                "icontains": lambda v: str(wanted).casefold() in str(v or "").casefold(),
                "isnull": lambda v: (v is None) == wanted,
            }[part]
            return bool(test(value))
        column = store.models[label].by_name[part]
        value = value[part]
        if column.kind == "fk" and value is not None:
            label = column.model
            value = store.get(label, value)
        if value is None:
            break
    if isinstance(value, dict) and not isinstance(wanted, dict):
        value = value["id"]
    return bool(value == wanted)


def new_key() -> str:
    return secrets.token_hex(6)


def authenticate(tokens: list[Token], header: str | None, v2: bool) -> Token:
    """The token behind an Authorization header. Raises Denied."""
    parts = (header or "").split()
    if not parts or parts[0].lower() not in ("token", "bearer") or (parts[0].lower() == "bearer" and not v2):
        raise Denied("Authentication credentials were not provided.")
    if len(parts) != 2:
        raise Denied(
            'Invalid authorization header: Must be in the form "Bearer <key>.<token>" or "Token <token>"'
        )
    value = parts[1]
    if v2 and value.startswith("nbt_"):
        key, dot, plain = value[4:].partition(".")
        if not dot:
            raise Denied(
                "Invalid authorization header: Could not parse key from v2 token. Did you mean to use 'Token' "
                "instead of 'Bearer'?"
            )
        found = [t for t in tokens if t.key == key and secrets.compare_digest(t.secret, plain)]
        wrong = "Invalid v2 token"
    else:
        found = [t for t in tokens if t.key is None and secrets.compare_digest(t.secret, value)]
        wrong = "Invalid v1 token" if v2 else "Invalid token"
    if not found:
        raise Denied(wrong)
    if not found[0].enabled:
        raise Denied("Token disabled")
    return found[0]
