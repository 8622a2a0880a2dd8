"""NetBox's REST API for applies: guarded writes on list endpoints, and the reads that find their outcome.

pynetbox reads the status and creates journal entries. The rest is plain HTTP, because pynetbox's bulk updates send no
If-Match and drop the answer's status and headers. Measured with 1000 interfaces in batches of 100, pynetbox also takes
0.14 ms of client CPU per object, this 0.03 ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
import orjson

from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.http import REDIRECTS, JsonClient, decode, retry_after
from netbox_sync_dagster.server_errors import LOOK_BETWEEN, ServerError, redirected, too_many
from netbox_sync_dagster.sources.netbox.branch import HEADER, Branch, Branches, MergeState
from netbox_sync_dagster.sources.netbox.client import secrets_of
from netbox_sync_dagster.sources.netbox.ledger_names import names_in_ledger, written_as
from netbox_sync_dagster.sources.reading import understood
from netbox_sync_dagster.wire import AnswerTooLarge

OLDEST = (4, 2)
# From here on URLs in custom fields get a scheme.
_SCHEMES = (4, 7)
_GUARDS = (4, 6)
_MESSAGES = (4, 4)

# gunicorn, NetBox's usual server, takes request lines of 4094 bytes.
_LONGEST_QUERY = 3_000
_PAGE = 1000
# Errors within errors, in NetBox's answers.
_DEEPEST = 20
_REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{1,100}")

Object = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """The answer to a write.

    ``kind``: ``ok`` (written), ``refused`` (not written), ``later`` (not written, try again), ``doubt``
    (whether it was written is not known), ``unsent`` (the request never left). ``status`` is 0 where there
    was no answer. ``message`` is NetBox's own words, or what happened to the connection.
    """

    kind: str
    status: int
    content: Any
    message: str
    request_id: str | None = None
    wait: float | None = None
    timed_out: bool = False


class NetBoxWriter:
    """A NetBox to write to. Thread-safe. Raises ServerError from every read; writes return an Answer."""

    def __init__(self, target: NetBoxTarget) -> None:
        token = target.token()
        scheme = "Bearer" if token.startswith("nbt_") else "Token"
        self.target = target
        self._target = target
        # Answers that do not change while an apply runs, read once.
        self._known: dict[str, Any] = {}
        self._lock = Lock()

        def client() -> JsonClient:
            return JsonClient(
                "netbox",
                target,
                base_url=target.base_url,
                headers={"Authorization": f"{scheme} {token}", "Accept": "application/json"},
                secrets=secrets_of(token),
                concurrency=target.max_in_flight,
                # An apply reads as often as it writes.
                snapshot=False,
            )

        self._client = client()
        # For requests about branches, outside the current branch.
        self._main = client() if target.branch is not None else None
        self.version = "unknown"
        self.plugins: dict[str, Any] = {}
        self.supports_if_match = False
        self.adds_schemes = False
        self.supports_changelog_message = False
        self.branch: Branch | None = None
        self.branches: Branches | None = None
        self._want_messages = target.changelog_message
        self._writes = 0

    @cached_property
    def _api(self) -> Any:
        """pynetbox, for rare requests; loaded with the first call."""
        from netbox_sync_dagster.sources.netbox.api import netbox_api

        return netbox_api(self._client)

    def __enter__(self) -> NetBoxWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.http.close()
        if self._main is not None:
            self._main.http.close()

    @property
    def requests(self) -> int:
        """Requests sent so far, reads included."""
        return self._client.calls + self._writes + (self._main.calls if self._main else 0)

    @property
    def written_as(self) -> str:
        """The ledger's name of the target: main, or the branch."""
        return written_as(self._target, self.branch)

    @property
    def names(self) -> list[str]:
        """All that the ledger may call the target: ``written_as``, and the same by NetBox's former URLs."""
        return names_in_ledger(self._target, self.branch)

    def held(self) -> set[str]:
        """The ledger's names of all targets whose writes are in this one: main, and branches merged into it."""
        merged = [one for one in self.branches.all() if one.merged] if self.branches is not None else []
        return set(names_in_ledger(self._target, None, *merged, self.branch))

    def is_branchable(self, model: str) -> bool:
        """Whether writes of this model (``dcim.device``) go into the branch, not past it into main."""
        return self.branches is None or self.branches.keeps(model)

    def merge_state(self) -> MergeState | None:
        """The state of the current branch compared with main; None for main. Raises ServerError."""
        if self.branches is None or self.branch is None:
            return None
        return self.branches.state(self.branch)

    def connect(self, *, create_branch: bool = False) -> None:
        """Read the version (``/api/status/``), set what depends on it, and choose the branch.

        ``create_branch``: create the configured branch if none is open. Otherwise main is read. Raises ServerError.
        """
        status = self._api.status()
        if not isinstance(status, dict):
            raise _unusable("/api/status/", "something else than its status")
        self.version = str(status.get("netbox-version", ""))
        plugins = status.get("plugins")
        self.plugins = plugins if isinstance(plugins, dict) else {}
        match = re.match(r"(\d+)\.(\d+)", self.version)
        if not match or (number := (int(match[1]), int(match[2]))) < OLDEST:
            raise ServerError(
                "netbox",
                f"version '{self.version}' cannot be written to; this product needs "
                f"{OLDEST[0]}.{OLDEST[1]} or newer",
            )
        self.supports_if_match = number >= _GUARDS
        self.adds_schemes = number >= _SCHEMES
        self.supports_changelog_message = number >= _MESSAGES and self._want_messages
        if self._main is not None:
            self.branches = Branches(self._main, self._target)
            self.branch = self.branches.current(create=create_branch)
            if self.branch is not None:
                self.branches.prove()
                self._client.http.headers[HEADER] = self.branch.schema_id

    def get(self, path: str, params: dict[str, Any]) -> Any:
        """The decoded answer of a GET below the base URL."""
        return self._client.get(path, params)

    def once(self, name: str, ask: Callable[[], T]) -> T:
        """The result of ``ask``, called only once. Exceptions are passed on, and the next call tries again."""
        with self._lock:
            if name not in self._known:
                self._known[name] = ask()
            known: T = self._known[name]
        return known

    def rows(self, object_type: str, params: list[tuple[str, Any]]) -> Iterator[Object]:
        """All objects of a list endpoint that pass the filters, page by page."""
        query: dict[str, list[Any]] = {"limit": [_PAGE]}
        for name, value in params:
            query.setdefault(name, []).append(value)
        offset = 0
        while True:
            page = self._client.get(f"/api/{object_type}/", {**query, "offset": offset})
            if not isinstance(page, dict) or not _are_objects(page.get("results")):
                raise _unusable(f"/api/{object_type}/", "something else than a page of objects")
            yield from map(dated, page["results"])
            offset += len(page["results"])
            if not page.get("next") or not page["results"]:
                return
            if offset > self._client.limits.rows:
                raise ServerError("netbox", too_many(f"/api/{object_type}/", self._client.limits.rows))

    def any_of(
        self, object_type: str, filters: Iterable[list[tuple[str, Any]]], fixed: list[tuple[str, Any]]
    ) -> Iterator[Object]:
        """Objects that match one of several filters (and possibly more: the caller compares them).

        NetBox combines repeated filters with OR, so they are sent together in requests of bounded length.
        """
        params: list[tuple[str, Any]] = []
        for group in filters:
            joined = [*params, *(pair for pair in group if pair not in params)]
            if params and len(urlencode(joined + fixed)) > _LONGEST_QUERY:
                yield from self.rows(object_type, params + fixed)
                joined = list(group)
            params = joined
        if params:
            yield from self.rows(object_type, params + fixed)

    def by_ids(self, object_type: str, ids: Iterable[int], fields: str | None = None) -> dict[int, Object]:
        """Objects by id, without deleted ones and those that the token may not see."""
        fixed = [("fields", fields)] if fields else []
        wanted = sorted(set(ids))
        found = self.any_of(object_type, ([("id", i)] for i in wanted), fixed)
        return {row["id"]: row for row in found}

    def left(self, object_type: str, ids: Iterable[int]) -> dict[int, Object]:
        """Which of these objects a delete has left, with ``id``, ``created`` and ``last_updated``.

        NetBox 4.7 removes a custom field of many objects in the background and lists it until then: it counts as gone.
        """
        rows = self.by_ids(object_type, ids, "id,created,last_updated,status")
        if object_type != "extras/custom-fields":
            return rows
        return {number: row for number, row in rows.items() if not _is_going(row)}

    def fields(self, object_type: str) -> dict[str, Object] | None:
        """NetBox's description of the fields of an object (``OPTIONS``); None if the token may neither add nor
        change."""
        answer = decode("netbox", self._client.send("OPTIONS", f"/api/{object_type}/"))
        actions = (answer.get("actions") or {}) if isinstance(answer, dict) else {}
        return actions.get("POST") or actions.get("PUT") or None

    def writable(self, object_type: str) -> set[str] | None:
        """The fields that NetBox accepts for a new object; None if it does not say."""
        fields = self.fields(object_type)
        if fields is None:
            return None
        return {name for name, about in fields.items() if not about.get("read_only")}

    def add_journal_entries(self, entries: list[Object]) -> list[Object]:
        """Create journal entries once, without a guard; returns NetBox's objects. Raises ServerError."""
        with understood("netbox"):
            made = self._api.extras.journal_entries.create(entries)
            return [dict(record) for record in made]

    def write(
        self, method: str, object_type: str, bodies: list[Object], if_match: list[str] | None = None
    ) -> Answer:
        """Send a list of objects (POST, PATCH or DELETE) once. Never raises for what the server does."""
        headers = {"Content-Type": "application/json"}
        if if_match is not None:
            headers["If-Match"] = ", ".join(sorted({etag(moment) for moment in if_match}))
        self._writes += 1
        try:
            response = self._client.http.request(
                method, f"/api/{object_type}/", content=orjson.dumps(bodies), headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Answer("unsent", 0, None, f"NetBox could not be reached ({type(error).__name__})")
        except httpx.TimeoutException:
            return Answer("doubt", 0, None, "NetBox did not answer in time", timed_out=True)
        except AnswerTooLarge as error:
            return Answer("doubt", 0, None, f"NetBox {error}")
        except httpx.HTTPError as error:
            return Answer("doubt", 0, None, f"the connection to NetBox broke ({type(error).__name__})")
        return _answer(method, response)


def _answer(method: str, response: httpx.Response) -> Answer:
    status = response.status_code
    request_id = _request_id(response)
    try:
        content = orjson.loads(response.content) if response.content else None
    except orjson.JSONDecodeError:
        content = None
    # Only an error has a message: the content of a 2xx answer is data, even if it is not the requested data.
    message = (message_of(content) if status >= 300 else "") or f"NetBox answered {status}"
    if status in REDIRECTS:
        return Answer("refused", status, None, redirected(method, response))
    expected = {"POST": 201, "PATCH": 200, "DELETE": 204}[method]
    # A DELETE has no content; its outcome is always read.
    if status == expected and (method == "DELETE" or _are_objects(content)):
        return Answer("ok", status, content, "", request_id)
    if status == 429:
        return Answer("later", status, content, message, wait=retry_after(response))
    # A 408 comes from a proxy: NetBox never sends it.
    if status >= 500 or status < 300 or status == 408:
        return Answer("doubt", status, content, message, request_id, wait=retry_after(response))
    return Answer("refused", status, content, message, request_id)


def _request_id(response: httpx.Response) -> str | None:
    """NetBox's id of the request, for its changelog; None for a text that cannot be one."""
    value = response.headers.get("x-request-id", "")
    return value if _REQUEST_ID.fullmatch(value) else None


def _unusable(path: str, what: str) -> ServerError:
    return ServerError("netbox", f"GET {path} answered with {what}; {LOOK_BETWEEN}")


def _are_objects(content: Any) -> bool:
    """Whether this is a list of NetBox's objects: each with an id and, if it has one, a valid time."""
    return isinstance(content, list) and all(map(_is_object, content))


def _is_object(row: Any) -> bool:
    if not isinstance(row, dict) or type(row.get("id")) is not int:
        return False
    try:
        return all(moment_of(row[name]) for name in ("created", "last_updated") if row.get(name) is not None)
    except (AttributeError, OverflowError, TypeError, ValueError):
        return False


def _is_going(custom_field: Object) -> bool:
    status = custom_field.get("status")
    return isinstance(status, dict) and status.get("value") == "deleting"


def dated(row: Object) -> Object:
    """The object with ``created`` instead of a missing ``last_updated``, as NetBox does for the ETag.

    A merge of the netbox-branching plugin leaves such objects behind.
    """
    if row.get("last_updated") is None:
        row["last_updated"] = row.get("created")
    return row


def etag(last_updated: str) -> str:
    """The entity tag that NetBox computes from an object's ``last_updated``."""
    return f'W/"{moment_of(last_updated).isoformat()}"'


def moment_of(text: str) -> datetime:
    """NetBox's time text as a moment in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def same_moment(one: str | None, other: str | None) -> bool:
    """Whether two time texts are the same moment; two missing ones are."""
    if one is None or other is None:
        return one is other
    return moment_of(one) == moment_of(other)


def message_of(content: Any, depth: int = _DEEPEST) -> str:
    """The server's words in an error answer, on one line: ``field: text; field: text``."""
    if depth == 0:
        return "..."
    if isinstance(content, dict):
        objects = content.get("errors")
        if isinstance(objects, list) and all(isinstance(item, dict) and "errors" in item for item in objects):
            # From 4.7 on, the errors are with each object; "detail" only counts them.
            return message_of([item["errors"] for item in objects], depth - 1) or _line(
                str(content.get("detail", ""))
            )
        for name in ("detail", "error"):
            if isinstance(content.get(name), str):
                return _line(content[name])
        parts = [(str(name), message_of(value, depth - 1)) for name, value in content.items()]
        return "; ".join(
            text if name in ("__all__", "non_field_errors") else f"{name}: {text}"
            for name, text in parts
            if text
        )[:1000]
    if isinstance(content, list):
        return "; ".join(filter(None, (message_of(item, depth - 1) for item in content)))[:1000]
    return "" if content is None else _line(str(content))


def _line(text: str) -> str:
    return " ".join(text.split())[:1000]
