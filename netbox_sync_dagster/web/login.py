"""Logging in with NetBox: by name and password, by an API token, or by the header of a trusted proxy.

``POST /api/users/tokens/provision/`` checks a password and gives a token; ``GET /api/authentication-check/`` says whose a
token is (NetBox 4.5+).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from threading import Lock
from typing import Any

from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.config.web import TrustedProxy
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.http import JsonClient, decode
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import WHO, credentials, secrets_of
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.web.sessions import WebSession

_DESCRIPTION = "netbox-sync web: deleted at logout"
_REFUSED = (400, 401, 403)
# Attempts from one address or on one name before each further one has to wait.
_FREE_ATTEMPTS = 5
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 900.0
_REMEMBERED = 10_000


class LoginError(UserError):
    """Nobody was logged in; the sentence says why."""


class Attempts:
    """Failed logins, by address and by name. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        # (failures, when the next attempt is allowed)
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def begin(self, *keys: str) -> None:
        """Count an attempt, which is a failure until ``undo`` or ``forget``: attempts sent at once count as well.

        Raises LoginError where one of the keys has to wait.
        """
        with self._lock:
            moment = time.monotonic()
            wait = max((self._failed.get(key, (0, 0.0))[1] for key in keys), default=0.0) - moment
            if wait > 0:
                raise LoginError(f"too many failed logins; try again in {max(wait, 1):.0f} seconds")
            for key in keys:
                self._put(key, self._failed.get(key, (0, 0.0))[0] + 1, moment)
            while len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)

    def undo(self, *keys: str) -> None:
        """Take one attempt on each back."""
        with self._lock:
            for key in keys:
                attempts = self._failed.get(key, (0, 0.0))[0] - 1
                if attempts > 0:
                    self._failed[key] = (attempts, 0.0)
                else:
                    self._failed.pop(key, None)

    def forget(self, *keys: str) -> None:
        """Forget the attempts on each."""
        with self._lock:
            for key in keys:
                self._failed.pop(key, None)

    def _put(self, key: str, attempts: int, moment: float) -> None:
        over = attempts - _FREE_ATTEMPTS
        wait = min(_FIRST_WAIT * 2 ** min(over, 16), _LONGEST_WAIT) if over >= 0 else 0.0
        self._failed.pop(key, None)
        self._failed[key] = (attempts, moment + wait)


def client_of(target: NetBoxTarget, token: str) -> JsonClient:
    """A client that asks NetBox as the person."""
    return JsonClient(
        WHO,
        target,
        base_url=target.base_url,
        headers=credentials(token) if token else {"Accept": "application/json"},
        secrets=secrets_of(token) if token else (),
        concurrency=4,
        attempts=1,
        snapshot=False,
    )


def by_password(target: NetBoxTarget, user: str, password: str, *, hours: float) -> WebSession:
    """Log in with NetBox's user name and password: NetBox gives a token that ends with the session.

    Raises LoginError for a wrong name or password, ServerError where NetBox cannot be asked.
    """
    body = {
        "username": user,
        "password": password,
        "description": _DESCRIPTION,
        "write_enabled": True,
        "expires": (now() + timedelta(hours=hours)).isoformat(),
    }
    with client_of(target, "") as netbox:
        response = netbox.send(
            "POST", "/api/users/tokens/provision/", ok=(201, *_REFUSED), attempts=1, json=body
        )
        answer = decode(WHO, response)
    if response.status_code != 201:
        raise LoginError("NetBox does not accept this name and password")
    try:
        token = _as_header_value(answer)
        secrets_of(token)
        person = answer["user"]
        return WebSession(str(person["username"]), int(person["id"]), "password", token, int(answer["id"]))
    except (KeyError, TypeError, ValueError):
        raise ServerError(WHO, "POST /api/users/tokens/provision/ answered without a token") from None


def _as_header_value(answer: dict[str, Any]) -> str:
    """The token of a provisioning answer, as ``credentials`` takes it: v2 tokens come as key and secret."""
    if answer.get("version") == 2:
        return f"nbt_{answer['key']}.{answer['token']}"
    return str(answer.get("token") or answer["key"])


def by_token(target: NetBoxTarget, token: str) -> WebSession:
    """Log in with an API token of NetBox. Raises LoginError and ServerError."""
    try:
        with client_of(target, token) as netbox:
            response = netbox.send("GET", "/api/authentication-check/", ok=(200, 404, *_REFUSED), attempts=1)
            person = decode(WHO, response) if response.status_code == 200 else None
    except ServerError as error:
        if "credential holds characters" in error.what:
            raise LoginError("this is not a token of NetBox") from None
        raise
    if response.status_code == 404:
        raise LoginError(
            "this NetBox does not say whose a token is (4.5 and newer do); log in with name and password"
        )
    if not isinstance(person, dict) or "username" not in person:
        raise LoginError("NetBox does not accept this token")
    return WebSession(str(person["username"]), int(person["id"]), "token", token)


def by_proxy(proxy: TrustedProxy, address: str, headers: dict[str, str]) -> WebSession | None:
    """The person that the trusted proxy names; None where it names nobody, or the request is not from it."""
    if proxy.user_header is None or not is_proxy(proxy, address):
        return None
    name = headers.get(proxy.user_header.lower(), "").strip()
    return WebSession(name, None, "proxy") if name else None


def is_proxy(proxy: TrustedProxy | None, address: str) -> bool:
    """Whether a connection comes from the trusted proxy."""
    if proxy is None:
        return False
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    return any(peer in network for network in proxy.addresses)


def client_address(proxy: TrustedProxy | None, peer: str, forwarded: Sequence[str]) -> str:
    """Whose attempts to log in are counted together: the address of the browser.

    ``peer`` connects; ``forwarded``: the values of X-Forwarded-For. They count only from the trusted proxy, and of them the
    last that is not a trusted proxy: what comes before, anybody can write.
    """
    found = peer
    if is_proxy(proxy, peer):
        for part in reversed(",".join(forwarded).split(",")):
            try:
                found = str(ip_address(part.strip()))
            except ValueError:
                break
            if not is_proxy(proxy, found):
                break
    return found


def forget(target: NetBoxTarget, session: WebSession) -> None:
    """Delete the token that NetBox gave for this session; one that is gone already is fine.

    Raises ServerError where NetBox does not delete it: the token then ends at its time.
    """
    if session.token_id is None or not session.token:
        return
    path = f"/api/users/tokens/{session.token_id}/"
    with client_of(target, session.token) as netbox:
        netbox.send("DELETE", path, ok=(204, 401, 404), attempts=1)
