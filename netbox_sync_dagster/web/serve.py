"""Serves the review page with uvicorn."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn

from netbox_sync_dagster.config.web import Web
from netbox_sync_dagster.listening import Choice, listen
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.text import Shown
from netbox_sync_dagster.web.app import create_app

# Seconds that threads get to end, and the exit code where they do not.
_GRACE_SECONDS = 5.0
_INTERRUPTED = 130
_CHOICE = Choice(
    port="--port, or web.port in the configuration", host="--host, or web.host in the configuration"
)


def serve(
    config_path: Path,
    warehouse: Warehouse,
    settings: Web,
    *,
    started: Callable[[str], None],
    report: Callable[[Shown], None],
) -> None:
    """Serve until SIGINT or SIGTERM. ``started`` is called with the address once connections are accepted, ``report`` with
    each line that the person who runs the server should see.

    Raises CannotListen, e.g. where the port is taken.
    """
    sockets = listen(settings.host, settings.port, _CHOICE)
    try:
        _Server(server_config(config_path, warehouse, settings, report), settings, started).run(sockets)
    finally:
        _end_threads()


def _end_threads() -> None:
    """Wait until what the page has started stops, and end the process where it does not.

    DuckDB aborts a process that ends while one of its threads is in a query.
    """
    until = time.monotonic() + _GRACE_SECONDS
    left = [one for one in threading.enumerate() if one.daemon and one is not threading.current_thread()]
    for thread in left:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in left):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_INTERRUPTED)


def server_config(
    config_path: Path, warehouse: Warehouse, settings: Web, report: Callable[[Shown], None] = lambda _: None
) -> uvicorn.Config:
    """How uvicorn serves the page: one process, no proxy header but that of the trusted proxy."""
    return uvicorn.Config(
        create_app(config_path, warehouse, settings, report),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls.cert if settings.tls else None,
        ssl_keyfile=settings.tls.key if settings.tls else None,
        # The application looks at who connects, not at what a header says about it.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


class _Server(uvicorn.Server):
    """Says where it listens."""

    def __init__(self, config: uvicorn.Config, settings: Web, started: Callable[[str], None]) -> None:
        super().__init__(config)
        self._settings = settings
        self._say = started

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            port = next(
                (s.getsockname()[1] for server in self.servers for s in server.sockets), self._settings.port
            )
            scheme = "https" if self._settings.tls else "http"
            host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
            self._say(str(self._settings.public_url or f"{scheme}://{host}:{port}/"))
