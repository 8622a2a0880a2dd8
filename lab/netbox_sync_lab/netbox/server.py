"""The lab NetBox on a real socket."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from netbox_sync_lab.serving import LabServer, Message, Receive, Send

from . import customfields
from .auth import Denied, Token, authenticate, generate, hashed, header_of
from .branching import PATH as BRANCHING_PATH
from .branching import VERSION as BRANCHING_VERSION
from .branching import Branching, LabBranch
from .faults import Faults
from .registry import models_of, parse_version
from .rest import RestApi
from .session import Session
from .store import Store
from .users import Permissions, Users
from .wire import Answer, Request, not_found_page

MAX_REQUEST_LINE = 4094
MAX_HEADER = 8190
NEVER_IN_A_BRANCH = ("/api/extras/custom-fields/", "/api/users/", "/api/authentication-check/")


class LabNetBox(LabServer):
    """An in-memory NetBox over HTTP on 127.0.0.1.

    Use it as a context manager, or call ``start()`` and ``stop()``. ``port=0`` takes a free port. ``version``
    turns features off that the named NetBox version does not have. Every request is listed in ``requests`` as
    (method, path, status; 0 where no answer was sent), with its query string in ``targets``;
    :meth:`fail_next` makes requests go wrong, before or after they took effect. ``branching``: it has the
    netbox-branching plugin. ``peppers``: API_TOKEN_PEPPERS is set, without which NetBox makes no v2 tokens.
    ``bulk_update_chunk_size``: from 4.7 on, the values of a custom field of more objects are left to a background job,
    which :meth:`run_jobs` runs.
    """

    def __init__(
        self,
        port: int = 0,
        version: str = "4.6.8",
        token: str = "lab-token",  # noqa: S107
        graphql: bool = True,
        *,
        enforce_global_unique: bool = True,
        plugins: dict[str, str] | None = None,
        branching: bool = False,
        peppers: bool = True,
        bulk_update_chunk_size: int = 5000,
        certfile: Path | str | None = None,
        keyfile: Path | str | None = None,
    ) -> None:
        super().__init__(port=port, certfile=certfile, keyfile=keyfile)
        self.version = version
        self.token = token
        self.graphql_enabled = graphql
        self.faults = Faults()
        self.store = Store(models_of(plugins or {}), enforce_global_unique=enforce_global_unique)
        self.store.bulk_update_chunk_size = bulk_update_chunk_size
        self._store_lock = threading.Lock()
        self._graphql: Any = None
        self._users = Users(self.store)
        self._admin = self._users.add("admin", is_superuser=True, is_staff=True)
        self._users.token(self._admin, token, None)
        self.branching = Branching(self.store) if branching else None
        if branching:
            plugins = {**(plugins or {}), "netbox_branching": BRANCHING_VERSION}
        self.rest = RestApi(self.store, version, plugins or {}, peppers=peppers)

    # For tests

    def count(self, method: str, path_prefix: str = "/") -> int:
        """How many requests with this method went to paths that begin so."""
        return sum(1 for r in list(self.requests) if r.method == method and r.path.startswith(path_prefix))

    def fail_next(  # type: ignore[override]
        self,
        n: int = 1,
        *,
        status: int | str | None = 502,
        after_write: bool = False,
        drop: bool = False,
        delay: float = 0.0,
        retry_after: float | str | None = None,
        method: str | None = None,
        path_prefix: str = "/",
        skip: int = 0,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Make the next ``n`` matching requests fail; ``skip`` of them pass first.

        status: a number answers with it and a proxy's page; ``"reset"`` (or ``drop``) closes the connection
        without an answer; ``"truncate"``, ``"html200"`` and ``"hang"`` as for the other lab servers; None
        leaves the answer unchanged. after_write: the request takes effect first. delay: seconds to wait before
        answering. retry_after, headers: added to the answer.
        """
        if status in ("truncate", "html200", "hang") and not after_write and not skip:
            super().fail_next(n, status=status, path_prefix=path_prefix, method=method, headers=headers)
            return
        extra = dict(headers or {})
        if retry_after is not None:
            extra["Retry-After"] = str(retry_after)
        if isinstance(status, str):
            if status != "reset":
                raise ValueError(f"after_write and skip go with a number, None or 'reset', not {status!r}")
            drop = True
        self.faults.add(
            n,
            status=None if drop or isinstance(status, str) else status,
            after_write=after_write,
            drop=drop,
            delay=delay,
            headers=extra,
            method=method,
            path_prefix=path_prefix,
            skip=skip,
        )

    def clear_faults(self) -> None:
        """Undo every fault that is still to come."""
        super().clear_faults()
        self.faults.clear()

    def add_user(
        self,
        name: str,
        password: str | None,
        permissions: Permissions | None = None,
        *,
        constraints: Mapping[str, Any] | None = None,
        superuser: bool = False,
        groups: Iterable[str] | Mapping[str, Permissions] = (),
        active: bool = True,
    ) -> int:
        """Add a user who can get tokens for a password, and return the user's id. Every token has the user's rights.

        ``permissions`` maps models (``dcim.interface``) to actions (``view``, ``add``, ``change``, ``delete``); None
        or ``superuser`` allows everything. ``constraints`` maps models to what their objects have to be like:
        ``{"dcim.device": {"site__slug": "paris"}}``, or a list of such, one of which has to fit. ``groups``: names
        of the user's groups, or names with the permissions of the groups; missing groups are made. ``password``
        None: nobody can log in. Raises ValueError for a name that is taken.
        """
        granted = groups if isinstance(groups, Mapping) else {}
        with self._store_lock:
            if self._users.named(name) is not None:
                raise ValueError(f"there is a user {name} already")
            members = [self._users.group(group) for group in groups]
            user = self._users.add(
                name,
                password="!" if password is None else hashed(password),
                is_active=active,
                is_superuser=superuser or permissions is None,
                groups=[group["id"] for group in members],
            )
            self._users.permit(name, permissions or {}, constraints or {}, user=user)
            for group in members:
                self._users.permit(group["name"], granted.get(group["name"], {}), {}, group=group)
        return int(user["id"])

    def add_token(
        self,
        name: str,
        permissions: dict[str, set[str]] | None = None,
        v2: bool = False,
        *,
        user: str | None = None,
        write_enabled: bool = True,
        constraints: dict[str, Any] | None = None,
        expires: datetime | None = None,
        enabled: bool = True,
        allowed_ips: Iterable[str] = (),
    ) -> str:
        """Add a token called ``name`` for a user (by default of that name) and return its Authorization header.

        ``permissions`` maps models (``dcim.interface``) to the actions ``view``, ``add``, ``change`` and
        ``delete``, for this token alone; None gives it the rights of a user made by :meth:`add_user`, and allows
        everything otherwise. ``constraints`` maps models to the constraints of that permission
        (``{"dcim.device": {"site__slug": "paris"}}``): other objects are not seen. ``expires``, ``enabled``,
        ``allowed_ips``: as NetBox's tokens have them.
        """
        with self._store_lock:
            owner = self._users.named(user or name) or self._users.add(user or name, implied=True)
            token = self._users.token(
                owner,
                name,
                generate(12) if v2 else None,
                write_enabled=write_enabled,
                enabled=enabled,
                expires=expires,
                allowed_ips=list(allowed_ips),
                everything=permissions is None and bool(owner.get("implied")),
                restricted=permissions is not None,
            )
            self._users.permit(
                owner["username"], permissions or {}, constraints or {}, user=owner, token=token
            )
        return header_of(token)

    def session(self) -> Session:
        """Direct access to the store, to set up what the API cannot (rows saved as the admin user)."""
        return Session(self.store, self._admin, str(uuid.uuid4()), version=parse_version(self.version))

    def run_jobs(self) -> None:
        """Do what NetBox's background worker has to do."""
        with self._store_lock:
            customfields.run_jobs(self.session())

    # HTTP

    async def _asgi(self, scope: Message, receive: Receive, send: Send) -> None:
        fault = self.faults.take(scope["method"], scope["path"])
        if fault is None:
            await super()._asgi(scope, receive, send)
            return
        request = HttpRequest(scope, receive)
        response = await self.handle(request) if fault.after_write else Response()
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.drop:
            self._log(request, 0)
            self._abort(scope)
            return
        if fault.status is not None:
            response = _response(_fault_page(fault.status), request.method)
        elif not fault.after_write:
            response = await self.handle(request)
        response.headers.update(fault.headers)
        self._log(request, response.status_code)
        await response(scope, receive, send)

    async def handle(self, request: HttpRequest) -> Response:
        """Answer one request as NetBox behind gunicorn does."""
        body = await request.body()
        scope = request.scope
        query = scope["query_string"].decode("ascii", "replace")
        target = scope["raw_path"].decode("ascii", "replace") + (f"?{query}" if query else "")
        answer = self._too_large(scope, target) or self._answer(scope, query, body)
        return _response(answer, request.method)

    @staticmethod
    def _too_large(scope: Any, target: str) -> Answer | None:
        """The limits of gunicorn, which runs in front of NetBox."""
        line = len(scope["method"]) + 1 + len(target) + len(" HTTP/1.1\r\n")
        if line > MAX_REQUEST_LINE:
            text = f"Request Line is too large ({line} &gt; {MAX_REQUEST_LINE})"
            return _page(400, "Bad Request", text)
        if any(len(k) + len(v) + 4 > MAX_HEADER for k, v in scope["headers"]):
            text = "Error parsing headers: &#x27;limit request headers fields size&#x27;"
            return _page(431, "Request Header Fields Too Large", text)
        return None

    def _answer(self, scope: Any, query: str, body: bytes) -> Answer:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        host = headers.get("host", f"127.0.0.1:{self.port}")
        request = Request(
            scope["method"],
            scope["path"],
            parse_qsl(query, keep_blank_values=True),
            query,
            headers,
            body,
            f"{scope['scheme']}://{host}",
        )
        request_id = str(uuid.uuid4())
        with self._store_lock:
            answer = self._route(request, request_id)
        answer.headers["X-Request-ID"] = request_id
        if request.path.startswith("/api/"):
            major, minor = parse_version(self.version)
            answer.headers["API-Version"] = f"{major}.{minor}"
        return answer

    def _route(self, request: Request, request_id: str) -> Answer:
        v2 = parse_version(self.version) >= (4, 5)

        def sign_in() -> Token:
            return authenticate(self.store, request.headers.get("authorization"), v2, self.host)

        rest, graphql = self.rest, self._graphql_api
        if self.branching is not None:
            branch = self.branching.of(request)
            if isinstance(branch, Answer):
                return branch
            if request.path.startswith(BRANCHING_PATH):
                try:
                    return self.branching.answer(request, sign_in, self.version)
                except Denied as denied:
                    return Answer(403, {"detail": str(denied)})
            if branch is not None and not request.path.startswith(NEVER_IN_A_BRANCH):
                rest, graphql = self._apis_of(branch)
        if request.path == "/api" or request.path.startswith("/api/"):
            return rest.answer(request, sign_in, request_id)
        if request.path == "/graphql/" and self.graphql_enabled:
            try:
                token = sign_in()
            except Denied as denied:
                if request.headers.get("authorization"):
                    return Answer(403, str(denied), content_type="text/html; charset=utf-8")
                return Answer(
                    302, "", {"Location": "/login/?next=/graphql/"}, content_type="text/html; charset=utf-8"
                )
            return graphql().answer(request, token)
        return not_found_page(self.version)

    def _apis_of(self, branch: LabBranch) -> Any:
        if branch.api is None:
            from .graphql_api import GraphQLApi

            rest = RestApi(branch.store, self.version, self.rest.system.plugins)
            branch.api = rest, lru_cache(lambda: GraphQLApi(branch.store, parse_version(self.version)))
        return branch.api

    def _graphql_api(self) -> Any:
        """Built at the first query: the schema takes a moment and many tests need none."""
        if self._graphql is None:
            from .graphql_api import GraphQLApi

            self._graphql = GraphQLApi(self.store, parse_version(self.version))
        return self._graphql


def _response(answer: Answer, method: str) -> Response:
    data = b"" if method == "HEAD" else answer.encode()
    response = Response(data, status_code=answer.status, headers=answer.headers)
    if answer.status != 204:
        response.headers["Content-Type"] = answer.content_type
    # As gunicorn sends it.
    response.headers["Date"] = formatdate(usegmt=True)
    return response


def _page(status: int, title: str, text: str) -> Answer:
    page = (
        f"<html>\n  <head>\n    <title>{title}</title>\n  </head>\n  <body>\n    <h1><p>{title}</p></h1>\n"
        f"    {text}\n  </body>\n</html>\n"
    )
    return Answer(status, page, {"Connection": "close"}, content_type="text/html")


def _fault_page(status: int) -> Answer:
    """What a proxy in front of NetBox, or NetBox itself for 429, answers in trouble."""
    if status == 429:
        return Answer(429, {"detail": "Request was throttled."})
    titles = {
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Time-out",
    }
    title = f"{status} {titles.get(status, 'Error')}"
    return Answer(
        status,
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body></html>",
        content_type="text/html",
    )
