"""Talking to NetBox: version, credentials, GraphQL and REST lists."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.config.secrets import remember
from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.http import JsonClient, decode
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.branch import HEADER, Branch, Branches
from netbox_sync_dagster.sources.netbox.ledger_names import names_in_ledger

if TYPE_CHECKING:
    import pynetbox

OLDEST = (4, 2)
# The first version whose GraphQL lists page by id; before, only offset paging, which loses rows.
GRAPHQL_SINCE = (4, 5, 2)
# The first version with ``?start=<id>`` in REST.
START_SINCE = (4, 6)
WHO = "netbox"
_REFUSED = (401, 403)


class GraphQLFailure(Exception):
    """GraphQL is off, or could not answer this query; REST may."""


def secrets_of(token: str) -> tuple[str, ...]:
    """What of a token is secret: all of it, and of a v2 token (``nbt_<key>.<token>``) what follows the key."""
    found = (token, *token.partition(".")[2:]) if token.startswith("nbt_") else (token,)
    remember(*found)
    return found


def credentials(token: str) -> dict[str, str]:
    """The headers for a v1 token, or for a v2 token (``nbt_<key>.<token>``)."""
    v2 = token.startswith("nbt_") and "." in token
    return {"Authorization": f"{'Bearer' if v2 else 'Token'} {token}", "Accept": "application/json"}


def parse_version(text: str) -> tuple[int, ...]:
    """``"4.6.8-Docker-3.1"`` -> (4, 6, 8); empty where there is no number in front."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in match.groups(default="0")) if match else ()


def _detail(body: str) -> str:
    """NetBox's own words in a refusal."""
    try:
        return str(json.loads(body)["detail"])[:200]
    except (ValueError, KeyError, TypeError):
        return "no reason given"


class NetBox:
    """One NetBox. ``version`` and ``status`` are known after ``open``.

    All methods raise ServerError with a sentence that says what failed and what to do.
    """

    def __init__(self, target: NetBoxTarget) -> None:
        self.target = target
        token = target.token()
        self.http = JsonClient(
            WHO,
            target,
            base_url=target.base_url,
            headers=credentials(token),
            secrets=secrets_of(token),
            concurrency=target.max_in_flight,
        )
        self.version: tuple[int, ...] = ()
        self.status: dict[str, Any] = {}
        self.branch: Branch | None = None
        self.written_as = names_in_ledger(target, None)

    @cached_property
    def api(self) -> pynetbox.api:
        """pynetbox, for what is asked seldom. Loaded when it is needed: not every command asks NetBox."""
        from netbox_sync_dagster.sources.netbox.api import netbox_api

        return netbox_api(self.http)

    def __enter__(self) -> NetBox:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.__exit__()

    def open(self) -> None:
        """``GET /api/status/``. Raises ServerError where the token is refused or the version too old."""
        try:
            status = self.api.status()
        except ServerError as error:
            if error.status in _REFUSED:
                raise ServerError(
                    WHO,
                    f"the token in {self.target.token_env} was refused ({_detail(error.body)}); check that it is"
                    " complete, enabled, not expired, and allowed from this address",
                    status=error.status,
                ) from None
            if error.status == 404:
                raise ServerError(
                    WHO,
                    f"there is no NetBox API at {self.target.base_url} (/api/status/ answered 404);"
                    " check netbox.url",
                    status=404,
                ) from None
            raise
        text = status.get("netbox-version") if isinstance(status, dict) else None
        self.version = parse_version(str(text or ""))
        if not self.version:
            raise ServerError(WHO, "/api/status/ names no NetBox version; check that netbox.url is a NetBox")
        self.status = status
        if self.version < OLDEST:
            raise ServerError(
                WHO, f"this is NetBox {text}; netbox-sync needs NetBox 4.2 or newer: upgrade NetBox"
            )

    def choose_branch(self) -> None:
        """Read the branch of ``netbox.branch`` from now on, if there is one; main without."""
        if self.target.branch is None:
            return
        branches = Branches(self.http, self.target)
        self.branch = branches.current()
        merged = [branch for branch in branches.all() if branch.merged]
        self.written_as = names_in_ledger(self.target, None, *merged, self.branch)
        if self.branch is not None:
            branches.prove()
            self.http.http.headers[HEADER] = self.branch.schema_id

    @property
    def version_text(self) -> str:
        """The version as NetBox says it."""
        return str(self.status["netbox-version"])

    def graphql(self, query: str, *lists: str) -> dict[str, list[dict[str, Any]]]:
        """The answer's ``lists`` of objects with an id. Raises GraphQLFailure where REST should be tried instead."""
        try:
            response = self.http.send("POST", "/graphql/", json={"query": query})
            answer = decode(WHO, response)
        except ServerError as error:
            if error.retryable or error.status is None:
                raise
            raise GraphQLFailure(error.what) from None
        data = answer.get("data") if isinstance(answer, dict) else None
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if errors or not isinstance(data, dict):
            first = errors[0] if isinstance(errors, list) and errors else errors
            message = first.get("message") if isinstance(first, dict) else first
            raise GraphQLFailure(str(message or "it answered something else than an object with data")[:300])
        for name in lists:
            _check_objects(data.get(name), f"its answer has no list of objects '{name}'")
        return data

    def page(self, path: str, params: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """One page of a REST list: (objects, whether there are more)."""
        answer = self.http.get(f"/api/{path}/", params)
        if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
            raise ServerError(WHO, f"/api/{path}/ answered without a list of results; is this NetBox's API?")
        rows = answer["results"]
        if not all(isinstance(row, dict) and row.get("id") is not None for row in rows):
            raise ServerError(
                WHO, f"/api/{path}/ answered with a list of something else than objects with an id"
            )
        return rows, answer.get("next") is not None

    def number(self, path: str, params: dict[str, Any]) -> int:
        """How many objects a REST list has."""
        answer = self.http.get(f"/api/{path}/", {**params, "limit": 1})
        total = answer.get("count") if isinstance(answer, dict) else None
        if not isinstance(total, int):
            raise ServerError(WHO, f"/api/{path}/ answered without a count; is this NetBox's API?")
        return total


def _check_objects(rows: Any, otherwise: str) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("id") for row in rows):
        raise GraphQLFailure(otherwise)
