"""Users as tests set them up, and the endpoint where a user gets a token for a password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import models_users
from .auth import ANONYMOUS, CRUD, Denied, Token, password_fits
from .models_users import TOKEN, check_version, issue
from .parse import read
from .render import Renderer
from .schema import Row, ValidationFailed, char
from .session import Session
from .store import Store
from .wire import Answer, Refusal, Request, body_of

Permissions = Mapping[str, Iterable[str]]
"""Model (``dcim.interface``) to actions (``view``, ``add``, ``change``, ``delete`` or others)."""

PROVISION = ["users", "tokens", "provision"]
_CREDENTIALS = (
    char("username", required=True, write_only=True),
    char("password", required=True, write_only=True),
)


class Users:
    """Makes users, groups, permissions and tokens without asking who may."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def named(self, name: str) -> Row | None:
        return next((row for row in self.store.rows("users.user") if row["username"] == name), None)

    def add(self, name: str, **columns: Any) -> Row:
        """A user; without a password nobody can log in as one."""
        return self._put(
            "users.user",
            {
                "username": name,
                "password": "!",
                "first_name": "",
                "last_name": "",
                "email": "",
                "is_staff": False,
                "is_active": True,
                "is_superuser": False,
                "groups": [],
                "permissions": [],
                **columns,
            },
        )

    def group(self, name: str) -> Row:
        """The group of this name, made where there is none."""
        for row in self.store.rows("users.group"):
            if row["name"] == name:
                return row
        return self._put("users.group", {"name": name, "description": "", "permissions": []})

    def permit(
        self,
        owner: str,
        permissions: Permissions,
        constraints: Mapping[str, Any],
        *,
        user: Row | None = None,
        group: Row | None = None,
        token: Row | None = None,
    ) -> None:
        """One permission per model, as an administrator would have set them up, called ``<owner> <model>``.

        ``token``: the permission counts for this token only, which NetBox does not have.
        """
        for label, actions in permissions.items():
            row = self._put(
                "users.objectpermission",
                {
                    "name": f"{owner} {label}",
                    "description": "",
                    "enabled": True,
                    "object_types": [label],
                    "actions": sorted(actions, key=lambda a: (*CRUD, a).index(a)),
                    "constraints": constraints.get(label),
                    "groups": [] if group is None else [group["id"]],
                    "users": [] if user is None else [user["id"]],
                    "of_token": None if token is None else token["id"],
                },
            )
            # Which version it is makes no difference to what is kept in step.
            models_users.after_permission(Session(self.store, {}, "", version=(4, 6)), row, None)

    def token(self, user: Row, secret: str, key: str | None, **columns: Any) -> Row:
        return self._put(
            "users.token",
            {
                "version": 1 if key is None else 2,
                "key": key,
                "secret": secret,
                "token": None,
                "user": user["id"],
                "description": "",
                "expires": None,
                "last_used": None,
                "enabled": True,
                "write_enabled": True,
                "pepper_id": None if key is None else 1,
                "allowed_ips": [],
                **columns,
            },
        )

    def _put(self, label: str, row: Row) -> Row:
        stamp = self.store.tick()
        made = {
            "id": self.store.new_id(label),
            "tags": [],
            "custom_field_data": {},
            "created": stamp,
            "last_updated": stamp,
            **row,
        }
        self.store.put(label, made)
        return made


def provision(
    store: Store, version: tuple[int, int], request: Request, sign_in: Callable[[], Token], *, peppers: bool
) -> Answer:
    """``POST /api/users/tokens/provision/``: a token for a name and a password, without any other proof."""
    try:
        sign_in()
    except Denied as denied:
        if str(denied) != ANONYMOUS:
            return Answer(403, {"detail": str(denied)})
    allow = {"Allow": "POST, OPTIONS"}
    if request.method != "POST":
        if request.method == "OPTIONS":
            return Answer(200, {"name": "Token Provision", "description": ""}, allow)
        return Answer(405, {"detail": f'Method "{request.method}" not allowed.'}, allow)
    store.begin()
    try:
        return Answer(201, _provision(store, version, request, peppers=peppers), allow)
    except ValidationFailed as failed:
        return Answer(400, failed.detail, allow)
    except Refusal as refusal:
        return refusal.answer


def _provision(store: Store, version: tuple[int, int], request: Request, *, peppers: bool) -> Row:
    renderer = Renderer(store, request.base, version)
    session = Session(store, {}, "", version=version)
    fields = (*(f for f in renderer.fields(TOKEN) if f.name not in ("user", "key")), *_CREDENTIALS)
    data = read(session, TOKEN, fields, body_of(request), None, False)
    check_version(data)
    user = Users(store).named(data.pop("username"))
    password = data.pop("password")
    if user is None or not user["is_active"] or not password_fits(user, password):
        raise Refusal(403, {"detail": "Invalid username/password"})
    row = {
        "version": 2,
        "key": None,
        "token": None,
        "description": "",
        "expires": None,
        "enabled": True,
        "write_enabled": True,
        "allowed_ips": [],
        **data,
    }
    if session.v2_tokens and int(row["version"]) == 2 and not peppers:
        error = {"error": "API_TOKEN_PEPPERS is not defined", "exception": "ValueError"}
        raise Refusal(500, error)
    issue(session, row, None)
    made = Users(store).token(user, row.pop("secret"), row.pop("key"), **row)
    out = renderer.full(TOKEN, made)
    if not session.v2_tokens:
        # Of these versions the answer names the key where lists do not.
        shown = list(out.items())
        at = next(i for i, (name, _) in enumerate(shown) if name == "last_used") + 1
        return {**dict(shown[:at]), "key": session.plaintext, **dict(shown[at:])}
    order = (
        "id",
        "url",
        "display_url",
        "display",
        "version",
        "user",
        "key",
        "created",
        "expires",
        "last_used",
    )
    rest = ("enabled", "write_enabled", "description", "allowed_ips")
    return {**{name: out[name] for name in (*order, *rest)}, "token": session.plaintext}
