"""``netbox-sync lab`` and ``netbox-sync demo``."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import threading
from pathlib import Path

from netbox_sync_dagster.cli.console import make_console
from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.demo.servers import Lab, Ports
from netbox_sync_dagster.demo.walk import DemoFailed, UiPorts, run_demo
from netbox_sync_lab.estate import SeedError


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
    parser.add_argument("--netbox-port", type=int, default=8000)
    parser.add_argument("--librenms-port", type=int, default=8001)
    parser.add_argument("--proxmox-port", type=int, default=8006, help="first of two ports (default: 8006)")
    parser.add_argument("--empty-netbox", action="store_true", help="leave the lab's NetBox empty")
    options = parser.parse_args(arguments)
    console = make_console()
    ports = Ports(options.netbox_port, options.librenms_port, options.proxmox_port)
    try:
        with Lab(options.dir, ports, seeded=not options.empty_netbox) as running:
            console.print_lines(f"NetBox     {running.netbox_url}   token {running.netbox_token}")
            console.print_lines(f"LibreNMS   {running.librenms.url}   token {running.librenms.token}")
            for server in running.proxmox:
                console.print_lines(
                    f"Proxmox    {server.url}   {server.user}!{server.token_name}={server.token_value}"
                )
            console.print_lines(f"\nIn another terminal, in this folder:\n  . {options.dir}/lab.env")
            console.print_lines(
                f"  export NETBOX_SYNC_CONFIG={running.config_path} NETBOX_SYNC_HOME={options.dir}/data"
            )
            console.print_lines("  netbox-sync sync && netbox-sync diff\n\nCtrl-C ends the lab.")
            _until_interrupted()
    except OSError as error:
        raise CliError(f"a lab server cannot start: {error.strerror or error}; choose another port") from None
    return 0


def demo(arguments: list[str]) -> int:
    """Run the demo. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="netbox-sync demo",
        description="Show the whole job on lab servers: snapshot, diff, approval, apply, and a diff that is empty.",
    )
    parser.add_argument("--dir", type=Path, default=Path("demo"), help="folder for all files (default: demo)")
    parser.add_argument(
        "--ui", action="store_true", help="leave the Dagster UI and the review page running on the result"
    )
    parser.add_argument(
        "--ui-port", type=int, default=3000, help="port of the Dagster UI; 0 takes a free one (default: 3000)"
    )
    parser.add_argument(
        "--page-port",
        type=int,
        default=8780,
        help="port of the review page; 0 takes a free one (default: 8780)",
    )
    parser.add_argument(
        "--netbox-url", help="use this empty NetBox instead of the lab's; token in NETBOX_TOKEN"
    )
    options = parser.parse_args(arguments)
    token = os.environ.get("NETBOX_TOKEN") if options.netbox_url else None
    if options.netbox_url and not token:
        raise CliError("set the environment variable NETBOX_TOKEN for the NetBox of --netbox-url")
    # The demo begins at the beginning: what an earlier one left would be compared with a new, empty NetBox.
    _clear(options.dir)
    console = make_console()
    try:
        with Lab(options.dir.absolute(), netbox_url=options.netbox_url, netbox_token=token) as running:
            ports = UiPorts(options.ui_port, options.page_port) if options.ui else None
            run_demo(running, console, ui=ports)
    except (DemoFailed, SeedError) as error:
        raise CliError(str(error)) from None
    return 0


def _clear(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "lab.env").exists():
        raise CliError(f"the folder {folder} holds something else than a demo; choose another with --dir")
    shutil.rmtree(folder)


def _until_interrupted() -> None:
    """Wait for Ctrl-C or a termination signal."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
