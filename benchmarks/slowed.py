"""A proxy that makes a NetBox slower, as one on a small or busy machine is.

Used by slow_netbox.py; it is not run on its own.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx

Write = tuple[str, str, list[dict[str, Any]], list[dict[str, Any]]]


class Slowed:
    """``url`` with so many workers, each of which takes ``factor`` times as long as the NetBox behind it.

    A worker goes on with a request whose client has left, as gunicorn's do.
    """

    def __init__(self, url: str, factor: float, workers: int = 2) -> None:
        self.factor = factor
        # Method, path, bodies and what was answered.
        self.writes: list[Write] = []
        self.reads = 0
        self.left = 0
        self._lock = threading.Lock()
        self._workers = threading.Semaphore(workers)
        self._backend = httpx.Client(base_url=url, timeout=600)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> int:
        return self.reads + len(self.writes)

    def sent_twice(self) -> int:
        """Changes that came in more than one write; each carries its id for NetBox's changelog."""
        sent = Counter(body["changelog_message"] for _, _, bodies, _ in self.writes for body in bodies)
        return sum(count > 1 for count in sent.values())

    def forward(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        write = method not in ("GET", "OPTIONS") and not path.startswith("/graphql")
        with self._workers:
            begin = time.monotonic()
            answer = self._backend.request(method, path, content=content, headers=headers)
            time.sleep((self.factor - 1) * (time.monotonic() - begin))
        with self._lock:
            if write:
                rows = answer.json() if answer.status_code == 201 else []
                self.writes.append((method, path, json.loads(content), rows))
            else:
                self.reads += 1
        return answer

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._backend.close()


def _handler(proxy: Slowed) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            skipped = ("host", "connection", "accept-encoding")
            headers = {k: v for k, v in self.headers.items() if k.lower() not in skipped}
            answer = proxy.forward(self.command, self.path, body, headers)
            try:
                self.send_response(answer.status_code)
                for name in ("content-type", "x-request-id", "etag"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("content-length", str(len(answer.content)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(answer.content)
            except OSError:
                proxy.left += 1
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = do_OPTIONS = forward

    return Handler
