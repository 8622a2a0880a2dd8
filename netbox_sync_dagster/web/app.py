"""The ASGI application of the review page: who may come in, and where each address leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import starlette_admin
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from netbox_sync_dagster.approve.freeze import frozen
from netbox_sync_dagster.approve.object_history import written_values
from netbox_sync_dagster.config import Config, load_config
from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.explain import sentence, sentences_of
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.sync.hook_queue import HookQueue
from netbox_sync_dagster.text import Shown, traceback_lines, visible
from netbox_sync_dagster.web import shown
from netbox_sync_dagster.web.applies import Applies
from netbox_sync_dagster.web.comparisons import Comparisons
from netbox_sync_dagster.web.fitting import possible
from netbox_sync_dagster.web.login import Attempts, LoginError, by_proxy, forget
from netbox_sync_dagster.web.refreshes import Refreshes
from netbox_sync_dagster.web.reports import RareReports
from netbox_sync_dagster.web.rights import Rights
from netbox_sync_dagster.web.security import CSRF_FIELD, Guard, Refused, check_csrf, check_origin, way_back
from netbox_sync_dagster.web.sessions import Sessions, WebSession

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from netbox_sync_dagster.config.web import Web

_VENDOR = Path(starlette_admin.__file__).parent / "static"
_STATIC = Path(__file__).parent / "static"

_SWEEP_SECONDS = 15.0

Form = Mapping[str, Any]


class NotFound(WarehouseError):
    """The address names nothing that exists."""


class State:
    """What all requests share. ``settings`` are those with which the server started."""

    def __init__(
        self, config_path: Path, warehouse: Warehouse, settings: Web, report: Callable[[Shown], None]
    ) -> None:
        self.config_path = config_path
        self.report = report
        self.warehouse = warehouse
        self.settings = settings
        self.attempts = Attempts()
        self.applies = Applies(warehouse)
        self.refreshes = Refreshes(warehouse)
        self.comparisons = Comparisons(warehouse)
        self.sessions = Sessions(
            hours=settings.session_hours, idle_minutes=settings.idle_minutes, ended=self._forget
        )
        self.hooks = HookQueue(warehouse, lambda: self.config, report)
        self.refused_hooks = RareReports(report)
        self._config: tuple[int, Config] | None = None

    @property
    def config(self) -> Config:
        """The current content of the configuration file. Raises ConfigError."""
        changed = self.config_path.stat().st_mtime_ns
        if self._config is None or self._config[0] != changed:
            self._config = changed, load_config(self.config_path)
        return self._config[1]

    def _forget(self, session: WebSession) -> None:
        try:
            forget(self.config.netbox, session)
        except Exception as error:  # noqa: BLE001
            # Whatever goes wrong, the person is logged out; the token ends at its time.
            self.report(Shown(f"the token of a session could not be deleted: {visible(sentence(error))}"))


@dataclass
class Visit:
    """One request of a person who is logged in. ``form`` holds the fields of a POST."""

    request: Request
    state: State
    session: WebSession
    form: Any

    @property
    def config(self) -> Config:
        return self.state.config

    @property
    def warehouse(self) -> Warehouse:
        return self.state.warehouse

    @property
    def rights(self) -> Rights:
        return Rights(self.config.netbox, self.session)

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def show(self, template: str, *, status: int = 200, **content: Any) -> Response:
        """A page of the template, for this person."""
        notice, self.session.notice = self.session.notice, ""
        freeze = frozen(self.warehouse)
        return render(
            self.request,
            template,
            status=status,
            session=self.session,
            notice=notice,
            running=self.state.applies.running(),
            frozen=freeze,
            may_unfreeze=freeze is not None and self.rights.is_superuser,
            **content,
        )

    def go(self, path: str, notice: str = "") -> Response:
        """Another page, with a sentence on top of it."""
        self.session.notice = notice
        return RedirectResponse(path, status_code=303)


Handler = Callable[[Visit], Response]


def cookie_name(state: State) -> str:
    """The session's cookie; over HTTPS browsers take one of this name from no other host."""
    return "__Host-netbox-sync" if state.settings.is_secure else "netbox-sync"


def create_app(
    config_path: Path, warehouse: Warehouse, settings: Web, report: Callable[[Shown], None] = lambda _: None
) -> Starlette:
    """The application. ``settings`` say how it is reached; everything else is read from the file at each request.

    ``report`` gets what the person who runs the server should know, a line at a time.
    """
    # The pages' modules import this one.
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
    app.state.templates = _templates()
    return app


def page_state(request: Request) -> State:
    """What all requests share."""
    found = request.app.state.page
    assert isinstance(found, State)
    return found


def render(request: Request, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:
    """A page of the template."""
    templates: Environment = request.app.state.templates
    known: dict[str, Any] = {
        "session": None,
        "running": [],
        "frozen": None,
        "may_unfreeze": False,
        "notice": "",
    }
    html = templates.get_template(template).render(request=request, **{**known, **content})
    return HTMLResponse(html, status_code=status)


def set_cookie(request: Request, response: Response, name: str, content: str) -> None:
    """A cookie of the page, which no script can read."""
    secure = page_state(request).settings.is_secure
    # Lax, so that links from NetBox and Dagster find the person logged in; every form has a secret.
    response.set_cookie(name, content, httponly=True, samesite="lax", secure=secure, path="/")


def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("netbox_sync_dagster.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "text": shown.text,
        "value": shown.value,
        "when": shown.when,
        "age": shown.age,
        "until": shown.until,
        "words": shown.words,
        "sentence": shown.as_sentence,
        "decisions": lambda state: " ".join(possible(state)),
        "parameters": shown.parameters,
        "path": lambda part: quote(str(part), safe=""),
        "query": urlencode,
    }
    found.globals |= {
        "MARKS": shown.MARKS,
        "STATES": shown.STATES,
        "VERDICTS": shown.VERDICTS,
        "inline": shown.inline,
        "shown_fields": shown.shown_fields,
        "sparkline": shown.sparkline,
        "written_values": written_values,
        "CSRF_FIELD": CSRF_FIELD,
    }
    return found


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


def error_page(
    request: Request, status: int, title: str, sentences: list[str], session: WebSession | None
) -> Response:
    """The page of an error, with a way back to the form that was sent."""
    back = way_back(request.headers.get("referer")) if request.method == "POST" else None
    return render(
        request, "error.html", status=status, title=title, sentences=sentences, session=session, back=back
    )


def failed(request: Request, error: Exception, session: WebSession | None = None) -> Response:
    """The page that says what went wrong; of a bug it says only where to look."""
    sentences = sentences_of(error)
    status, title = 409, "That is not possible"
    if sentences is None:
        for line in traceback_lines(error, redact):
            page_state(request).report(line)
        status, title = 500, "That should not happen"
        sentences = ["The page could not be made. The output of netbox-sync web says why."]
    return error_page(request, status, title, sentences, session)
