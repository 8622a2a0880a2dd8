"""Users, their groups, their permissions and their API tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .auth import generate, hashed
from .schema import (
    DESCRIPTION,
    HEAD,
    Field,
    Model,
    Row,
    Unique,
    ValidationFailed,
    boolean,
    char,
    constant,
    count,
    fail,
    fk,
    m2m,
    read_only,
)
from .session import Session
from .store import Store
from .wire import Refusal

V2_SINCE = (4, 5)
SHORTEST_PASSWORD = 12
_NEVER_TO_RETRIEVE = (4, 3)


def _user_display(store: Store, row: Row) -> str:
    name = f"{row['first_name']} {row['last_name']}".strip()
    return f"{row['username']} ({name})" if name else str(row["username"])


def _clean_user(session: Session, row: Row, old: Row | None) -> None:
    same = row["username"].casefold()
    for other in session.store.rows("users.user"):
        if other["id"] != row["id"] and other["username"].casefold() == same:
            raise fail("__all__", "A user with this username already exists.")


def _check_password(session: Session, data: Row, old: Row | None) -> None:
    """NetBox's default AUTH_PASSWORD_VALIDATORS."""
    password = data.get("password")
    if not password:
        return
    errors = []
    if len(password) < SHORTEST_PASSWORD:
        errors.append(f"This password is too short. It must contain at least {SHORTEST_PASSWORD} characters.")
    for test, what in (
        (str.isdigit, "numeral"),
        (str.isupper, "uppercase letter"),
        (str.islower, "lowercase letter"),
    ):
        if not any(test(letter) for letter in password):
            errors.append(f"Password must have at least one {what}.")
            break
    if errors:
        raise ValidationFailed({"non_field_errors": errors})


def _hash_password(session: Session, row: Row, old: Row | None) -> None:
    if old is None or row["password"] != old["password"]:
        row["password"] = hashed(row["password"])
    row.setdefault("is_superuser", False)


# A permission lists its users and groups, and both list their permissions: two sides of one relation.


def _assign(session: Session, label: str, column: str, other: str, pk: int, chosen: list[int]) -> None:
    """Make ``column`` of all rows of ``label`` name ``pk`` exactly where ``chosen`` says so."""
    for row in list(session.store.rows(label)):
        if (pk in row[column]) != (row["id"] in chosen):
            rest = [v for v in row[column] if v != pk]
            session.update(label, row["id"], **{column: rest if pk in row[column] else [*rest, pk]})


def _after_user(session: Session, row: Row, old: Row | None) -> None:
    _assign(session, "users.objectpermission", "users", "permissions", row["id"], row["permissions"])


def _after_group(session: Session, row: Row, old: Row | None) -> None:
    _assign(session, "users.objectpermission", "groups", "permissions", row["id"], row["permissions"])


def after_permission(session: Session, row: Row, old: Row | None) -> None:
    """Keep what users and groups list in step with the permission."""
    _assign(session, "users.user", "permissions", "users", row["id"], row["users"])
    _assign(session, "users.group", "permissions", "groups", row["id"], row["groups"])


USER = Model(
    label="users.user",
    path="users/users",
    verbose="user",
    plural="users",
    fields=(
        *HEAD,
        char("username", 150, required=True, unique=True),
        char("password", 128, required=True, write_only=True),
        char("first_name", 150),
        char("last_name", 150),
        char("email", 254),
        boolean("is_staff", until=V2_SINCE),
        boolean("is_active", True),
        read_only("date_joined", lambda store, row: row["created"]),
        read_only("last_login", lambda store, row: None),
        m2m("groups", "users.group"),
        m2m("permissions", "users.objectpermission"),
    ),
    hidden=(boolean("is_superuser"),),
    brief=("id", "url", "display", "username"),
    nested_fields=("id", "url", "display_url", "display", "username"),
    ordering=("username",),
    unique=(Unique(("username",), field_level=True, message="A user with that username already exists."),),
    display=_user_display,
    search=("username", "first_name", "last_name", "email"),
    validate=_check_password,
    clean=_clean_user,
    before_save=_hash_password,
    after_save=_after_user,
    change_logged=False,
)

GROUP = Model(
    label="users.group",
    path="users/groups",
    verbose="group",
    plural="groups",
    fields=(
        *HEAD,
        char("name", 150, required=True, unique=True),
        DESCRIPTION,
        m2m("permissions", "users.objectpermission"),
        count("user_count", "users.user", "groups"),
    ),
    brief=("id", "url", "display", "name", "description"),
    nested_fields=("id", "url", "display_url", "display", "name"),
    ordering=("name",),
    unique=(Unique(("name",), field_level=True),),
    after_save=_after_group,
    change_logged=False,
    in_graphql=False,
)

PERMISSION = Model(
    label="users.objectpermission",
    path="users/permissions",
    verbose="permission",
    plural="permissions",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        DESCRIPTION,
        boolean("enabled", True),
        Field("object_types", "content_types", required=True),
        Field("actions", "strings", required=True, max_length=30, default=[]),
        Field("constraints", "json", null=True),
        m2m("groups", "users.group", nested="nested"),
        m2m("users", "users.user", nested="nested"),
    ),
    brief=("id", "url", "display", "name", "description", "enabled", "object_types", "actions"),
    ordering=("name",),
    after_save=after_permission,
    change_logged=False,
    in_graphql=False,
)


# Tokens


def _token_display(store: Store, row: Row) -> str:
    return str(row["key"] or "*" * 34 + row["secret"][-6:])


def _check_token(session: Session, data: Row, old: Row | None) -> None:
    """What the serializer of tokens checks, before the model's own rules."""
    check_version(data)
    if old is not None:
        # Of an existing token the user cannot be changed, and the rest of what identifies it neither.
        for name in ("user", "version", "key", "token"):
            data.pop(name, None)
    elif data["user"] != session.user["id"] and not session.may("users.token", "grant"):
        text = "This user does not have permission to create tokens for other users."
        raise Refusal(403, {"detail": text})


def check_version(data: Row) -> None:
    """Raises ValidationFailed for a version that no token has."""
    if "version" in data and data["version"] not in (1, 2, "1", "2"):
        raise ValidationFailed({"version": [f'"{data["version"]}" is not a valid choice.']})


def _clean_token(session: Session, row: Row, old: Row | None) -> None:
    now = datetime.now(UTC)
    if old is None and row["expires"] is not None and row["expires"] <= now:
        text = f"Expiration time must be in the future. Current server time is {now:%Y-%m-%d %H:%M:%S} (UTC)."
        raise fail("expires", text)


def issue(session: Session, row: Row, old: Row | None) -> None:
    """Give a new token its key and its plaintext, which only the answer to this request shows."""
    if old is not None:
        return
    version = int(row["version"]) if session.v2_tokens else 1
    given = row["token"] or (None if session.v2_tokens else row["key"])
    row |= {
        "version": version,
        "secret": given or generate(),
        "key": generate(12) if version == 2 else None,
        "pepper_id": 1 if version == 2 else None,
        "token": None,
        "last_used": None,
    }
    session.plaintext = row["secret"]


def _secret(store: Store, row: Row) -> Any:
    return row["secret"]


TOKEN = Model(
    label="users.token",
    path="users/tokens",
    verbose="token",
    plural="tokens",
    fields=(
        *HEAD,
        Field("version", "json", default=2, since=V2_SINCE),
        read_only("key", since=V2_SINCE),
        fk("user", "users.user", required=True, on_delete="cascade"),
        char("description", 200, since=V2_SINCE),
        Field("created", "datetime"),
        Field("expires", "timestamp", null=True),
        Field("last_used", "datetime"),
        # Before 4.3 lists showed the key; until 4.5 only the answer to its creation does.
        read_only("key", _secret, until=_NEVER_TO_RETRIEVE),
        char("key", 40, null=True, write_only=True, since=_NEVER_TO_RETRIEVE, until=V2_SINCE),
        boolean("enabled", True, since=V2_SINCE),
        boolean("write_enabled", True),
        char("description", 200, until=V2_SINCE),
        read_only("pepper_id", since=V2_SINCE),
        Field("allowed_ips", "networks", default=[]),
        char("token", 40, null=True, since=V2_SINCE, until=(4, 7)),
        constant("token", None, since=(4, 7)),
    ),
    hidden=(char("token", 40, null=True),),
    brief=("id", "url", "display", "version", "key", "enabled", "write_enabled", "description"),
    ordering=("-created",),
    display=_token_display,
    search=("description",),
    validate=_check_token,
    clean=_clean_token,
    before_save=issue,
    change_logged=False,
    in_graphql=False,
)

MODELS: tuple[Model, ...] = (USER, GROUP, PERMISSION, TOKEN)
