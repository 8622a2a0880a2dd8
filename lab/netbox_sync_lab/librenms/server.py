"""A LibreNMS API v0 server on loopback, answering from a `LibreNMSState` as releases 23.11 to 26.7 do."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from netbox_sync_lab.librenms import routes
from netbox_sync_lab.librenms.answers import Access, ApiError, Call, EmptyAnswer, error
from netbox_sync_lab.librenms.state import LibreNMSState
from netbox_sync_lab.serving import LabServer

ROLES = ("admin", "global-read", "user")


class LabLibreNMS(LabServer):
    """LibreNMS API v0 below `url` + /api/v0, over `state`.

    version: release it answers as. token: the X-Auth-Token it takes; role: what that token may do ("admin",
    "global-read"); restricted_to: device ids, makes it the token of a user who sees only those.
    php_memory_mb: a bulk /ports answer too large for that PHP memory_limit is a 500, as on real servers.
    port 0 takes a free one; certfile and keyfile serve HTTPS (see `lab.certs`).
    """

    base_path = "/api/v0"

    def __init__(
        self,
        state: LibreNMSState,
        port: int = 0,
        version: str = "26.7.0",
        token: str = "lab-token",  # noqa: S107
        restricted_to: Iterable[int] | None = None,
        *,
        role: str = "admin",
        php_memory_mb: int | None = None,
        certfile: Path | str | None = None,
        keyfile: Path | str | None = None,
    ) -> None:
        super().__init__(port=port, certfile=certfile, keyfile=keyfile)
        self.state = state
        self.version = version
        self.token = token
        self.php_memory_mb = php_memory_mb
        self._tokens: dict[str, Access] = {}
        self.add_token(token, role="user" if restricted_to is not None else role, devices=restricted_to or ())

    def add_token(self, token: str, *, role: str = "admin", devices: Iterable[int] = ()) -> None:
        """Take this token too (or change what a known one may do). devices: what a "user" sees."""
        if role not in ROLES:
            raise ValueError(f"role must be one of {', '.join(ROLES)}, not {role!r}")
        self._tokens[token] = Access(role, frozenset(devices))

    def revoke_token(self, token: str) -> None:
        """Answer 401 to this token from now on."""
        self._tokens.pop(token, None)

    async def handle(self, request: Request) -> Response:
        path = request.url.path
        if not (path == self.base_path or path.startswith(self.base_path + "/")):
            return Response("<!DOCTYPE html><title>Not Found</title>", 404, media_type="text/html")
        access = self._access(request)
        if access is None:
            return _json(401, {"message": "Unauthenticated."}, compact=True)
        call = Call(
            self.state,
            tuple(int(n) for n in self.version.split(".")),
            access,
            {},
            dict(request.query_params),
            self.php_memory_mb,
        )
        try:
            if request.method not in ("GET", "HEAD"):
                raise error(404, "This API route doesn't exist.")
            return _json(200, routes.answer(path.removeprefix(self.base_path), call))
        except EmptyAnswer:
            return Response("", media_type="text/html")
        except ApiError as exc:
            return _json(exc.status, exc.document, compact=exc.compact)

    def _access(self, request: Request) -> Access | None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        offered = (request.headers.get("x-auth-token"), bearer, request.query_params.get("api_token"))
        return next((self._tokens[t] for t in offered if t and t in self._tokens), None)


def _json(status: int, document: Any, *, compact: bool = False) -> Response:
    """As PHP's json_encode writes it: slashes escaped, whole floats as integers, four spaces unless compact."""
    style: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 4}
    text = json.dumps(_whole_floats(document), ensure_ascii=True, **style).replace("/", "\\/")
    return Response(text, status_code=status, media_type="application/json")


def _whole_floats(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {k: _whole_floats(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole_floats(v) for v in value]
    return value
