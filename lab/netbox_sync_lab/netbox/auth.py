"""API tokens and what their users may do."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
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
CRUD = ("view", "add", "change", "delete")
ANONYMOUS = "Authentication credentials were not provided."
TOKEN_PREFIX = "nbt_"
_CHARSET = string.ascii_letters + string.digits
# Applies to every user, as NetBox's DEFAULT_PERMISSIONS do.
_DEFAULTS = {("users.token", action): [{"user": "$user"}] for action in CRUD}
_LOOKUPS = ("in", "startswith", "istartswith", "icontains", "isnull")


class Denied(Exception):
    """A request refused for who sent it (403); the text is NetBox's ``detail``."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user may do.

    ``grants`` maps (model, action) to constraints, one of which has to fit; an empty one fits every object.
    None: everything.
    """

    user: int
    grants: Mapping[tuple[str, str], list[Any]] | None

    @property
    def everything(self) -> bool:
        return self.grants is None

    def allows(self, label: str, action: str) -> bool:
        """Whether the user may do this with some objects of the model."""
        return self.grants is None or (label, action) in self.grants

    def limits(self, label: str, action: str) -> list[dict[str, Any]]:
        """The constraints, one of which an object has to fit; none: every object fits."""
        found = self.grants.get((label, action), []) if self.grants is not None else []
        return found if all(found) else []

    def covers(self, store: Store, label: str, row: Row, action: str = "view") -> bool:
        """Whether the user may do this with the object."""
        if not self.allows(label, action):
            return False
        limits = self.limits(label, action)
        return not limits or any(
            all(_fits(store, label, row, path, self._meant(value)) for path, value in one.items())
            for one in limits
        )

    def _meant(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._meant(v) for v in value]
        return self.user if value == "$user" else value


@dataclass(frozen=True, slots=True)
class Token:
    """The token of one request: its row, its user's row, and what that user may do."""

    row: Row
    user: Row
    rights: Rights

    @property
    def write_enabled(self) -> bool:
        return bool(self.row["write_enabled"])

    def allows(self, label: str, action: str) -> bool:
        return self.rights.allows(label, action)

    def sees(self, store: Store, label: str, row: Row, action: str = "view") -> bool:
        """Whether the object fits the constraints of the permission for this action."""
        return self.rights.covers(store, label, row, action)

    def limited(self, label: str, action: str = "view") -> bool:
        return bool(self.rights.limits(label, action))


def _fits(store: Store, label: str, row: Row, path: str, wanted: Any) -> bool:
    """Whether one condition of a permission's constraints holds: ``name``, ``site__slug``, ``name__startswith``."""
    value: Any = row["id"] if path == "pk" else row
    for part in path.split("__") if path != "pk" else ():
        if part in _LOOKUPS:
            test = {
                "in": lambda v: v in wanted,
                "startswith": lambda v: str(v or "").startswith(wanted),
                "istartswith": lambda v: str(v or "").casefold().startswith(str(wanted).casefold()),
                "icontains": lambda v: str(wanted).casefold() in str(v or "").casefold(),
                "isnull": lambda v: (v is None) == wanted,
            }[part]
            return bool(test(value["id"] if isinstance(value, dict) else value))
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


def rights_of(store: Store, user: Row) -> Rights:
    """What the user's own permissions and those of the user's groups allow."""
    if user["is_superuser"]:
        return Rights(user["id"], None)
    mine = [
        row
        for row in store.rows("users.objectpermission")
        if row["enabled"]
        and row.get("of_token") is None
        and (user["id"] in row["users"] or set(user["groups"]) & set(row["groups"]))
    ]
    return Rights(user["id"], _grants(mine))


def rights_of_token(store: Store, row: Row, user: Row) -> Rights:
    """What a token allows: as much as its user may do, or only what permissions of this token alone allow."""
    if row.get("everything"):
        return Rights(user["id"], None)
    if row.get("restricted"):
        own = [p for p in store.rows("users.objectpermission") if p.get("of_token") == row["id"]]
        return Rights(user["id"], _grants(p for p in own if p["enabled"]))
    return rights_of(store, user)


def _grants(permissions: Iterable[Row]) -> dict[tuple[str, str], list[Any]]:
    grants: dict[tuple[str, str], list[Any]] = {key: list(value) for key, value in _DEFAULTS.items()}
    for row in permissions:
        constraints = row["constraints"]
        for label in row["object_types"]:
            for action in row["actions"]:
                found = grants.setdefault((label, action), [])
                found.extend(constraints if isinstance(constraints, list) else [constraints])
    return grants


# Passwords and secrets


def hashed(password: str, salt: str | None = None) -> str:
    salt = salt or secrets.token_hex(8)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 100).hex()
    return f"pbkdf2_sha256$100${salt}${digest}"


def password_fits(user: Row, password: str) -> bool:
    parts = user["password"].split("$")
    return len(parts) == 4 and secrets.compare_digest(user["password"], hashed(password, parts[2]))


def generate(length: int = 40) -> str:
    return "".join(secrets.choice(_CHARSET) for _ in range(length))


def header_of(row: Row) -> str:
    """The Authorization header that presents this token."""
    return f"Bearer {TOKEN_PREFIX}{row['key']}.{row['secret']}" if row["key"] else f"Token {row['secret']}"


def authenticate(store: Store, header: str | None, v2: bool, client_ip: str) -> Token:
    """The token behind an Authorization header. Raises Denied."""
    row = _find(store, header, v2)
    networks = [ip_network(n, strict=False) for n in row["allowed_ips"] or ()]
    if networks and not any(ip_address(client_ip) in network for network in networks):
        raise Denied(f"Source IP {client_ip} is not permitted to authenticate using this token.")
    if not row["enabled"]:
        raise Denied("Token disabled")
    now = datetime.now(UTC)
    if row["expires"] is not None and row["expires"] <= now:
        raise Denied("Token expired")
    if row["last_used"] is None or now - row["last_used"] > timedelta(minutes=1):
        row = {**row, "last_used": now}
        store.put("users.token", row)
    user = store.ref("users.user", row["user"])
    if not user["is_active"]:
        raise Denied("User inactive")
    return Token(row, user, rights_of_token(store, row, user))


def _find(store: Store, header: str | None, v2: bool) -> Row:
    parts = (header or "").split()
    if not parts or parts[0].lower() not in ("token", "bearer") or (parts[0].lower() == "bearer" and not v2):
        raise Denied(ANONYMOUS)
    if len(parts) != 2:
        raise Denied(
            'Invalid authorization header: Must be in the form "Bearer <key>.<token>" or "Token <token>"'
        )
    value = parts[1]
    if v2 and value.startswith(TOKEN_PREFIX):
        key, dot, plain = value.removeprefix(TOKEN_PREFIX).partition(".")
        if not dot:
            raise Denied(
                "Invalid authorization header: Could not parse key from v2 token. Did you mean to use 'Token' "
                "instead of 'Bearer'?"
            )
        wrong = "Invalid v2 token"
    else:
        key, plain = "", value
        wrong = "Invalid v1 token" if v2 else "Invalid token"
    for row in store.rows("users.token"):
        if (row["key"] or "") == key and secrets.compare_digest(row["secret"].encode(), plain.encode()):
            return row
    raise Denied(wrong)
