"""A folder with a configuration, lab servers behind it, and the command line as people run it."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.kept import fresh, kept, same_place, serving
from tests.support import NetBox

COMMAND = [sys.executable, "-c", "from netbox_sync_dagster.cli import main; main()"]


@dataclass
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass
class CliHarness:
    """A person's working folder: netbox_sync.yaml, data/, and the environment with the tokens."""

    folder: Path
    content: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    def configure(self, **endpoint: Any) -> None:
        """Write netbox_sync.yaml, the first endpoint changed so."""
        self.content["endpoints"][0] |= endpoint
        (self.folder / "netbox_sync.yaml").write_text(json.dumps(self.content, indent=1), encoding="utf-8")

    def add_endpoint(self, **endpoint: Any) -> None:
        """Write netbox_sync.yaml with one endpoint more."""
        self.content["endpoints"].append(endpoint)
        self.configure()

    @property
    def all_environment(self) -> dict[str, str]:
        """The whole environment of a command."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "USER": "alice", **self.environment}

    def run(self, *arguments: str, stdin: str = "") -> Answer:
        """Run netbox-sync with its output piped; in this process, which saves loading the libraries."""
        out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
        with (
            patch.dict(os.environ, self.all_environment, clear=True),
            patch("sys.stdin", io.StringIO(stdin)),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            os.chdir(self.folder)
            try:
                code = run(list(arguments))
            except SystemExit as end:
                # That of the completion of a shell.
                code = int(end.code or 0)
            finally:
                os.chdir(before)
        return Answer(code, out.getvalue(), err.getvalue())

    def process(self, *arguments: str) -> Answer:
        """Run netbox-sync as a separate process, its output piped."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.all_environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def talk(self, *arguments: str, answers: tuple[str, ...], code: int = 0) -> str:
        """Run netbox-sync in a terminal and give one answer to each question; what it printed."""
        master, slave = pty.openpty()
        child = subprocess.Popen(
            [*COMMAND, "--no-color", *arguments],
            cwd=self.folder,
            env={**self.all_environment, "TERM": "dumb", "COLUMNS": "300"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        raw = b""
        left = list(answers)
        while True:
            try:
                piece = os.read(master, 65_536)
            except OSError:
                break
            if not piece:
                break
            raw += piece
            if left and raw.endswith((b"] ", b"? ", b": ")):
                os.write(master, f"{left.pop(0)}\n".encode())
        os.close(master)
        assert child.wait(60) == code, raw.decode()
        return raw.decode()

    def ok(self, *arguments: str, stdin: str = "") -> str:
        """Run netbox-sync, expect success, return what it printed."""
        answer = self.run(*arguments, stdin=stdin)
        assert answer.code == 0, answer.out + answer.err
        return answer.out


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """The same folder for every test, so that ``netbox_sync.duckdb``, which names it, is made once."""
    with same_place(tmp_path) as place:
        yield place


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[LabNetBox]:
    with serving(request, "cli netbox", lambda port: LabNetBox(port, token="netbox-token-1")) as server:
        yield server


@pytest.fixture
def netbox(lab: LabNetBox) -> NetBox:
    """NetBox with what a switch in Paris needs."""
    person = NetBox(lab.url, lab.token)
    site = person.create("dcim/sites", name="Paris", slug="paris")
    maker = person.create("dcim/manufacturers", name="Cisco", slug="cisco")
    person.create("dcim/device-types", manufacturer=maker["id"], model="C2960", slug="c2960")
    person.create("dcim/device-roles", name="Access", slug="access", color="00ff00")
    person.create("ipam/vlan-groups", name="Paris", slug="paris", scope_type="dcim.site", scope_id=site["id"])
    return person


@pytest.fixture
def nms(request: pytest.FixtureRequest) -> Iterator[LabLibreNMS]:
    """LibreNMS with one switch: two ports, a VLAN, an address."""
    state = LibreNMSState()
    switch = state.add_device(
        "sw1", os="ios", hardware="C2960", serial="FOC1", location="Paris", ip="10.0.0.5"
    )
    port = state.add_port(switch, "Gi0/1", ifVlan="50", ifAlias="to the roof", ifPhysAddress="84bf20853e00")
    state.add_port(switch, "Gi0/2", ifVlan="50", ifAlias="printer")
    state.add_ipv4(port, "10.0.0.5", 24)
    state.add_vlan(switch, 50, "DATA")

    def make(port: int) -> LabLibreNMS:
        return LabLibreNMS(state, port, token="librenms-token-1")

    with serving(request, "cli nms", make) as server:
        yield server


@pytest.fixture
def bare(tmp_path: Path, netbox: NetBox, nms: LabLibreNMS) -> CliHarness:
    """Before any command: there is no warehouse."""
    endpoint = {
        "name": "nms",
        "kind": "librenms",
        "url": nms.url,
        "import_devices": "all",
        "defaults": {"site": "paris", "role": "access", "device_type": "C2960", "vlan_group": "paris"},
    }
    tokens = {"NETBOX_TOKEN": netbox.token, "LIBRENMS_TOKEN": nms.token}
    harness = CliHarness(tmp_path, {"netbox": {"url": netbox.url}, "endpoints": [endpoint]}, tokens)
    harness.configure()
    return harness


@pytest.fixture
def harness(bare: CliHarness) -> CliHarness:
    """With a warehouse without content."""
    fresh(bare.folder / "data")
    return bare


@pytest.fixture
def synced(bare: CliHarness, lab: LabNetBox, nms: LabLibreNMS) -> CliHarness:
    """After the first sync: nothing is approved."""

    def make() -> None:
        fresh(bare.folder / "data")
        bare.ok("sync")

    kept(_at_ports("synced", lab, nms), bare.folder / "data", [lab.store, nms.state], make)
    return bare


@pytest.fixture
def applied(bare: CliHarness, lab: LabNetBox, nms: LabLibreNMS) -> CliHarness:
    """Everything is approved and applied, and a sync found no difference."""

    def make() -> None:
        fresh(bare.folder / "data")
        bare.ok("sync")
        apply_all(bare)

    kept(_at_ports("applied", lab, nms), bare.folder / "data", [lab.store, nms.state], make)
    return bare


@pytest.fixture
def drifted(
    request: pytest.FixtureRequest, bare: CliHarness, netbox: NetBox, lab: LabNetBox, nms: LabLibreNMS
) -> CliHarness:
    """Everything is applied, and someone has changed the description of a port in NetBox since."""

    def make() -> None:
        applied = request.getfixturevalue("applied")
        port = netbox.one("dcim/interfaces", name="Gi0/2")
        netbox.edit("dcim/interfaces", port["id"], description="copier")
        applied.ok("sync")

    kept(_at_ports("drifted", lab, nms), bare.folder / "data", [lab.store, nms.state], make)
    return bare


def _at_ports(name: str, lab: LabNetBox, nms: LabLibreNMS) -> str:
    """What is kept names the servers by their URLs: an apply refuses a diff of another NetBox."""
    return f"{name} {lab.port} {nms.port}"


def apply_all(harness: CliHarness) -> None:
    """Approve and apply the whole diff, and sync."""
    harness.ok("approve", "nms", "--all-creates-and-updates", "--yes")
    harness.ok("apply", "nms", "--yes")
    harness.ok("sync")
