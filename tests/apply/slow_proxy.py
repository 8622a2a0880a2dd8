"""A NetBox that is slow: so many workers, each at work on one request for a time that grows with its objects."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx


@dataclass
class Seen:
    """One write: its objects, and when NetBox was at work on it."""

    method: str
    path: str
    bodies: list[dict[str, Any]]
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None


class SlowProxy:
    """A proxy in front of ``url``. A write takes ``seconds`` per object, and continues when its client has left.

    It takes effect at its end, as NetBox's transaction does.
    """

    def __init__(self, url: str, *, seconds: float, workers: int = 2) -> None:
        self.seconds = seconds
        self.writes: list[Seen] = []
        self.reads = 0
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._workers = threading.Semaphore(workers)
        self._backend = httpx.Client(base_url=url, timeout=30)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def sizes(self) -> list[int]:
        """Objects per write, in the order in which they were sent."""
        return [len(seen.bodies) for seen in self.writes]

    def sent_twice(self, name: str) -> list[Any]:
        """Values of the field ``name`` that came in more than one write of the same method and path."""
        counts = Counter((s.method, s.path, body[name]) for s in self.writes for body in s.bodies)
        return [value for (_, _, value), count in counts.items() if count > 1]

    def forward(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        """What NetBox answers, after the time that it takes."""
        with self._lock:
            if method == "GET":
                self.reads += 1
            else:
                seen = Seen(method, path, json.loads(content))
                self.writes.append(seen)
            self._at_once += method != "GET"
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            with self._workers:
                if method != "GET":
                    time.sleep(self.seconds * len(seen.bodies))
                return self._backend.request(method, path, content=content, headers=headers)
        finally:
            with self._lock:
                self._at_once -= method != "GET"
            if method != "GET":
                seen.ended = time.monotonic()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._backend.close()


def _handler(proxy: SlowProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            answer = proxy.forward(self.command, self.path, body, headers)
            try:
                self.send_response(answer.status_code)
                for name in ("content-type", "x-request-id"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("content-length", str(len(answer.content)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(answer.content)
            except OSError:
                # The client has left.
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = forward

    return Handler
