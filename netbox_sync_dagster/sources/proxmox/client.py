"""Asking a Proxmox VE API through proxmoxer: its paths and errors, over the transport of every other client."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import httpx
import orjson
from proxmoxer import ProxmoxResource, ResourceException
from pydantic import HttpUrl

from netbox_sync_dagster.config.secrets import forms_in_data, remember
from netbox_sync_dagster.http import READ_ATTEMPTS, REDIRECTS, RETRYABLE_STATUS, JsonClient, decode, pause
from netbox_sync_dagster.server_errors import LOOK_BETWEEN, ServerError, advice, explain, redirected
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.wire import (
    MIB,
    Allowance,
    AnswerTimeout,
    AnswerTooLarge,
    SnapshotOverLimit,
)

# Proxmox passes a request on to the guest's node; these say that it could not reach that node.
_NODE_STATUS = range(595, 600)
_NODE_WORDS = ("no route to host", "hostname lookup", "connection refused", "connection timed out")
_CONNECT_SECONDS = 10.0
# Of what an answer says is wrong.
_LONGEST_WORD = 200
_MOST_ERRORS = 10
# Proxmox's tickets last two hours.
_TICKET_SECONDS = 3600.0


class EndpointDown(ServerError):
    """The whole endpoint stopped answering, or took the credential back, in the middle of a snapshot."""


class _TimedOut(ServerError):
    """One call was not answered in time."""


def node_unreachable(error: ServerError) -> bool:
    """Whether the API answered, but the node that it asked for us did not."""
    if error.status is None:
        return False
    return error.status in _NODE_STATUS or (
        error.status == 500 and any(word in error.what.lower() for word in _NODE_WORDS)
    )


class ProxmoxClient:
    """Reads ``/api2/json`` of one endpoint; safe to use from many threads.

    Raises MissingSecret where the credential's environment variable is not set, ServerError for a URL, a
    certificate or a credential that cannot be used. ``calls`` counts the requests sent.
    """

    def __init__(self, endpoint: ProxmoxEndpoint) -> None:
        self.who = f"endpoint '{endpoint.name}'"
        self.endpoint = endpoint
        self.calls = 0
        self._lock = threading.Lock()
        self._login_lock = threading.Lock()
        self._ticket = ""
        self._ticket_until = 0.0
        # Once the API has answered, a web page is a fault that passes (a proxy's); before, the url is wrong.
        self._proven = False
        self._broken_in_a_row = 0
        self._down: EndpointDown | None = None
        self._secret = endpoint.secret()
        url = endpoint.url
        if url.scheme != "https":
            raise ServerError(self.who, f"Proxmox answers over HTTPS only; write the url as {_as_https(url)}")
        # A path in front of /api2/json is a reverse proxy's; people also paste the API's own.
        prefix = (url.path or "").strip("/").removesuffix("api2/json").strip("/")
        self._where = f"https://{url.host}:{url.port}"
        self._base = "/".join(filter(None, (self._where, prefix, "api2/json")))
        self._client = JsonClient(
            self.who,
            endpoint,
            base_url=self._base,
            headers=self._token_header(),
            secrets=(self._secret,),
            # The workers', and one for what is asked beside them.
            concurrency=endpoint.fetch_max_concurrency + 1,
        )
        self._agent_allowance = Allowance(2 * endpoint.agent_timeout, endpoint.limits.answer_mib * MIB)

    def __enter__(self) -> ProxmoxClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    @property
    def echoed(self) -> str:
        """A sentence where an answer held our own credential; else empty."""
        return self._client.echoed

    def _token_header(self) -> dict[str, str]:
        endpoint = self.endpoint
        if not endpoint.token_name:
            return {}
        # People paste the whole user@realm!name=uuid line.
        self._secret = self._secret.removeprefix(f"{endpoint.user}!{endpoint.token_name}=")
        remember(self._secret)
        if not self._secret.isascii() or not self._secret.isprintable():
            raise ServerError(
                self.who, f"{self._credential()} holds characters that no token has; set it again"
            )
        return {"Authorization": f"PVEAPIToken={endpoint.user}!{endpoint.token_name}={self._secret}"}

    def get(self, path: str, *, attempts: int = READ_ATTEMPTS, agent: bool = False, **params: Any) -> Any:
        """The ``data`` of a GET. ``agent``: with the endpoint's agent_timeout and without a second try.

        429, 502, 503, 504 and broken connections are tried again with back-off, a time-out once. Raises
        ServerError; EndpointDown, from then on for every call, if nothing answers: a thousand
        guests must not each wait for a dead server.
        """
        tries = 1 if agent else attempts
        for attempt in range(1, tries + 1):
            if self._down:
                raise self._down
            try:
                answer = self._once(path, agent, params)
            except ServerError as failure:
                last = attempt == tries or (isinstance(failure, _TimedOut) and attempt == 2)
                if not failure.retryable or not failure.at_once or last:
                    self._judge(failure, agent)
                    raise
                time.sleep(pause(attempt))
            else:
                self._broken_in_a_row = 0
                self._proven = True
                return answer
        raise AssertionError("unreachable: the loop returns or raises")

    def _judge(self, failure: ServerError, agent: bool) -> None:
        """Decide whether a failure is the endpoint's end."""
        if isinstance(failure, EndpointDown):
            self._down = failure
        if failure.status == 401:
            self._down = EndpointDown(self.who, failure.what, status=401)
        if failure.status is not None or agent or not failure.retryable:
            return
        with self._lock:
            self._broken_in_a_row += 1
            if self._broken_in_a_row < self.endpoint.fetch_max_concurrency or self._down:
                return
            self._broken_in_a_row = 0
        try:
            self._once("version", False, {})
        except ServerError as error:
            self._down = EndpointDown(self.who, error.what, retryable=error.retryable, status=error.status)

    def _once(self, path: str, agent: bool, params: dict[str, Any]) -> Any:
        call = f"GET /{path}"
        session = _Session(self, call, agent)
        api = ProxmoxResource(base_url=self._base, session=session, serializer=session)
        try:
            return api(path).get(**params)
        except ResourceException as error:
            raise self._refused(call, error) from None
        except (KeyError, TypeError, AttributeError, ValueError):
            # An answer that is JSON but not Proxmox's.
            raise ServerError(
                self.who,
                f"{call} answered something that is not Proxmox's; check that `url` is {self._where}'s API",
            ) from None

    def send(self, call: str, method: str, url: str, *, agent: bool = False, **more: Any) -> httpx.Response:
        """One request and its whole answer, of whatever status but a redirect. Raises ServerError."""
        with self._lock:
            self.calls += 1
        timeout = self.endpoint.agent_timeout if agent else self.endpoint.timeout
        extensions = {"allowance": self._agent_allowance} if agent else {}
        try:
            response = self._client.http.request(
                method,
                url,
                timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
                extensions=extensions,
                **more,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._broken(call, error, agent=agent) from None
        status = response.status_code
        if status in REDIRECTS:
            raise ServerError(self.who, redirected(call, response), status=status)
        if status // 100 == 3:
            # proxmoxer takes these for an empty answer.
            raise ServerError(self.who, f"{call} answered {status}; {LOOK_BETWEEN}", status=status)
        return response

    def ticket(self) -> dict[str, str]:
        """The header with the ticket of a login by password; empty with a token. Raises ServerError.

        One login for all threads; Proxmox takes its own ticket as the password of the next one, which spares it
        the slow check against PAM or LDAP.
        """
        if self.endpoint.token_name:
            return {}
        with self._login_lock:
            if time.monotonic() >= self._ticket_until:
                self._log_in()
            return {"Cookie": f"PVEAuthCookie={self._ticket}"}

    def _log_in(self) -> None:
        response = self._ask_ticket(self._ticket or self._secret)
        if response.status_code == 401 and self._ticket:
            # The ticket has run out, or this server renews none.
            response = self._ask_ticket(self._secret)
        status = response.status_code
        if status == 401:
            what = f"the server refused {self._credential()}; check user, realm and password"
            raise ServerError(self.who, what, status=401)
        if status != 200:
            what = (
                f"the login of {self.endpoint.user} answered {status}; check that `url` is a Proxmox VE API"
            )
            raise ServerError(self.who, what, retryable=status in RETRYABLE_STATUS, status=status)
        answer = decode(self.who, response, proven=self._proven)
        data = answer.get("data") if isinstance(answer, dict) else None
        ticket = data.get("ticket") if isinstance(data, dict) else None
        if (
            not isinstance(data, dict)
            or not isinstance(ticket, str)
            or not ticket.isascii()
            or not ticket.isprintable()
        ):
            what = (
                f"the login answered something that is not Proxmox's; check that `url` is {self._where}'s API"
            )
            raise ServerError(self.who, what)
        if data.get("NeedTFA"):
            what = f"{self.endpoint.user} logs in with a second factor; use an API token for netbox-sync"
            raise ServerError(self.who, what, status=401)
        secrets = [ticket, str(data.get("CSRFPreventionToken") or "")]
        remember(*secrets)
        # The answer to a login holds the ticket; any other that does is an echo.
        self._client.transport.masked = forms_in_data(self._secret, *secrets)
        self._ticket, self._ticket_until = ticket, time.monotonic() + _TICKET_SECONDS

    def _ask_ticket(self, password: str) -> httpx.Response:
        form = {"username": self.endpoint.user, "password": password}
        return self.send("POST /access/ticket", "POST", f"{self._base}/access/ticket", data=form)

    def loads(self, response: httpx.Response, call: str) -> Any:
        """The ``data`` of an answer. Raises ServerError, and what an answer of another form makes Python raise."""
        if response.content.lstrip()[:1] == b"<":
            raise ServerError(
                self.who,
                f"{call} answered with a web page instead of JSON; check that `url` is {self._where}'s API"
                " and that there is no portal or proxy in front of it",
                retryable=self._proven,
            )
        try:
            return decode(self.who, response)["data"]
        except ServerError as error:
            # The status says that all is well, and callers take a status for Proxmox's own refusal.
            raise ServerError(self.who, error.what, retryable=error.retryable) from None

    def _clean(self, error: object, longest: int = 300) -> str:
        """A library's text on one line."""
        return " ".join(str(error).split())[:longest]

    def _refused(self, call: str, error: ResourceException) -> ServerError:
        status = int(error.status_code)
        message = self._clean(error.content or error.status_message or "no reason given")
        if isinstance(error.errors, dict):
            detail = "; ".join(f"{key}: {value}" for key, value in error.errors.items())
            message = f"{message} ({self._clean(detail)})" if detail else message
        if status == 401:
            what = f"the server refused {self._credential()} (401: {message}); check it and that it has not expired"
        elif status == 403:
            what = f"no permission for {call} (403: {message}); give {self.endpoint.user} that right"
        elif status in _NODE_STATUS:
            what = f"{call}: the cluster cannot reach that node ({status}: {message})"
        elif status == 404:
            what = f"{call} answered 404: {message}; check that `url` is a Proxmox VE API"
        else:
            # Proxmox's own 500 says in its reason phrase what is wrong.
            own_words = status == 500 and message != "Internal Server Error"
            what = f"{call} answered {status}: {message}{'' if own_words else advice(status)}"
        return ServerError(self.who, what, retryable=status in RETRYABLE_STATUS, status=status)

    def _credential(self) -> str:
        endpoint = self.endpoint
        if endpoint.token_name:
            return f"the token {endpoint.user}!{endpoint.token_name} in {endpoint.token_env}"
        return f"the password of {endpoint.user}"

    def _broken(
        self, call: str, error: httpx.HTTPError | httpx.InvalidURL, *, agent: bool = False
    ) -> ServerError:
        text = self._clean(error, 2000)
        where = self._where
        if isinstance(error, SnapshotOverLimit):
            return EndpointDown(self.who, text, whole=True)
        if agent and isinstance(error, httpx.TimeoutException | AnswerTimeout):
            how = text if isinstance(error, AnswerTimeout) else "was not answered in time"
            what = f"{call} {how}; raise `agent_timeout` or look at the guest agent"
            return _TimedOut(self.who, what, retryable=True)
        if isinstance(error, AnswerTimeout | AnswerTooLarge | httpx.DecodingError | httpx.ProxyError):
            return explain(self.who, self._base, error)
        if isinstance(error, httpx.ConnectError) and "SSL" in text:
            if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
                what = f"{where} does not speak TLS; check the port (Proxmox VE listens on 8006)"
            else:
                what = f"TLS to {where} failed ({_core(text)}); set tls.ca to your certificate authority's PEM file"
            return ServerError(self.who, what)
        if isinstance(error, httpx.ConnectTimeout):
            what = f"cannot connect to {where} in time; check the url and the network"
        elif isinstance(error, httpx.TimeoutException):
            what = f"{call} was not answered in time; raise `timeout` or look at the server"
            return _TimedOut(self.who, what, retryable=True)
        elif isinstance(error, httpx.ConnectError) and "refused" in text:
            what = (
                f"{where} refused the connection; check the url (Proxmox VE listens on 8006) and the network"
            )
        elif isinstance(error, httpx.ConnectError) and ("Name or service" in text or "resolution" in text):
            what = f"the name in {where} cannot be resolved; check the url"
        else:
            what = f"the connection to {where} broke during {call} ({type(error).__name__}); {LOOK_BETWEEN}"
        unreachable = not what.startswith("the connection")
        return ServerError(self.who, what, retryable=True, unreachable=unreachable)


class _Session:
    """What proxmoxer asks of its session and of its serializer, for one call."""

    def __init__(self, client: ProxmoxClient, call: str, agent: bool) -> None:
        self._client, self._call, self._agent = client, call, agent

    def request(self, method: str, url: str, *, data: Any = None, params: Any = None) -> Any:
        """The answer as proxmoxer reads it: ``status_code``, ``reason``, ``content``."""
        response = self._client.send(
            self._call,
            method,
            url,
            agent=self._agent,
            params=params or None,
            data=data or None,
            headers=self._client.ticket(),
        )
        response.reason = response.reason_phrase  # type: ignore[attr-defined]
        return response

    def loads(self, response: httpx.Response) -> Any:
        """The ``data`` of an answer."""
        return self._client.loads(response, self._call)

    def loads_errors(self, response: httpx.Response) -> Any:
        """What an answer says is wrong, by parameter."""
        try:
            content = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            return None
        errors = content.get("errors") if isinstance(content, dict) else None
        if not isinstance(errors, dict):
            return None
        known = [(key, value) for key, value in errors.items() if isinstance(value, str)]
        return {key[:_LONGEST_WORD]: value[:_LONGEST_WORD] for key, value in known[:_MOST_ERRORS]}


def _as_https(url: HttpUrl) -> str:
    """The address with https, and with its port unless that is the one of HTTP."""
    return f"https://{url.host}:{url.port if url.port not in (None, 80) else 8006}"


def _core(text: str) -> str:
    """OpenSSL's own words in a nested TLS error text: "[SSL: ...] ... (_ssl.c:1006)" without the brackets."""
    match = re.search(r"\[\w+(?:: \w+)?\] (.*?) \(_ssl", text)
    return match[1] if match else text[-200:]
