"""The review page with somebody logged in, for the benchmarks that ask for its pages."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from netbox_sync_dagster.config.web import Web
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.web.serve import server_config


@contextmanager
def pages(config: Path, warehouse: Warehouse) -> Iterator[httpx.Client]:
    """A client of the page. NetBox must have the user anna with the password anna."""
    server = uvicorn.Server(server_config(config, warehouse, Web(port=0)))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        with httpx.Client(base_url=url, follow_redirects=True, timeout=600) as page:
            form = re.search(r'name="csrf" value="([^"]*)"', page.get("/login").text)
            assert form is not None
            page.post("/login", data={"csrf": form[1], "user": "anna", "password": "anna"})
            yield page
    finally:
        server.should_exit = True
        thread.join()
