"""Logging in and out."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from netbox_sync_dagster.explain import is_expected, sentence
from netbox_sync_dagster.web.login import LoginError, by_password, by_token, client_address
from netbox_sync_dagster.web.security import (
    CSRF_FIELD,
    Refused,
    check_csrf,
    check_origin,
    local_path,
    new_secret,
)
from netbox_sync_dagster.web.sessions import WebSession
from netbox_sync_dagster.web.visit import Visit, cookie_name, failed, page_state, render, set_cookie

_FORM_COOKIE = "netbox-sync-login"
_LONGEST = 1_000


async def show(request: Request) -> Response:
    """``GET /login``"""
    return _form(request, local_path(request.query_params.get("next")), "")


def _form(
    request: Request, wanted: str, problem: str, status: int = 200, *, with_token: bool = False
) -> Response:
    state = page_state(request)
    secret = request.cookies.get(_FORM_COOKIE) or new_secret()
    response = render(
        request,
        "login.html",
        status=status,
        wanted=wanted,
        problem=problem,
        with_token=with_token,
        secret=secret,
        netbox=state.config.netbox.base_url,
        through_proxy=state.settings.trusted_proxy is not None
        and state.settings.trusted_proxy.user_header is not None,
    )
    set_cookie(request, response, _FORM_COOKIE, secret)
    return response


async def login(request: Request) -> Response:
    """``POST /login``"""
    state = page_state(request)
    try:
        check_origin(request)
        form = await request.form(max_fields=20, max_files=0)
        check_csrf(request.cookies.get(_FORM_COOKIE, ""), form.get(CSRF_FIELD))
    except Refused as refused:
        return render(request, "error.html", status=403, title="Refused", sentences=[str(refused)], back=None)
    wanted = local_path(str(form.get("next") or ""))
    given = [str(form.get(name) or "")[:_LONGEST] for name in ("user", "password", "token")]
    try:
        session = await run_in_threadpool(_check, request, *given)
    except Exception as error:  # noqa: BLE001
        if not is_expected(error):
            return failed(request, error)
        return _form(request, wanted, sentence(error), status=401, with_token=bool(given[2]))
    await run_in_threadpool(state.sessions.end, request.cookies.get(cookie_name(state)))
    response = RedirectResponse(wanted, status_code=303)
    identity = await run_in_threadpool(state.sessions.begin, session)
    set_cookie(request, response, cookie_name(state), identity)
    response.delete_cookie(_FORM_COOKIE)
    return response


def _check(request: Request, user: str, password: str, token: str) -> WebSession:
    state = page_state(request)
    proxy = state.settings.trusted_proxy
    if proxy is not None and proxy.user_header is not None:
        raise LoginError("people are logged in by the proxy here; open the page through it")
    peer = request.client.host if request.client else ""
    keys = [f"address {client_address(proxy, peer, request.headers.getlist('x-forwarded-for'))}"]
    if not token:
        if not user.strip() or not password:
            raise LoginError("give name and password, or a token")
        keys.append(f"name {user.strip().casefold()}")
    state.attempts.begin(*keys)
    netbox = state.config.netbox
    try:
        if token:
            session = by_token(netbox, token.strip())
        else:
            session = by_password(netbox, user.strip(), password, hours=state.settings.session_hours)
    except LoginError:
        raise
    except Exception:
        # NetBox could not be asked, which says nothing of the password.
        state.attempts.undo(*keys)
        raise
    # Whoever has one account must not get rid of the failures of his address.
    state.attempts.undo(keys[0])
    state.attempts.forget(*keys[1:])
    return session


def logout(visit: Visit) -> Response:
    """``POST /logout``: the session ends, and with it the token that NetBox gave for it."""
    state = visit.state
    state.sessions.end(visit.request.cookies.get(cookie_name(state)))
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(cookie_name(state))
    return response
