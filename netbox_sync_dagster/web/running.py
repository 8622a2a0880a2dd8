"""What runs in a thread of this server while people watch: its lines, as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from netbox_sync_dagster.web import shown

_T = TypeVar("_T")

# How often a watcher looks, and how long the stream is silent before a sign of life.
_LOOK_SECONDS = 0.2
_SIGN_SECONDS = 10.0


async def news_of(
    lines: Sequence[_T], is_done: Callable[[], bool], seen: int
) -> AsyncIterator[tuple[int, _T | None]]:
    """(number, line) from line ``seen`` on as they come; (number, None) now and then while nothing does. Ends when it is
    done. Waiting holds no thread, however many watch."""
    silent = 0.0
    while True:
        # In this order: the last line comes before the end.
        over = is_done()
        fresh = lines[seen:]
        for line in fresh:
            seen += 1
            yield seen, line
        if over and len(lines) <= seen:
            return
        silent = 0.0 if fresh else silent + _LOOK_SECONDS
        if silent >= _SIGN_SECONDS:
            silent = 0.0
            yield seen, None
        await asyncio.sleep(_LOOK_SECONDS)


async def step_events(
    lines: Sequence[tuple[str, str]], is_done: Callable[[], bool], seen: int
) -> AsyncIterator[str]:
    """Server-sent events, one per line of (server, what it does), then ``end``."""
    async for number, line in news_of(lines, is_done, seen):
        if line is None:
            yield ": still running\n\n"
            continue
        name, text = line
        yield f"id: {number}\ndata: {json.dumps({'text': f'{shown.text(name)}: {shown.text(text)}'})}\n\n"
    yield "event: end\ndata: {}\n\n"


def stream_of(request: Request, lines: Sequence[tuple[str, str]], is_done: Callable[[], bool]) -> Response:
    """The response with the events of what runs, from the line that the browser has not seen."""
    given = request.headers.get("last-event-id") or request.query_params.get("seen", "0")
    return StreamingResponse(
        step_events(lines, is_done, seen_before(given)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def seen_before(given: str) -> int:
    """How many lines a browser has seen, by what it sends; 0 for anything else."""
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else 0
