"""An installation as it runs for months: lab servers, and Dagster's code server and daemon as separate processes.

Used by many_endpoints.py and soak.py; it is not run on its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from ruamel.yaml import YAML

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
TICKS = os.sysconf("SC_CLK_TCK")
PORTS = 8


@dataclass(frozen=True)
class Process:
    """One process of the installation. ``cpu``: seconds, ended children included, which are ``ended``; ``rss``: bytes."""

    pid: int
    command: str
    cpu: float
    ended: float
    rss: int
    files: int

    @property
    def is_run(self) -> bool:
        """A run's process, which comes and goes."""
        return "multiprocessing.spawn" in self.command


class Installation:
    """``endpoints`` LibreNMS servers of one device each, one NetBox that knows the devices, and Dagster over them."""

    def __init__(self, folder: Path, endpoints: int, interval: int) -> None:
        self.folder = folder
        self.home = folder / "data"
        self.dagster_home = folder / "dagster"
        self.names = [f"site-{number:03d}" for number in range(endpoints)]
        self.netbox = LabNetBox(token="lab-token")
        self.sources: dict[str, LabLibreNMS] = {}
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        for name in self.names:
            state = LibreNMSState()
            device = state.add_device(f"{name}-sw1", hardware="C9300-48P", os="iosxe")
            for port in range(1, PORTS + 1):
                state.add_port(device, f"Gi1/0/{port}", ifAlias=f"{name} port {port}")
            self.sources[name] = LabLibreNMS(state, token="lab-token")
        self.interval = interval
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def __enter__(self) -> Installation:
        self.netbox.start()
        for source in self.sources.values():
            source.start()
        self._furnish()
        self._configure()
        self.start(
            "code",
            "dagster",
            "code-server",
            "start",
            *self._module(),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
        )
        self._wait_for_code()
        self.start_daemon()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Dagster leaves runs to themselves when it stops.
        runs = [process.pid for process in self.processes() if process.is_run]
        for process in reversed(self.started.values()):
            process.send_signal(signal.SIGINT)
        for pid in runs:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.started.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for source in self.sources.values():
            with suppress(RuntimeError):
                source.stop()
        self.netbox.stop()

    @staticmethod
    def _module() -> list[str]:
        return ["-m", "netbox_sync_dagster.definitions"]

    def start(self, name: str, program: str, *arguments: str) -> None:
        """Start one of the processes; its output goes to ``<name>.log``."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.started[name] = subprocess.Popen(
                [str(BIN / program), *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_daemon(self) -> None:
        """Start the daemon, for the first time or after it was killed."""
        self.start("daemon", "dagster-daemon", "run", "-w", str(self.folder / "workspace.yaml"))

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process."""
        return {
            **os.environ,
            "NETBOX_SYNC_CONFIG": str(self.folder / "netbox_sync.yaml"),
            "NETBOX_SYNC_HOME": str(self.home),
            "DAGSTER_HOME": str(self.dagster_home),
            "NETBOX_TOKEN": "lab-token",
            "LIBRENMS_TOKEN": "lab-token",
            # As in deploy/.
            "MALLOC_ARENA_MAX": "2",
        }

    def processes(self) -> list[Process]:
        """Every process of the installation that is there now."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError, IndexError):
                    parents[int(entry.name)] = int(_stat(int(entry.name))[1])
        wanted = {process.pid for process in self.started.values()}
        while more := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
            wanted |= more
        found = []
        for pid in sorted(wanted):
            with suppress(OSError, IndexError):
                found.append(_process(pid))
        return found

    def syncs(self) -> dict[str, list[float]]:
        """{endpoint: when it was compared well, in seconds since 1970}"""
        return {name: [at for at, ok, _ in self.tries(name, "diffs") if ok] for name in self.names}

    def tries(self, name: str, what: str) -> list[tuple[float, bool, str]]:
        """(end, whether it was good, error) of every attempt to read ("snapshots") or compare ("diffs")."""
        folder = self.home / what / ("librenms" if what == "snapshots" else "") / name
        try:
            lines = (folder / "attempts.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        found = [json.loads(line) for line in lines]
        return [
            (datetime.fromisoformat(item["finished"]).timestamp(), item["ok"], item.get("error") or "")
            for item in found
        ]

    def _furnish(self) -> None:
        with httpx.Client(
            base_url=f"{self.netbox.url}/api/", headers={"Authorization": "Token lab-token"}, timeout=60
        ) as http:

            def create(path: str, content: Any) -> Any:
                answer = http.post(f"{path}/", json=content)
                answer.raise_for_status()
                return answer.json()

            site = create("dcim/sites", {"name": "Paris", "slug": "paris"})
            maker = create("dcim/manufacturers", {"name": "Cisco", "slug": "cisco"})
            model = {"manufacturer": maker["id"], "model": "C9300-48P", "slug": "c9300-48p"}
            kind = create("dcim/device-types", model)
            role = create("dcim/device-roles", {"name": "Access", "slug": "access", "color": "00ff00"})
            common = {"site": site["id"], "device_type": kind["id"], "role": role["id"]}
            create("dcim/devices", [{"name": f"{name}-sw1", **common} for name in self.names])

    def _configure(self) -> None:
        endpoints = [
            {
                "name": name,
                "kind": "librenms",
                "url": self.sources[name].url,
                "interval": self.interval,
                "timeout": 5,
                "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
            }
            for name in self.names
        ]
        self.dagster_home.mkdir(parents=True)
        (self.dagster_home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
        yaml = YAML(typ="safe")
        yaml.dump(
            {"netbox": {"url": self.netbox.url}, "endpoints": endpoints}, self.folder / "netbox_sync.yaml"
        )
        server = {"host": "127.0.0.1", "port": self.port, "location_name": "netbox_sync"}
        yaml.dump({"load_from": [{"grpc_server": server}]}, self.folder / "workspace.yaml")

    def _wait_for_code(self) -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.5)
        raise RuntimeError(f"the code server does not answer; see {self.folder / 'code.log'}")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _process(pid: int) -> Process:
    fields = _stat(pid)
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    own, ended = (sum(int(fields[at]) for at in places) / TICKS for places in ((11, 12), (13, 14)))
    rss = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return Process(pid, command, own + ended, ended, rss, len(os.listdir(f"/proc/{pid}/fd")))
