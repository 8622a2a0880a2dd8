"""An S3 server on loopback with one bucket, and the environment that leads to it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

BUCKET_URL = "s3://warehouse/sync"


@dataclass
class S3:
    """A running server. ``environment``: as a person sets it for AWS. ``calls``: the requests, e.g. ``GET /warehouse/sync/x``;
    ``latency``: the seconds that each takes longer than here, as over a network."""

    environment: dict[str, str]
    calls: list[str] = field(default_factory=list)
    latency: float = 0.0


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """The environment of a client."""
    with counted_s3_server() as server:
        yield server.environment


@contextmanager
def counted_s3_server() -> Iterator[S3]:
    """The server with its requests."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app: Any = DomainDispatcherApplication(create_backend_app)
    found = S3({})

    def counted(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
        found.calls.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{query}")
        time.sleep(found.latency)
        return app(environ, start)  # type: ignore[no-any-return]

    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        httpx.post(f"{url}/moto-api/reset").raise_for_status()
        httpx.put(f"{url}/warehouse").raise_for_status()
        found.environment |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "s3cr3t-s3cr3t",
            "AWS_REGION": "us-east-1",
        }
        found.calls.clear()
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
