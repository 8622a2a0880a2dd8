"""Canaries as credentials, and every command, run and failure: afterwards no file, log, table, event or process
argument holds one of them, and no host but the configured ones was sent one.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, quote_plus

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netbox_sync_dagster import http
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.defs.partitions import keep_in_step
from netbox_sync_dagster.defs.sensors.apply_sensor import apply_sensor
from netbox_sync_dagster.defs.sensors.interval_sensor import interval_sensor
from netbox_sync_dagster.defs.sensors.notification_sensors import notification_sensor
from netbox_sync_dagster.defs.sensors.status_sensor import status_sensor
from netbox_sync_lab.certs import LabCertificates, make_certificates
from netbox_sync_lab.docker import DockerState, LabDocker
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from netbox_sync_lab.proxmox.access import reader_privileges
from tests.cli.conftest import Answer, CliHarness
from tests.defs.conftest import definitions
from tests.defs.quick_dagster import make_quick
from tests.hostile.behaviours import BEHAVIOURS
from tests.hostile.server import Asked, Behaviour, HostileServer, answer
from tests.support import CACHE, NetBox, evaluate

CANARY = {
    "NETBOX_TOKEN": "canary5netbox5token5of5forty5characters1",
    "LIBRENMS_TOKEN": "canary5librenms5token5of5thirty2",
    "PROXMOX_TOKEN": "canary5pve-0000-4000-8000-000000000000",
    "PROXMOX_PASSWORD": "canary5 pve/password+of words",
    "MAIL_PASSWORD": "canary5mail5password",
    "HOOK_URL": "",
    "AWS_SECRET_ACCESS_KEY": "canary5object5store5key",
}
HOOK_PATH = "/services/T0CANARY5/B0CANARY5/canary5webhook5secret"
DEFAULTS = {"site": "paris", "role": "access", "device_type": "C2960", "vlan_group": "paris"}


def echo(status: str) -> Behaviour:
    """Everything that the server was sent, in reason, headers and body."""

    def behave(asked: Asked) -> Iterator[bytes]:
        words = f"{asked.head}\n{asked.body}"
        line = " ".join(words.split())[:1500]
        body = json.dumps(
            {"detail": words, "message": words, "errors": {"all": words}, "data": words}
        ).encode()
        headers = (f"Location: http://127.0.0.1:9/?{line}", f"X-Request-ID: {line}", f"Set-Cookie: a={line}")
        yield from answer(body, status=f"{status} {line}", headers=headers)(asked)

    return behave


def broken_echo(asked: Asked) -> Iterator[bytes]:
    """JSON that breaks off in the middle of what was sent."""
    yield from answer(f'{{"version": "{asked.head} {asked.body}'.encode())(asked)


FAILURES: dict[str, Behaviour] = {
    **{status: echo(status) for status in ("200", "307", "400", "401", "403", "404", "429", "500", "503")},
    "broken": broken_echo,
    "silence": BEHAVIOURS["silence"][0],
    "reset": BEHAVIOURS["reset"][0],
}


class SecretsHarness:
    """All kinds of servers with canaries as credentials, a working folder, and a Dagster that keeps its records."""

    def __init__(self, folder: Path, stack: ExitStack, certificates: LabCertificates) -> None:
        self.folder = folder
        self.certificates = certificates
        self.printed: list[str] = []
        enter = stack.enter_context
        self.netbox = enter(LabNetBox(token=CANARY["NETBOX_TOKEN"]))
        state = LibreNMSState()
        switch = state.add_device("sw1", os="ios", hardware="C2960", serial="FOC1", ip="10.0.0.5")
        state.add_ipv4(state.add_port(switch, "Gi0/1", ifAlias="roof"), "10.0.0.5", 24)
        self.nms = enter(LabLibreNMS(state, token=CANARY["LIBRENMS_TOKEN"]))
        cluster = ProxmoxState("alpha")
        cluster.add_node("pve1")
        cluster.add_qemu(100, node="pve1", name="web01")
        self.pve = enter(LabProxmox(cluster, certificates=certificates))
        rights = reader_privileges(cluster.major)
        self.pve.add_token(self.pve.user, "canary", CANARY["PROXMOX_TOKEN"], privileges=rights)
        self.pve.add_user("person@pve", CANARY["PROXMOX_PASSWORD"], privileges=rights)
        docker = DockerState("docker1")
        docker.add_network("front", "172.30.0.0/24")
        docker.add("web", "front")
        tls = {"certfile": certificates.certfile, "keyfile": certificates.keyfile}
        self.docker = enter(LabDocker(docker, **tls, client_ca=certificates.ca_path))
        self.hook = enter(HostileServer(echo("500")))
        self.mail = enter(HostileServer(echo("500"), certificates=certificates))
        self.key = certificates.client_keyfile.read_text().splitlines()[1]
        self.harness = CliHarness(folder, self._configuration(), self._environment())
        self.harness.configure()
        self._furnish()

    def _configuration(self) -> dict[str, Any]:
        ca = {"ca": str(self.certificates.ca_path)}
        cert = {"cert": str(self.certificates.client_certfile), "key": str(self.certificates.client_keyfile)}
        pve = {"kind": "proxmox", "url": self.pve.url, "tls": ca, "defaults": DEFAULTS, "timeout": 10}
        return {
            "netbox": {"url": self.netbox.url, "timeout": 10},
            "endpoints": [
                {
                    "name": "nms",
                    "kind": "librenms",
                    "url": self.nms.url,
                    "import_devices": "all",
                    "timeout": 10,
                }
                | {"defaults": DEFAULTS},
                {
                    **pve,
                    "name": "pve",
                    "user": self.pve.user,
                    "token_name": "canary",
                    "token_env": "PROXMOX_TOKEN",
                },
                {**pve, "name": "person", "user": "person@pve", "password_env": "PROXMOX_PASSWORD"},
                {"name": "dock", "kind": "docker", "url": self.docker.url, "tls": ca | cert, "timeout": 10},
            ],
            "notifications": [
                {"name": "ops", "kind": "webhook", "url_env": "HOOK_URL", "timeout": 2},
                {
                    "name": "mail",
                    "kind": "email",
                    "host": "127.0.0.1",
                    "port": int(self.mail.url.rpartition(":")[2]),
                }
                | {"security": "tls", "user": "sync", "password_env": "MAIL_PASSWORD", "timeout": 2}
                | {"sender": "a@example.com", "to": ["b@example.com"]},
            ],
        }

    def _environment(self) -> dict[str, str]:
        return {
            **CANARY,
            "HOOK_URL": self.hook.url + HOOK_PATH,
            "NETBOX_SYNC_TRACEBACK": "1",
            "NETBOX_SYNC_CONFIG": str(self.folder / "netbox_sync.yaml"),
            "NETBOX_SYNC_HOME": str(self.folder / "data"),
            "DAGSTER_HOME": str(self.folder / "dagster"),
            **CACHE,
        }

    def _furnish(self) -> None:
        person = NetBox(self.netbox.url, CANARY["NETBOX_TOKEN"])
        site = person.create("dcim/sites", name="Paris", slug="paris")
        maker = person.create("dcim/manufacturers", name="Cisco", slug="cisco")
        person.create("dcim/device-types", manufacturer=maker["id"], model="C2960", slug="c2960")
        person.create("dcim/device-roles", name="Access", slug="access", color="00ff00")
        person.create(
            "ipam/vlan-groups", name="Paris", slug="paris", scope_type="dcim.site", scope_id=site["id"]
        )
        person.http.close()

    @property
    def canaries(self) -> list[str]:
        """Every credential, also those that servers hand out, in the forms that a file may hold them in."""
        found = [value for value in CANARY.values() if value]
        found += [HOOK_PATH, self.key, *self.pve._tickets]
        coded = [
            form(value) for value in found for form in (quote, quote_plus, lambda text: quote(text, safe=""))
        ]
        in_base64 = [base64.b64encode(value.encode()).decode().rstrip("=")[:-1] for value in found]
        return sorted({*found, *coded, *in_base64, *(value.replace("/", "\\/") for value in found)})

    def run(self, *arguments: str) -> Answer:
        """A command, in this process; what it printed is kept."""
        found = self.harness.run(*arguments)
        self.printed += [found.out, found.err]
        return found

    def point(self, name: str, url: str) -> dict[str, Any]:
        """Let an endpoint, or NetBox, be at another address; gives what it was."""
        content = self.harness.content
        item = (
            content["netbox"]
            if name == "netbox"
            else next(item for item in content["endpoints"] if item["name"] == name)
        )
        before = dict(item)
        # Short, for servers that are silent.
        item.update({"url": url, "timeout": 1})
        self.harness.configure()
        return before

    def put_back(self, name: str, before: dict[str, Any]) -> None:
        content = self.harness.content
        if name == "netbox":
            content["netbox"] = before
        else:
            content["endpoints"] = [before if item["name"] == name else item for item in content["endpoints"]]
        self.harness.configure()

    @contextmanager
    def dagster(self) -> Iterator[dg.DagsterInstance]:
        """Dagster with its records in files, in the environment of the folder."""
        home = self.folder / "dagster"
        home.mkdir(exist_ok=True)
        (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        with patch.dict(os.environ, self.harness.all_environment), dg.DagsterInstance.get() as instance:
            keep_in_step(instance, load_config(self.folder / "netbox_sync.yaml"))
            yield instance


def texts_of(file: Path) -> Iterator[str]:
    """All that a file says: its bytes, and what is packed in them."""
    content = file.read_bytes()
    yield content.decode("latin-1")
    yield content.decode("utf-8", "ignore")
    if file.suffix == ".parquet":
        yield json.dumps(pq.read_table(file).to_pylist(), default=str, ensure_ascii=False)
    elif content[8:12] == b"DUCK":
        with duckdb.connect(str(file), read_only=True) as con:
            tables = con.execute(
                "SELECT database_name, schema_name, table_name FROM duckdb_tables()"
            ).fetchall()
            for table in tables:
                yield str(con.execute('SELECT * FROM "{}"."{}"."{}"'.format(*table)).fetchall())


@contextmanager
def watched_arguments(seen: list[str]) -> Iterator[None]:
    """Note the arguments of every process of this machine while the block runs."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.append(file.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
                except OSError:
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def everyday(harness: SecretsHarness) -> None:
    """What people do, once, and what Dagster does."""
    process = harness.harness.process("sync", "nms")
    harness.printed += [process.out, process.err]
    assert process.code == 0
    assert harness.run("sync").code == 0
    assert harness.run("check").code in (0, 1)
    assert harness.run("diff", "nms", "--all").code == 0
    assert (
        harness.run("approve", "nms", "--all-creates-and-updates", "--override-limit", "first", "--yes").code
        == 0
    )
    assert harness.run("apply", "nms", "--yes").code == 0
    assert harness.run("status").code in (0, 1)
    assert harness.run("sql", "--csv", "SELECT * FROM sync.attempts").code in (0, 1)
    assert harness.run("mappings", "nms").code == 0
    harness.run("undo", "nms", "--yes")
    harness.run("notify")


# Tables of which the runs materialize the assets; those of all others are made by the same lines.
SHOWN = ("devices", "guests", "scopes")


def jobs(harness: SecretsHarness, instance: dg.DagsterInstance) -> None:
    """A run of each kind of endpoint, the first with all of NetBox, and a tick of each sensor."""
    for name, partition, whole in (("sync_librenms", "nms", "netbox"), ("sync_proxmox", "person", "")):
        job = definitions().resolve_job_def(name)
        chosen = [
            key
            for key in job.asset_layer.executable_asset_keys
            if key.path[0] == whole or (key.path[0] != "netbox" and key.path[-1] in SHOWN)
        ]
        job.execute_in_process(
            instance=instance, partition_key=partition, raise_on_error=False, asset_selection=chosen
        )
    for sensor in (notification_sensor, interval_sensor, status_sensor, apply_sensor):
        evaluate(sensor, instance=instance)


def fails_everywhere(harness: SecretsHarness, failure: str, behaviour: Behaviour) -> None:
    """Every server does this at once, over HTTP and HTTPS, and once the other way round: TLS that fails."""
    names = ("netbox", "nms", "pve", "person")
    with (
        HostileServer(behaviour) as plain,
        HostileServer(behaviour, certificates=harness.certificates) as secure,
    ):
        before = {}
        for name in names:
            before[name] = harness.point(name, secure.url if name in ("pve", "person") else plain.url)
        assert harness.run("check").code == 1
        assert harness.run("sync").code == 1, failure
        assert plain.asked and secure.asked
        if failure == "200":
            with harness.dagster() as instance:
                jobs(harness, instance)
            harness.point("nms", plain.url.replace("http:", "https:"))
            harness.point("pve", f"https://{plain.url.partition('//')[2]}")
            harness.run("check")
        for name, item in before.items():
            harness.put_back(name, item)


def test_no_credential_is_ever_written_shown_or_sent_elsewhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_quick()
    monkeypatch.setattr(http, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(http, "_LONGEST_PAUSE", 0.01)
    caplog.set_level("INFO")
    certificates = make_certificates(tmp_path / "keys")
    folder = tmp_path / "home"
    folder.mkdir()
    arguments: list[str] = []
    with ExitStack() as stack, watched_arguments(arguments):
        harness = SecretsHarness(folder, stack, certificates)
        everyday(harness)
        with harness.dagster() as instance:
            jobs(harness, instance)
        other = stack.enter_context(HostileServer(answer(b"{}")))
        moved = answer(status="307 Moved", headers=(f"Location: {other.url}/",))
        for failure, behaviour in {**FAILURES, "moved": moved}.items():
            fails_everywhere(harness, failure, behaviour)
        for failure in ("200", "403", "500"):
            with HostileServer(FAILURES[failure]) as bad:
                before = harness.point("netbox", bad.url)
                assert harness.run("sync", "nms").code == 1
                harness.put_back("netbox", before)
        # A NetBox that repeats the token in its refusals of an apply, and of reads in the middle.
        harness.run("sync", "nms")
        harness.run("approve", "nms", "--all-creates-and-updates", "--yes")
        before = harness.point("netbox", stack.enter_context(HostileServer(echo("400"))).url)
        harness.run("apply", "nms", "--yes")
        harness.put_back("netbox", before)
        harness.run("notify")
        harness.run("status")
        assert other.asked == []
        canaries = harness.canaries
        # The test can fail: they were all sent to where they belong.
        assert any(HOOK_PATH in asked.target for asked in harness.hook.asked)
        assert harness.pve._tickets

    captured = capfd.readouterr()
    harness.printed += [captured.out, captured.err, caplog.text]
    shown = [word for word in canaries for text in (*harness.printed, *arguments) if word in text]
    assert shown == []
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {".parquet", ".jsonl", ".json", ".duckdb", ".db"} <= {file.suffix for file in files}
    kept = {
        (str(f.relative_to(folder)), word)
        for f in files
        for text in texts_of(f)
        for word in canaries
        if word in text
    }
    assert kept == set()


def test_the_search_finds_a_credential_wherever_it_is(tmp_path: Path) -> None:
    word = "canary5 in a place where nobody looks, long enough to be packed away: " + "x" * 200
    pq.write_table(
        pa.table({"a": ["1", word], "b": [[word], []]}), tmp_path / "packed.parquet", compression="zstd"
    )
    with duckdb.connect(str(tmp_path / "kept.duckdb")) as con:
        con.execute("CREATE TABLE kept AS SELECT ? AS a FROM range(100000)", [word])
    with closing(sqlite3.connect(tmp_path / "events.db")) as events, events:
        events.execute("CREATE TABLE events (body TEXT)")
        events.execute("INSERT INTO events VALUES (?)", [word])
    (tmp_path / "log.jsonl").write_text(json.dumps({"error": f"said {word}"}))

    found = {file.name for file in tmp_path.iterdir() for text in texts_of(file) if word in text}

    assert found == {"packed.parquet", "kept.duckdb", "events.db", "log.jsonl"}
