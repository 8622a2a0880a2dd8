"""What protects the page: headers of every answer, where a request may come from, and what proves that a form is ours."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSRF_FIELD = "csrf"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# A form of the page has a few hundred ids at most; a filter names more.
MOST_BODY = 4 * 1024 * 1024


class Refused(Exception):
    """A request that did not come from a form of this page."""


class Guard:
    """ASGI middleware: puts the headers on every answer and refuses bodies that no form of the page has."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BODY:
                raise Refused("the request is too large")
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, content in HEADERS.items():
                    headers[name] = content
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
                if self._secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, counted, guarded)


def check_origin(request: Request) -> None:
    """Raise Refused where a browser says that another site sends the request."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Refused("the request comes from another site")
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host", ""):
        raise Refused("the request comes from another site")


def check_csrf(expected: str, given: object) -> None:
    """Raise Refused where a form does not hold the session's secret."""
    if (
        not isinstance(given, str)
        or not expected
        or not hmac.compare_digest(expected.encode(), given.encode())
    ):
        raise Refused("the form is too old or not from this page; load the page again")


def new_secret() -> str:
    """A secret for a form before anybody has logged in."""
    return secrets.token_urlsafe(32)


def local_path(wanted: str | None) -> str:
    """A path of this page to go to after a login; never another site's."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted:
        return "/"
    return wanted if wanted.isprintable() and wanted.isascii() else "/"


def way_back(referer: str | None) -> str | None:
    """The path of the page whose form was sent; of a page that itself answers a form its plan. None: unknown."""
    parts = urlsplit(referer or "")
    path = parts.path
    for last in ("/review", "/answer"):
        if path.endswith(last):
            return local_path(path.removesuffix(last))
    back = local_path(f"{path}?{parts.query}" if parts.query else path)
    return None if back == "/" else back
