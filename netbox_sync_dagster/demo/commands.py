"""``netbox-sync lab`` and ``netbox-sync demo``."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from netbox_sync_dagster.cli.console import SafeConsole, make_console
from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.demo.servers import CLUSTERS, Lab, Ports, lab_runs_in
from netbox_sync_dagster.demo.ui import UiPorts, serve_ui
from netbox_sync_dagster.demo.walk import DemoFailed, look, now_look, servers_of, whole_way
from netbox_sync_dagster.listening import check_free
from netbox_sync_lab.estate import SeedError

_LAST_PORT = 65_535


def lab(arguments: list[str]) -> int:
    """Serve the lab until interrupted. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="netbox-sync lab",
        description="Serve a LibreNMS, two Proxmox VE clusters and a NetBox on 127.0.0.1, with an estate to try "
        "things on, and write a configuration for them.",
    )
    parser.add_argument(
        "--dir", type=Path, default=Path("lab-data"), help="folder for the configuration (default: lab-data)"
    )
    for option, usual, what in (
        ("--netbox-port", 8000, "port of NetBox"),
        ("--librenms-port", 8001, "port of LibreNMS"),
        ("--proxmox-port", 8006, "first of the two ports of Proxmox VE"),
    ):
        parser.add_argument(
            option,
            type=_port,
            default=usual,
            metavar="PORT",
            help=f"{what}; 0 takes a free one (default: {usual})",
        )
    parser.add_argument("--empty-netbox", action="store_true", help="leave the lab's NetBox empty")
    options = parser.parse_args(arguments)
    if options.proxmox_port > _LAST_PORT - len(CLUSTERS) + 1:
        parser.error(
            f"argument --proxmox-port: {len(CLUSTERS)} ports are needed from {options.proxmox_port} on"
        )
    console = make_console()
    ports = Ports(options.netbox_port, options.librenms_port, options.proxmox_port)
    # Before anything is removed: the ports may be taken by a lab that runs in this folder.
    check_free(
        [
            ("--netbox-port", ports.netbox),
            ("--librenms-port", ports.librenms),
            *(("--proxmox-port", ports.proxmox_of(number)) for number in range(len(CLUSTERS))),
        ]
    )
    forget_data(options.dir, console)
    try:
        with Lab(options.dir, ports, seeded=not options.empty_netbox) as running:
            console.print_lines(servers_of(running, credentials=True))
            console.print_lines(f"Certificate authority of Proxmox: {options.dir}/certificates/ca.pem")
            console.print_lines(
                "\nIn another terminal, in this folder, follow docs/tutorial.md, or use the configuration that the lab has "
                f"written:\n\n  . {options.dir}/lab.env\n  netbox-sync sync && netbox-sync diff\n\n"
                f"Review page (netbox-sync web): {running.page_login}\n"
                "Ctrl-C ends the lab."
            )
            _until_interrupted()
    except OSError as error:
        raise CliError(f"a lab server cannot start: {error.strerror or error}") from None
    return 0


def demo(arguments: list[str]) -> int:
    """Run the demo. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="netbox-sync demo",
        description="Start lab servers, read and compare them, and leave the rest to you: look, approve and apply in another "
        "terminal. Without a terminal it ends there.",
    )
    parser.add_argument("--dir", type=Path, default=Path("demo"), help="folder for all files (default: demo)")
    parser.add_argument("--all", action="store_true", help="run all steps from check to apply, and end")
    parser.add_argument(
        "--ui",
        action="store_true",
        help="serve the Dagster UI and the review page on the result, with changes to review",
    )
    parser.add_argument(
        "--ui-port",
        type=_port,
        metavar="PORT",
        help="port of the Dagster UI; 0 takes a free one (default: 3000, or a free one if it is taken)",
    )
    parser.add_argument(
        "--page-port",
        type=_port,
        metavar="PORT",
        help="port of the review page; 0 takes a free one (default: 8780, or a free one if it is taken)",
    )
    parser.add_argument(
        "--netbox-url", help="use this empty NetBox instead of the lab's; token in NETBOX_TOKEN"
    )
    options = parser.parse_args(arguments)
    token = os.environ.get("NETBOX_TOKEN") if options.netbox_url else None
    if options.netbox_url and not token:
        raise CliError("set the environment variable NETBOX_TOKEN for the NetBox of --netbox-url")
    ports = UiPorts.chosen(options.ui_port, options.page_port) if options.ui else None
    # The demo begins at the beginning: what an earlier one left would be compared with a new, empty NetBox.
    _clear(options.dir)
    console = make_console()
    try:
        with Lab(options.dir.absolute(), netbox_url=options.netbox_url, netbox_token=token) as running:
            if options.all:
                whole_way(running, console)
            else:
                look(running, console)
            if ports is not None:
                serve_ui(console, running, ports)
            elif not options.all:
                _leave_to_person(running, console)
    except (DemoFailed, SeedError) as error:
        raise CliError(str(error)) from None
    return 0


def _port(text: str) -> int:
    """A TCP port of an option, or 0."""
    if not text.isascii() or not text.isdigit() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"not a port from 0 to {_LAST_PORT}: {text!r}")
    return int(text)


def _leave_to_person(running: Lab, console: SafeConsole) -> None:
    """Say what can be done next; on a terminal the servers run until they are interrupted."""
    stays = sys.stdin.isatty() and sys.stdout.isatty()
    where = (
        "In another terminal, in this folder"
        if stays
        else "On a terminal the servers keep running; in another one, type"
    )
    console.print_lines(f"\nNow look. {where}:\n", style="bold green")
    console.print_lines(now_look(running))
    console.print_lines(
        "\nnetbox-sync demo --ui shows the same in the Dagster UI and on the review page, demo --all runs all steps; both start "
        "afresh."
    )
    if stays:
        console.print_lines("Ctrl-C ends the servers.")
        _until_interrupted()


def forget_data(folder: Path, console: SafeConsole) -> None:
    """Remove the warehouse of an earlier lab: its NetBox is gone, so it would compare with another one. Raises CliError if
    that lab still runs."""
    if (folder / "lab.env").exists() and (folder / "data").exists():
        _refuse_running(folder)
        shutil.rmtree(folder / "data")
        console.print_lines(f"removed {folder / 'data'} of an earlier lab, whose NetBox is gone")


def _clear(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "lab.env").exists():
        raise CliError(f"the folder {folder} holds something else than a demo; choose another with --dir")
    _refuse_running(folder)
    shutil.rmtree(folder)


def _refuse_running(folder: Path) -> None:
    """Raise CliError if servers run on the data of this folder."""
    if lab_runs_in(folder):
        raise CliError(
            f"the servers of another lab or demo run in {folder}; end them with Ctrl-C in their terminal, or choose another "
            "folder with --dir"
        )


def _until_interrupted() -> None:
    """Wait for Ctrl-C or a termination signal."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with contextlib.suppress(KeyboardInterrupt):
        stop.wait()
