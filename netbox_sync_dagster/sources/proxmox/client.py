"""Asking a Proxmox VE API through proxmoxer: one session per thread, timeouts, retries, plain sentences."""

from __future__ import annotations

import re
import ssl
import threading
import time
from typing import Any

import requests
from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException

from netbox_sync_dagster.config.proxmox import ProxmoxEndpoint
from netbox_sync_dagster.sources.http import (
    LOOK_BETWEEN,
    PASSING_STATUS,
    READ_ATTEMPTS,
    SourceError,
    advice,
    pause,
)

# Proxmox passes a request on to the guest's node; these say that it could not reach that node.
_NODE_STATUS = range(595, 600)
_NODE_WORDS = ("no route to host", "hostname lookup", "connection refused", "connection timed out")
_CONNECT_SECONDS = 10.0


class EndpointDown(SourceError):
    """The whole endpoint stopped answering, or took the credential back, in the middle of a snapshot."""


class _TimedOut(SourceError):
    """One call was not answered in time."""


def node_unreachable(error: SourceError) -> bool:
    """Whether the API answered, but the node that it asked for us did not."""
    if error.status is None:
        return False
    return error.status in _NODE_STATUS or (
        error.status == 500 and any(word in error.what.lower() for word in _NODE_WORDS)
    )


class ProxmoxClient:
    """Reads ``/api2/json`` of one endpoint; safe to use from many threads.

    Raises MissingSecret where the credential's environment variable is not set, SourceError for a URL that
    cannot be used. ``calls`` counts the requests sent.
    """

    def __init__(self, endpoint: ProxmoxEndpoint) -> None:
        self.who = f"endpoint '{endpoint.name}'"
        self.endpoint = endpoint
        self.calls = 0
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []
        self._ticket: str | None = None
        # Once the API has answered, a web page is a passing fault (a proxy's); before, the url is wrong.
        self._proven = False
        self._broken_in_a_row = 0
        self._down: EndpointDown | None = None
        self._secret = endpoint.secret()
        url = endpoint.url
        if url.scheme != "https":
            raise SourceError(
                self.who, f"Proxmox answers over HTTPS only; write the url as https://{url.host}:8006"
            )
        # A path in front of /api2/json is a reverse proxy's; people also paste the API's own.
        path = (url.path or "").strip("/")
        self._prefix = path.removesuffix("api2/json").strip("/") or None
        self._where = f"https://{url.host}:{url.port}"

    def __enter__(self) -> ProxmoxClient:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions:
            session.close()

    def get(self, path: str, *, attempts: int = READ_ATTEMPTS, agent: bool = False, **params: Any) -> Any:
        """The ``data`` of a GET. ``agent``: with the endpoint's agent_timeout and without a second try.

        429, 502, 503, 504 and broken connections are tried again with back-off, a time-out once. Raises
        SourceError; EndpointDown, from then on for every call, where nothing answers any more: a thousand
        guests must not each wait for a dead server.
        """
        tries = 1 if agent else attempts
        for attempt in range(1, tries + 1):
            if self._down:
                raise self._down
            try:
                answer = self._once(path, agent, params)
            except SourceError as failure:
                last = attempt == tries or (isinstance(failure, _TimedOut) and attempt == 2)
                if not failure.passing or last:
                    self._judge(failure, agent)
                    raise
                time.sleep(pause(attempt))
            else:
                self._broken_in_a_row = 0
                self._proven = True
                return answer
        raise AssertionError("unreachable: the loop returns or raises")

    def _judge(self, failure: SourceError, agent: bool) -> None:
        """Decide whether a failure is the endpoint's end."""
        if failure.status == 401:
            self._down = EndpointDown(self.who, failure.what, status=401)
        if failure.status is not None or agent or not failure.passing:
            return
        with self._lock:
            self._broken_in_a_row += 1
            if self._broken_in_a_row < self.endpoint.fetch_max_concurrency or self._down:
                return
            self._broken_in_a_row = 0
        try:
            self._once("version", False, {})
        except SourceError as error:
            self._down = EndpointDown(self.who, error.what, passing=error.passing, status=error.status)

    def _once(self, path: str, agent: bool, params: dict[str, Any]) -> Any:
        call = f"GET /{path}"
        try:
            api = self._api(agent)
            with self._lock:
                self.calls += 1
            answer = api(path).get(**params)
        except ResourceException as error:
            raise self._refused(call, error) from None
        except AuthenticationError as error:
            raise self._login_refused(error) from None
        except requests.RequestException as error:
            raise self._broken(call, error) from None
        except (OSError, ssl.SSLError) as error:
            raise SourceError(self.who, f"the file in tls.ca cannot be used ({self._clean(error)})") from None
        except (KeyError, TypeError, AttributeError, ValueError):
            # proxmoxer's own decoding of an answer that is JSON but not Proxmox's.
            raise SourceError(
                self.who,
                f"{call} answered something that is not Proxmox's; check that `url` is {self._where}'s API",
            ) from None
        if isinstance(answer, dict) and isinstance(answer.get("errors"), bytes):
            # proxmoxer hands an answer that is no JSON through under this key.
            raise self._no_json(call, answer["errors"])
        return answer

    def _api(self, agent: bool) -> ProxmoxAPI:
        """This thread's session; a second one for the agent, because the timeout belongs to the session."""
        slot = "agent" if agent else "bulk"
        api = getattr(self._local, slot, None)
        if api is None:
            api = self._login(self.endpoint.agent_timeout if agent else self.endpoint.timeout)
            setattr(self._local, slot, api)
        return api

    def _login(self, timeout: float) -> ProxmoxAPI:
        endpoint = self.endpoint
        options: dict[str, Any] = {
            "port": endpoint.url.port,
            "path_prefix": self._prefix,
            "verify_ssl": str(endpoint.tls.ca)
            if endpoint.tls.ca and endpoint.tls.verify
            else endpoint.tls.verify,
            "timeout": (min(timeout, _CONNECT_SECONDS), timeout),
            "user": endpoint.user,
        }
        host = endpoint.url.host or ""
        if endpoint.token_name:
            # People paste the whole user@realm!name=uuid line.
            value = self._secret.removeprefix(f"{endpoint.user}!{endpoint.token_name}=")
            api = ProxmoxAPI(host, token_name=endpoint.token_name, token_value=value, **options)
        else:
            # One login with the password; Proxmox takes its own ticket as the password of further ones, which
            # spares the other threads the slow check against PAM or LDAP.
            with self._lock:
                try:
                    api = ProxmoxAPI(host, password=self._ticket or self._secret, **options)
                except AuthenticationError:
                    if self._ticket is None:
                        raise
                    # The ticket has run out, or this server renews none.
                    api = ProxmoxAPI(host, password=self._secret, **options)
                self._ticket = api.get_tokens()[0]
        session = api._store["session"]
        with self._lock:
            # proxmoxer has no close(); without one the sockets would wait for the garbage collector.
            self._sessions.append(session)
        self._look_around_once(session)
        return api

    def _look_around_once(self, session: Any) -> None:
        """Take proxies and authorities from the environment now: requests would look for them at every call,
        which costs a third of one."""
        found = session.merge_environment_settings(self._where, {}, None, session.auth.verify_ssl, None)
        session.proxies, session.auth.verify_ssl = found["proxies"], found["verify"]
        session.trust_env = False

    def _clean(self, error: object, longest: int = 300) -> str:
        """A library's text on one line, without our credentials."""
        line = " ".join(str(error).split())
        for secret in (self._secret, self._ticket):
            if secret:
                line = line.replace(secret, "***")
        return line[:longest]

    def _refused(self, call: str, error: ResourceException) -> SourceError:
        status = int(error.status_code)
        message = self._clean(error.content or error.status_message or "no reason given")
        if isinstance(error.errors, dict) and not isinstance(error.errors.get("errors"), bytes):
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
        return SourceError(self.who, what, passing=status in PASSING_STATUS, status=status)

    def _credential(self) -> str:
        endpoint = self.endpoint
        if endpoint.token_name:
            return f"the token {endpoint.user}!{endpoint.token_name}"
        return f"the password of {endpoint.user}"

    def _login_refused(self, error: AuthenticationError) -> SourceError:
        text = self._clean(error)
        status = next((int(word) for word in text.split() if word.isdigit() and len(word) == 3), None)
        if status is not None and status != 401:
            what = (
                f"the login of {self.endpoint.user} answered {status}; check that `url` is a Proxmox VE API"
            )
            return SourceError(self.who, what, passing=status in PASSING_STATUS, status=status)
        return SourceError(
            self.who, f"the server refused {self._credential()}; check user, realm and password", status=401
        )

    def _broken(self, call: str, error: requests.RequestException) -> SourceError:
        text = self._clean(error, 2000)
        where = self._where
        if isinstance(error, requests.exceptions.SSLError):
            if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
                what = f"{where} does not speak TLS; check the port (Proxmox VE listens on 8006)"
            elif "NO_CERTIFICATE_OR_CRL" in text or "PEM lib" in text:
                what = f"the file in tls.ca cannot be used ({_core(text)}); it has to hold PEM certificates"
            else:
                what = f"TLS to {where} failed ({_core(text)}); set tls.ca to your certificate authority's PEM file"
            return SourceError(self.who, what)
        if isinstance(error, requests.exceptions.ConnectTimeout):
            what = f"cannot connect to {where} in time; check the url and the network"
        elif isinstance(error, requests.exceptions.Timeout):
            what = f"{call} was not answered in time; raise `timeout` or look at the server"
            return _TimedOut(self.who, what, passing=True)
        elif isinstance(error, requests.exceptions.JSONDecodeError):
            return self._no_json(call, error.doc.encode())
        elif isinstance(error, requests.exceptions.InvalidHeader):
            return SourceError(
                self.who, f"{self._credential()} holds characters that no token has; set it again"
            )
        elif isinstance(error, requests.exceptions.TooManyRedirects):
            return SourceError(self.who, f"{where} redirects in a circle; check the url")
        elif isinstance(error, requests.exceptions.ConnectionError) and "refused" in text:
            what = (
                f"{where} refused the connection; check the url (Proxmox VE listens on 8006) and the network"
            )
        elif isinstance(error, requests.exceptions.ConnectionError) and "resol" in text:
            what = f"the name in {where} cannot be resolved; check the url"
        else:
            what = f"the connection to {where} broke during {call} ({type(error).__name__}); {LOOK_BETWEEN}"
        unreachable = not what.startswith("the connection")
        return SourceError(self.who, what, passing=True, unreachable=unreachable)

    def _no_json(self, call: str, content: bytes) -> SourceError:
        if content.lstrip()[:1] == b"<":
            return SourceError(
                self.who,
                f"{call} answered with a web page instead of JSON; check that `url` is {self._where}'s API"
                " and no portal or proxy stands before it",
                passing=self._proven,
            )
        what = f"{call} answered with broken JSON ({len(content)} bytes); the answer was cut off"
        return SourceError(self.who, what, passing=True)


def _core(text: str) -> str:
    """OpenSSL's own words in a nested TLS error text: "[SSL: ...] ... (_ssl.c:1006)" without the brackets."""
    match = re.search(r"\[\w+(?:: \w+)?\] (.*?) \(_ssl", text)
    return match[1] if match else text[-200:]
