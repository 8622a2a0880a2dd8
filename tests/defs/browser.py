"""A headless Chromium, asked over its DevTools protocol: enough to open a page, click, and read what is shown."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1600,1200",
]
_PATIENCE = 180


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression. Raises AssertionError where it throws."""
        # A page that has only begun has no body.
        script = script.replace("document.body.", "document.body?.")
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command of the protocol."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=_PATIENCE))
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def wait(self, script: str) -> Any:
        """The value of the expression, as soon as that is anything."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.3)
        raise AssertionError(
            f"never true: {script}; the page says: {self.run('document.body.innerText')[:2000]}"
        )


@contextmanager
def page(url: str, folder: Path) -> Iterator[Page]:
    """A tab of a browser that was never used before. ``folder`` must be empty."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ports = folder / "DevToolsActivePort"
        end = time.monotonic() + _PATIENCE
        while not (ports.exists() and ports.read_text().strip()):
            assert time.monotonic() < end and process.poll() is None, "Chromium did not start"
            time.sleep(0.2)
        port = ports.read_text().split()[0]
        target = httpx.put(f"http://127.0.0.1:{port}/json/new?{url}", timeout=60).json()
        with connect(target["webSocketDebuggerUrl"], max_size=None, origin=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(60)
