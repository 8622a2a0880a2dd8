"""The REST endpoints that belong to no model: status, roots, object types, and who the token is."""

from __future__ import annotations

import platform
from typing import Any

from .auth import Token
from .paging import Pages
from .registry import parse_version
from .render import Renderer
from .schema import OBJECT_TYPES, Row, ValidationFailed
from .store import Store
from .wire import Answer, Request

APPS = ("circuits", "core", "dcim", "extras", "ipam", "tenancy", "users", "virtualization", "vpn", "wireless")
FORBIDDEN = Answer(403, {"detail": "You do not have permission to perform this action."})


class SystemApi:
    """Answers below ``/api/`` that come from the server itself."""

    def __init__(self, store: Store, version: str, plugins: dict[str, str], paths: list[str]) -> None:
        self.store = store
        self.version_text = version
        self.version = parse_version(version)
        self.plugins = plugins
        self.paths = paths

    def _object_types_path(self) -> list[str]:
        return ["core" if self.version >= (4, 4) else "extras", "object-types"]

    def knows(self, parts: list[str]) -> bool:
        return (
            parts
            in ([], ["status"], ["plugins"], ["plugins", "installed-plugins"], self._object_types_path())
            or parts == ["core", "background-workers"]
            or (parts == ["authentication-check"] and self.version >= (4, 5))
            or (len(parts) == 1 and parts[0] in APPS)
            or (len(parts) == 2 and parts[0] == "plugins" and any(self._below(parts)))
        )

    def _below(self, parts: list[str]) -> list[str]:
        prefix = "/".join(parts) + "/"
        return sorted(path for path in self.paths if path.startswith(prefix))

    def answer(self, request: Request, parts: list[str], token: Token) -> Answer:
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            return Answer(405, {"detail": f'Method "{request.method}" not allowed.'})
        root = f"{request.base}/api/"
        try:
            match parts:
                case []:
                    return Answer(200, {n: f"{root}{n}/" for n in sorted([*APPS, "plugins", "status"])})
                case ["status"]:
                    return Answer(200, self._status())
                case ["plugins"]:
                    names = {path.split("/")[1] for path in self._below(parts)}
                    return Answer(
                        200, {n: f"{root}plugins/{n}/" for n in ["installed-plugins", *sorted(names)]}
                    )
                case ["plugins", "installed-plugins"]:
                    return Answer(
                        200, [{"name": n, "package": n, "version": v} for n, v in self.plugins.items()]
                    )
                case [_, "object-types"]:
                    return self._object_types(request)
                case ["authentication-check"]:
                    return Answer(200, self._who(request, token))
                case ["core", "background-workers"]:
                    return self._page(request, []) if token.rights.everything else FORBIDDEN
                case _:
                    skip = len("/".join(parts)) + 1
                    return Answer(200, {p[skip:]: f"{root}{p}/" for p in self._below(parts)})
        except ValidationFailed as failed:
            return Answer(400, failed.detail)

    def _page(self, request: Request, rows: list[Row]) -> Answer:
        pages = Pages(request, keyset=self.version >= (4, 6))
        names = request.param("fields")
        wanted = set(names.split(",")) if names else None
        if pages.start is not None:
            rows = sorted(rows, key=lambda r: r["id"])
        return pages.answer(rows, lambda row: {k: v for k, v in row.items() if wanted is None or k in wanted})

    def _status(self) -> dict[str, Any]:
        return {
            "django-version": "6.0.8",
            "hostname": platform.node(),
            "installed_apps": {},
            "netbox-version": self.version_text,
            "netbox-full-version": self.version_text,
            "plugins": self.plugins,
            "python-version": platform.python_version(),
            "rq-workers-running": 0,
        }

    def _plugin_types(self) -> list[tuple[str, str, str, str, bool, str | None, list[str]]]:
        return [
            (model.label, model.app, model.verbose, model.plural, True, model.path, [])
            for model in self.store.models.values()
            if model.app in self.plugins
        ]

    def _object_types(self, request: Request) -> Answer:
        rows = []
        base = f"{request.base}/api/{'/'.join(self._object_types_path())}/"
        types = [*OBJECT_TYPES, *self._plugin_types()]
        for pk, (label, app_name, name, plural, public, path, features) in enumerate(types, start=1):
            app, _, model = label.partition(".")
            row = {
                "id": pk,
                "url": f"{base}{pk}/",
                "display": f"{app_name} > {name[:1].upper()}{name[1:]}",
                "app_label": app,
                "app_name": app_name,
                "model": model,
                "model_name": name,
                "model_name_plural": plural,
                "public": public,
                "features": features,
                "is_plugin_model": app in self.plugins,
                "rest_api_endpoint": f"/api/{path}/" if path else None,
                "description": "",
            }
            wanted = {key: [v for k, v in request.query if k == key] for key in ("app_label", "model")}
            if all(not values or row[key] in values for key, values in wanted.items()):
                rows.append(row)
        return self._page(request, rows)

    def _who(self, request: Request, token: Token) -> dict[str, Any]:
        renderer = Renderer(self.store, request.base, self.version)
        return renderer.full(self.store.models["users.user"], token.user)
