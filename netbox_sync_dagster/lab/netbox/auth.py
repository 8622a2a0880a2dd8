"""API tokens and what they may do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from .schema import Row

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
    """One token of one user. ``permissions`` maps models to actions; None means everything."""

    user: Row
    secret: str
    key: str | None
    permissions: dict[str, set[str]] | None
    write_enabled: bool = True
    enabled: bool = True

    @property
    def header(self) -> str:
        """The Authorization header that presents this token."""
        return f"Bearer nbt_{self.key}.{self.secret}" if self.key else f"Token {self.secret}"

    def allows(self, label: str, action: str) -> bool:
        return self.permissions is None or action in self.permissions.get(label, set())


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
