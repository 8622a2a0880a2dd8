"""``POST /hooks/<endpoint>``: a server says what has changed there. The secret proves who sends it; nobody logs in.

A hook starts a sync, and opens nothing else: the answer says nothing of the warehouse, and there is no session.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.config.hooks import NETBOX_HOOK, hook_secret, hook_variables
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.sources.hooks import HookError
from netbox_sync_dagster.sources.reading import MALFORMED
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.text import Shown, visible
from netbox_sync_dagster.web.visit import State, page_state

if TYPE_CHECKING:
    from netbox_sync_dagster.config import Endpoint

# The body of a NetBox webhook holds an object twice, with its custom fields and local configuration.
MOST_BODY = 1024 * 1024
# Seconds in which a body must arrive.
_BODY_SECONDS = 10.0


class _Refusal(Exception):
    """The answer to a hook that is not accepted."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class _Hook:
    """One hook of the configuration: its secret, how the sender proves that it knows it, and what is done with the body.
    ``take`` returns what is done, in words."""

    secret: str
    is_genuine: Callable[[Mapping[str, str], bytes, str], bool]
    take: Callable[[Mapping[str, Any]], str]


async def receive(request: Request) -> Response:
    """Check a hook, and leave the sync to the queue; 202 at once."""
    state = page_state(request)
    name = str(request.path_params["name"])
    try:
        hook = await run_in_threadpool(_find, state, name)
        body = await _body(request)
        if not hook.is_genuine(dict(request.headers), body, hook.secret):
            state.refused_hooks.tell(name, f"hook: a request to /hooks/{name} had no or a wrong secret")
            raise _Refusal(401, "The secret is missing or wrong.")
        done = hook.take(_content(body))
    except _Refusal as refusal:
        return _answer(refusal.status, refusal.text)
    except HookError as error:
        return _answer(400, f"{visible(error)}.")
    except ClientDisconnect:
        return _answer(400, "The request ended early.")
    return _answer(202, done)


def _answer(status: int, text: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return PlainTextResponse(f"{text}\n", status_code=status, headers=headers)


def _find(state: State, name: str) -> _Hook:
    """The hook of this name. Raises _Refusal where there is none, whatever the reason."""
    nothing = _Refusal(404, "There is no such hook.")
    try:
        config = state.config
    except (UserError, OSError) as error:
        # Of any name, so that there is one key.
        state.refused_hooks.tell("", f"hook: {sentence(error)}")
        raise nothing from None
    variable = _variable_of(config, name)
    if variable is None:
        raise nothing
    try:
        secret = hook_secret(variable, name)
    except UserError as error:
        state.refused_hooks.tell(name, f"hook: {sentence(error)}")
        raise nothing from None
    if name == NETBOX_HOOK:
        return _netbox_hook(state, secret)
    return _source_hook(state, config.endpoint(name), secret)


def _variable_of(config: Config, name: str) -> str | None:
    """The environment variable with the secret of a hook; None where the configuration has no such hook."""
    if name == NETBOX_HOOK:
        return config.netbox.hook_secret_env
    endpoint = next((one for one in config.endpoints if one.name == name and one.enabled), None)
    return endpoint.hook_secret_env if endpoint is not None else None


def _source_hook(state: State, endpoint: Endpoint, secret: str) -> _Hook:
    source = source_of(endpoint.kind)

    def take(content: Mapping[str, Any]) -> str:
        try:
            objects = source.hook_objects(endpoint, content)
        except MALFORMED as error:
            raise HookError(f"the body is not as {source.title} sends it ({type(error).__name__})") from error
        if source.object_word is None or not objects:
            state.hooks.read(endpoint.name, [])
            return "accepted: the whole endpoint"
        state.hooks.read(endpoint.name, objects)
        return f"accepted: {source.object_word} {visible(', '.join(objects), 80)}"

    return _Hook(secret, source.hook_is_genuine, take)


def _netbox_hook(state: State, secret: str) -> _Hook:
    # NetBox's queries, which the pages do not need.
    from netbox_sync_dagster.sources.netbox.hooks import is_genuine, read_hook

    def take(content: Mapping[str, Any]) -> str:
        edit = read_hook(content)
        if not edit.is_compared:
            return "ignored: no comparison reads such objects"
        state.hooks.edited(edit)
        return f"accepted: {visible(edit.model, 80)} {edit.id}"

    return _Hook(secret, is_genuine, take)


async def _body(request: Request) -> bytes:
    """The body. Raises _Refusal for one that is too large or too slow."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BODY:
                    raise _Refusal(413, f"The body is larger than {MOST_BODY // 1024} KiB.")
                parts.append(part)
    except TimeoutError:
        raise _Refusal(408, f"The body did not arrive within {_BODY_SECONDS:.0f} seconds.") from None
    return b"".join(parts)


def _content(body: bytes) -> Mapping[str, Any]:
    """The JSON object in the body; empty for an empty body. Raises _Refusal."""
    if not body.strip():
        return {}
    try:
        # Templates of senders put line breaks into strings unescaped.
        found = json.loads(body.decode("utf-8-sig"), strict=False)
    except (ValueError, RecursionError):
        raise _Refusal(400, "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise _Refusal(400, "The body is not a JSON object, such as {}.")
    return found


def hook_reports(config: Config) -> list[Shown]:
    """Lines for the start of the server: the hooks that are on, and why others are not."""
    on, off = [], []
    for name, variable in hook_variables(config).items():
        try:
            hook_secret(variable, name)
        except UserError as error:
            off.append(Shown(f"hook: {visible(sentence(error))}"))
        else:
            on.append(f"/hooks/{name}")
    return [Shown(f"hooks: {', '.join(on)}"), *off] if on else off
