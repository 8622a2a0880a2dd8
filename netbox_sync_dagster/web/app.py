"""The ASGI application of the review page: who may come in, and where each address leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import starlette_admin
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.text import Shown
from netbox_sync_dagster.web import (
    answers_pages,
    apply_pages,
    changes,
    decide,
    hooks,
    ledger_pages,
    login_pages,
    pages,
    refresh_pages,
    resolve_pages,
)
from netbox_sync_dagster.web.login import LoginError, by_proxy
from netbox_sync_dagster.web.security import CSRF_FIELD, Guard, Refused, check_csrf, check_origin
from netbox_sync_dagster.web.sessions import WebSession
from netbox_sync_dagster.web.visit import (
    Handler,
    NotFound,
    State,
    Visit,
    cookie_name,
    error_page,
    failed,
    page_state,
    set_cookie,
    templates,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from netbox_sync_dagster.config.web import Web

_VENDOR = Path(starlette_admin.__file__).parent / "static"
_STATIC = Path(__file__).parent / "static"

_SWEEP_SECONDS = 15.0


def create_app(
    config_path: Path, warehouse: Warehouse, settings: Web, report: Callable[[Shown], None] = lambda _: None
) -> Starlette:
    """The application. ``settings`` say how it is reached; everything else is read from the file at each request.

    ``report`` gets what the person who runs the server should know, a line at a time.
    """
    state = State(config_path, warehouse, settings, report)

    def get(path: str, handler: Handler) -> Route:
        return Route(path, partial(_signed_in, handler=handler), methods=["GET"])

    def post(path: str, handler: Handler) -> Route:
        return Route(path, partial(_signed_in, handler=handler), methods=["POST"])

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(state))
        yield
        sweeping.cancel()
        state.applies.stop_all()
        state.refreshes.stop_all()
        state.comparisons.stop_all()
        await run_in_threadpool(state.hooks.stop)
        await run_in_threadpool(state.sessions.end_all)

    routes = [
        Route("/login", login_pages.show, methods=["GET"]),
        Route("/login", login_pages.login, methods=["POST"]),
        Route("/health", _health, methods=["GET"]),
        # Their senders do not log in: each hook has a secret.
        Route("/hooks/{name}", hooks.receive, methods=["POST"]),
        post("/logout", login_pages.logout),
        get("/", pages.overview),
        get("/changes", changes.changes),
        get("/plans/{plan}", pages.plan),
        get("/plans/{plan}/row", pages.row),
        get("/plans/{plan}/export.{form}", pages.export),
        post("/plans/{plan}/review", decide.review),
        post("/plans/{plan}/decide", decide.decide),
        post("/plans/{plan}/apply", apply_pages.start),
        post("/plans/{plan}/refresh", refresh_pages.start),
        get("/refreshes/{key}", refresh_pages.watch),
        get("/refreshes/{key}/events", refresh_pages.events),
        get("/plans/{plan}/questions", resolve_pages.questions),
        post("/plans/{plan}/answer", resolve_pages.answer),
        get("/plans/{plan}/answers", answers_pages.answers),
        post("/plans/{plan}/answers/{resolution}/withdraw", answers_pages.withdraw),
        get("/comparisons/{key}", resolve_pages.watch),
        get("/comparisons/{key}/events", resolve_pages.events),
        get("/object", pages.one_object),
        get("/applies/{key}", apply_pages.watch),
        get("/applies/{key}/events", apply_pages.events),
        post("/applies/{key}/stop", apply_pages.stop),
        post("/freeze", apply_pages.freeze_applies),
        post("/unfreeze", apply_pages.unfreeze_applies),
        get("/ledger", ledger_pages.ledger),
        get("/ledger/applies/{apply_id}", ledger_pages.one_apply),
        post("/ledger/applies/{apply_id}/undo", ledger_pages.undo),
        Mount("/static", StaticFiles(directory=_STATIC)),
        Mount("/vendor", StaticFiles(directory=_VENDOR)),
    ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(Guard, secure=settings.is_secure),
            # Other names could be resolved to this address by a hostile page, which would then share its origin.
            Middleware(TrustedHostMiddleware, allowed_hosts=settings.hosts, www_redirect=False),
        ],
        exception_handlers={404: _not_found, 405: _not_found},
    )
    # A redirect to the path without its last slash would name the host of the request.
    app.router.redirect_slashes = False
    app.state.page = state
    app.state.templates = templates()
    return app


async def _signed_in(request: Request, *, handler: Handler) -> Response:
    """Call the handler for a person who is logged in; anybody else goes to the login page first."""
    state = page_state(request)
    session: WebSession | None = None
    try:
        form: Any = {}
        if request.method == "POST":
            check_origin(request)
            form = await request.form(max_fields=20_000, max_files=0)
        session = await run_in_threadpool(find_session, request)
        if session is None:
            if request.method == "GET":
                wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                return RedirectResponse(f"/login?{urlencode({'next': wanted})}", status_code=303)
            raise Refused("you are not logged in any longer; log in and do it again")
        if request.method == "POST":
            check_csrf(session.csrf, form.get(CSRF_FIELD))
        response = await run_in_threadpool(handler, Visit(request, state, session, form))
        if begun := getattr(request.state, "begun", None):
            set_cookie(request, response, cookie_name(state), begun)
    except Refused as refused:
        return error_page(request, 403, "Refused", [str(refused)], session)
    except NotFound as missing:
        return error_page(request, 404, "Not found", [str(missing)], session)
    except HTTPException:
        raise
    except Exception as error:  # noqa: BLE001
        return failed(request, error, session)
    return response


def find_session(request: Request) -> WebSession | None:
    """The session of a request: by its cookie, or by the header of a trusted proxy."""
    state = page_state(request)
    proxy, address = state.settings.trusted_proxy, request.client.host if request.client else ""
    session = state.sessions.find(request.cookies.get(cookie_name(state)))
    if proxy is None or proxy.user_header is None:
        return session
    if len(request.headers.getlist(proxy.user_header)) > 1:
        raise LoginError(
            f"the request has more than one header {proxy.user_header}; the proxy must remove people's own"
        )
    named = by_proxy(proxy, address, dict(request.headers))
    if named is None:
        # Who is behind the proxy is what the proxy says now, whatever a cookie says.
        return None
    if session is not None and session.user == named.user:
        return session
    request.state.begun = state.sessions.begin(named)
    return named


async def _sweep(state: State) -> None:
    # A session whose person is gone ends too, and with it the token in NetBox.
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        await run_in_threadpool(state.sessions.sweep)


async def _health(_: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


async def _not_found(request: Request, _: Exception) -> Response:
    session: WebSession | None = None
    # Who has no session gets the page without its navigation.
    with suppress(UserError):
        session = await run_in_threadpool(find_session, request)
    response = error_page(request, 404, "Not found", ["There is no such page."], session)
    if begun := getattr(request.state, "begun", None):
        set_cookie(request, response, cookie_name(page_state(request)), begun)
    return response
