"""What the pages share: the server's state, a person's request, and pages made from templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from netbox_sync_dagster.approve.fitting import possible
from netbox_sync_dagster.approve.freeze import frozen
from netbox_sync_dagster.approve.object_history import written_values
from netbox_sync_dagster.config import Config, load_config
from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.explain import sentence, sentences_of
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.sync.hook_queue import HookQueue
from netbox_sync_dagster.text import Shown, traceback_lines, visible
from netbox_sync_dagster.web import shown
from netbox_sync_dagster.web.applies import Applies
from netbox_sync_dagster.web.comparisons import Comparisons
from netbox_sync_dagster.web.login import Attempts, forget
from netbox_sync_dagster.web.refreshes import Refreshes
from netbox_sync_dagster.web.reports import RareReports
from netbox_sync_dagster.web.rights import Rights
from netbox_sync_dagster.web.security import CSRF_FIELD, way_back
from netbox_sync_dagster.web.sessions import Sessions, WebSession

if TYPE_CHECKING:
    from netbox_sync_dagster.config.web import Web


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


def page_state(request: Request) -> State:
    """What all requests share."""
    found = request.app.state.page
    assert isinstance(found, State)
    return found


def render(request: Request, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:
    """A page of the template."""
    made: Environment = request.app.state.templates
    known: dict[str, Any] = {
        "session": None,
        "running": [],
        "frozen": None,
        "may_unfreeze": False,
        "notice": "",
    }
    html = made.get_template(template).render(request=request, **{**known, **content})
    return HTMLResponse(html, status_code=status)


def set_cookie(request: Request, response: Response, name: str, content: str) -> None:
    """A cookie of the page, which no script can read."""
    secure = page_state(request).settings.is_secure
    # Lax, so that links from NetBox and Dagster find the person logged in; every form has a secret.
    response.set_cookie(name, content, httponly=True, samesite="lax", secure=secure, path="/")


@cache
def templates() -> Environment:
    """The pages' templates: they are compiled once per process."""
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
        "decisions": lambda one: " ".join(possible(one.state, [part["state"] for part in one.parts or ()])),
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
