"""Asking a Docker daemon: over its socket file, HTTP or HTTPS, in a version of its API that both sides know."""

from __future__ import annotations

import re
from typing import Any

import httpx

from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError, advice, message, start_of
from netbox_sync_dagster.sources.docker.config import DockerEndpoint

Version = tuple[int, int]

# The oldest API that gives every field that is read here (Docker 1.13), and the newest whose description was
# compared with what is read here.
OLDEST: Version = (1, 25)
NEWEST: Version = (1, 55)

_VERSION = re.compile(r"(\d+)\.(\d+)")
# What a TLS peer says that wants a certificate and got none, or none that it knows.
_WANTS_CERTIFICATE = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")
_CERTIFICATE = "asks for a client certificate that it knows: set tls.cert and tls.key"


class DockerClient(JsonClient):
    """A thread-safe client for one daemon. ``negotiate`` comes before ``ask``."""

    def __init__(self, endpoint: DockerEndpoint) -> None:
        super().__init__(
            f"endpoint '{endpoint.name}'",
            endpoint,
            # The host's name is of no meaning on a socket, but HTTP asks for one.
            base_url="http://docker" if endpoint.socket else endpoint.url,
            concurrency=endpoint.fetch_max_concurrency,
            socket=endpoint.socket,
        )
        self.endpoint = endpoint
        self._prefix = ""

    def __enter__(self) -> DockerClient:
        return self

    def negotiate(self) -> dict[str, Any]:
        """Agree on a version of the API; returns the daemon's answer to ``GET /version``. Raises ServerError."""
        answer = self.get("/version")
        newest = version(answer.get("ApiVersion")) if isinstance(answer, dict) else None
        if newest is None:
            raise ServerError(
                self.who, "GET /version names no ApiVersion; check that `url` is a Docker daemon's"
            )
        oldest = version(answer.get("MinAPIVersion")) or (1, 12)
        if newest < OLDEST:
            raise ServerError(
                self.who,
                f"the daemon speaks API version {dotted(newest)} at most; {dotted(OLDEST)} (Docker 1.13) is needed",
            )
        if oldest > NEWEST:
            raise ServerError(
                self.who,
                f"the daemon speaks API version {dotted(oldest)} at least, and this netbox-sync knows "
                f"{dotted(NEWEST)}; a newer netbox-sync is needed",
            )
        self._prefix = f"/v{dotted(min(newest, NEWEST))}"
        return dict(answer)

    def ask(self, path: str, *, attempts: int | None = None, **params: Any) -> Any:
        """The decoded answer of ``GET /<path>`` in the version agreed on. Raises ServerError."""
        return self.get(f"{self._prefix}/{path}", params or None, attempts=attempts)

    def _explain(self, error: Exception) -> ServerError:
        text = str(error)
        socket, url = self.endpoint.socket, self.endpoint.url
        if socket is not None and isinstance(error, httpx.ConnectError):
            return self._socket_closed(socket, text)
        if any(word in text for word in _WANTS_CERTIFICATE):
            what = f"TLS to {url} failed ({text}); the daemon {_CERTIFICATE}"
            return ServerError(self.who, what)
        broke = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError)
        if broke and url.startswith("https://") and not self._proven:
            # Whether the alert that says so still arrives is a matter of luck.
            what = f"TLS to {url} ended without an answer ({type(error).__name__}); perhaps the daemon {_CERTIFICATE}"
            return ServerError(self.who, what, retryable=True)
        if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
            what = f"{url} does not speak TLS; write http:// or check the port (Docker's TLS port is 2376)"
            return ServerError(self.who, what, unreachable=True)
        found = super()._explain(error)
        if socket is not None:
            found = ServerError(
                self.who,
                found.what.replace("http://docker", f"socket {socket}"),
                retryable=found.retryable,
                at_once=found.at_once,
                whole=found.whole,
            )
        return found

    def _socket_closed(self, socket: str, text: str) -> ServerError:
        if "Errno 13" in text:
            what = (
                f"no permission to open the socket {socket}; run netbox-sync as a member of the socket's group "
                "(usually docker), or reach the daemon over https"
            )
            return ServerError(self.who, what, unreachable=True)
        if "Errno 2]" in text:
            what = f"there is no socket {socket}; check the url, and that the daemon is running"
        else:
            what = f"the daemon does not answer on the socket {socket} ({text}); check that it is running"
        return ServerError(self.who, what, retryable=True, unreachable=True)

    def _refused(self, method: str, path: str, response: httpx.Response) -> ServerError:
        """The daemon itself knows no users: 401 and 403 come from a proxy or plugin before it."""
        status, call = response.status_code, f"{method} {path}"
        text = start_of(response)
        said = message(text)
        if status in (401, 403):
            what = (
                f"no permission for {call} ({status}: {said}); let the proxy or the authorization plugin "
                "before the daemon allow it"
            )
        elif status == 400 and "HTTPS server" in text:
            what = (
                f"the daemon at {self.endpoint.url} asks for TLS; write https:// and set tls.cert and tls.key"
            )
        elif status in (400, 404) and "/version" not in path:
            what = f"{call} answered {status}: {said}{advice(status)}"
        else:
            return super()._refused(method, path, response)
        return ServerError(self.who, what, status=status, body=text)


def version(value: Any) -> Version | None:
    """(1, 41) of ``"1.41"``; None for anything else."""
    match = _VERSION.fullmatch(value) if isinstance(value, str) else None
    return (int(match[1]), int(match[2])) if match else None


def dotted(value: Version) -> str:
    """``"1.41"`` of (1, 41)."""
    return f"{value[0]}.{value[1]}"
