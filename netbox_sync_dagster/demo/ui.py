"""The Dagster UI and the review page over the demo's data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple, TextIO

import httpx

from netbox_sync_dagster.cli.console import SafeConsole
from netbox_sync_dagster.config.template import dagster_file
from netbox_sync_dagster.demo.servers import Lab
from netbox_sync_dagster.demo.walk import DemoFailed
from netbox_sync_dagster.listening import check_free, free_port

# Seconds that `dagster dev` may take until its page answers.
_UI_PATIENCE = 120


# The ports that people expect, and the options that choose others.
_USUAL = {"--ui-port": 3000, "--page-port": 8780}


class UiPorts(NamedTuple):
    """TCP ports on 127.0.0.1 of the Dagster UI and of the review page."""

    dagster: int
    page: int

    @classmethod
    def chosen(cls, dagster: int | None, page: int | None) -> UiPorts:
        """These ports, 0 for any free one; None for the usual port, or a free one if that is taken.

        Raises CannotListen for a port that was asked for and is taken.
        """
        asked = dict(zip(_USUAL, (dagster, page), strict=True))
        check_free((option, port) for option, port in asked.items() if port is not None)
        return cls(*(free_port(_USUAL[option] if port is None else port) for option, port in asked.items()))

    def check(self) -> None:
        """Raise CannotListen if a port was taken since."""
        check_free(zip(_USUAL, self, strict=True))


def serve_ui(console: SafeConsole, lab: Lab, ports: UiPorts) -> None:
    """Run ``dagster dev`` and the review page on the demo's data until they are interrupted.

    Raises DemoFailed, and CannotListen if another program has taken a port meanwhile.
    """
    addresses = {
        "dagster_url": f"http://127.0.0.1:{ports.dagster}",
        "public_url": f"http://127.0.0.1:{ports.page}",
    }
    with lab.config_path.open("a", encoding="utf-8") as config:
        config.write("\nweb:\n" + "".join(f"  {name}: {url}\n" for name, url in addresses.items()))
    folder = lab.folder
    dagster_home = folder / "dagster"
    dagster_home.mkdir(exist_ok=True)
    (dagster_home / "dagster.yaml").write_text(dagster_file("dagster.yaml"), encoding="utf-8")
    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home)}
    # A termination ends what was started too, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        log = stack.enter_context((folder / "dagster.log").open("w", encoding="utf-8"))
        console.print_lines(
            f"\nOne more sync through Dagster, to be seen in its UI (log: {folder / 'dagster.log'}) ..."
        )
        synced = subprocess.run(
            [sys.executable, "-m", "netbox_sync_dagster.demo.ui_sync"],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if synced.returncode:
            raise DemoFailed("the sync through Dagster failed; see dagster.log")
        # Another program on the port would answer instead.
        ports.check()
        console.print_lines("Starting the Dagster UI and the review page ...")
        commands = {
            "the Dagster UI": (
                *("-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(ports.dagster)),
                *("-m", "netbox_sync_dagster.definitions"),
            ),
            "the review page": (
                "-c",
                "from netbox_sync_dagster.cli import main; main()",
                "web",
                "--port",
                str(ports.page),
            ),
        }
        running = {
            name: stack.enter_context(_running([sys.executable, *words], environment, log))
            for name, words in commands.items()
        }
        try:
            _wait_for("the review page", f"{addresses['public_url']}/health", running["the review page"])
            _wait_for("the Dagster UI", f"{addresses['dagster_url']}/server_info", running["the Dagster UI"])
            console.print_lines(
                f"\nReview page: {addresses['public_url']}   {lab.page_login}", style="bold green"
            )
            console.print_lines(
                f"Dagster UI: {addresses['dagster_url']}   (Ctrl-C ends both and the lab)", style="bold green"
            )
            running["the Dagster UI"].wait()
        except KeyboardInterrupt:
            console.print_lines("stopping")


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], log: TextIO
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(name: str, url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _UI_PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise DemoFailed(f"{name} ended with exit code {process.returncode}; see dagster.log")
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2).status_code == 200 and process.poll() is None:
                return
        time.sleep(0.5)
    raise DemoFailed(f"{name} did not answer; see dagster.log")
