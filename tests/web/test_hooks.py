"""Hooks: a server reports a change, and the diff shows it within seconds."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.locks import EndpointLock
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.sync import SyncOptions, sync_with_netbox
from netbox_sync_dagster.web.hooks import MOST_BODY, hook_reports
from netbox_sync_dagster.web.serve import server_config
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.kept import fresh
from tests.support import NetBox
from tests.web.conftest import Site, served

SECRET = "a-secret-of-the-hooks"
BEARER = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture
def hooked(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site whose endpoint and NetBox may send hooks; every object is still to be created."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    configure(site, pause=1)
    return site


def configure(site: Site, secret: str | None = "HOOK_SECRET", **hooks: float) -> None:
    content = json.loads(site.config_path.read_text())
    content["netbox"]["hook_secret_env"] = content["endpoints"][0]["hook_secret_env"] = secret
    content["hooks"] = hooks
    site.config_path.write_text(json.dumps(content))


def send(url: str, body: Any, name: str = "paris") -> httpx.Response:
    """What a server sends that knows the secret."""
    return httpx.post(f"{url}/hooks/{name}", json=body, headers=BEARER, timeout=60)


def send_edit(url: str, model: str, data: dict[str, Any], **snapshots: Any) -> httpx.Response:
    """What an event rule of NetBox 4.6 sends."""
    body = json.dumps(
        {
            "event": "updated",
            "timestamp": "2026-05-01T10:00:00.000000+00:00",
            "object_type": model,
            "username": "bob",
            "request_id": "17af32f0-852a-46ca-a7d4-33ecd0c13de6",
            "data": data,
            "snapshots": {"prechange": None, "postchange": None, **snapshots},
        }
    ).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hook-Signature": signature}
    return httpx.post(f"{url}/hooks/netbox", content=body, headers=headers, timeout=60)


def eventually(what: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether it becomes true within these seconds: it takes one to four, and longer on a busy machine."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        # Each look reads the warehouse: half of a core would be busy with looking.
        time.sleep(0.25)
    return False


def memory(site: Site) -> dict[str, Any]:
    """The memory of each virtual machine that the diff would write."""
    return {
        row.key: field.after
        for row in site.plan().rows
        if row.resource == "virtual_machines"
        for field in row.fields
        if field.name == "memory"
    }


def machines(site: Site) -> list[str]:
    """The virtual machines with a difference."""
    return [row.key for row in site.plan().rows if row.resource == "virtual_machines"]


def reads(warehouse: Warehouse, endpoint: str = "paris") -> list[tuple[str | None, str | None]]:
    """(who, part) of every read of the endpoint, in order."""
    query = f"select who, part from sync.attempts where endpoint = '{endpoint}' order by seq"
    return ask(warehouse, lambda con: con.execute(query).fetchall(), status=True)


def reads_so_far(warehouse: Warehouse) -> list[tuple[str | None, str | None]]:
    """As ``reads`` of paris, from the file: to look again and again is cheap."""
    file = warehouse.snapshots("proxmox", "paris") / "attempts.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [(line.get("who"), line.get("part")) for line in lines]


def compared(warehouse: Warehouse) -> list[tuple[str | None, str | None]]:
    """(who, part) of every comparison of the endpoint, in order."""
    query = "select who, part from sync.comparisons order by seq"
    return ask(warehouse, lambda con: con.execute(query).fetchall(), status=True)


def test_a_guest_that_a_hook_names_is_read_alone_and_the_diff_stays_whole(hooked: Site) -> None:
    hooked.cluster.guests[101].maxmem = 8 * 2**30
    hooked.cluster.guests[102].maxmem = 4 * 2**30
    before = reads(hooked.warehouse)
    # Somebody else is syncing the endpoint: the hook waits for the next pause.
    with EndpointLock.for_sync(hooked.warehouse, "proxmox", "paris", "netbox-sync by bob"):
        answer = send(hooked.url, {"vmid": 101})
        assert (answer.status_code, answer.text) == (202, "accepted: guest 101\n")
        time.sleep(1)
        assert reads(hooked.warehouse) == before
    assert eventually(lambda: memory(hooked) == {"web1": 8192, "db1": 2048})
    assert hooked.plan().manifest["only"] is None
    assert reads(hooked.warehouse)[-1] == ("netbox-sync hook", "101")
    assert compared(hooked.warehouse)[-1] == ("netbox-sync hook", "101")
    # The status shows the last whole read.
    status = "select last_success = (select max(started) from sync.attempts where part is null and system = 'proxmox')"
    query = f"{status} from sync.status where endpoint = 'paris'"
    assert ask(hooked.warehouse, lambda con: con.execute(query).fetchall(), status=True) == [(True,)]
    # Of an unknown guest only everything shows what it is.
    before = reads(hooked.warehouse)
    hooked.cluster.guests[102].maxmem = 6 * 2**30
    assert send(hooked.url, {"vmid": 999}).status_code == 202
    assert eventually(lambda: memory(hooked) == {"web1": 8192, "db1": 6144})
    assert reads(hooked.warehouse)[len(before) :] == [("netbox-sync hook", "999"), ("netbox-sync hook", None)]
    files = [path for path in hooked.config_path.parent.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_a_flood_leads_to_a_few_syncs(hooked: Site) -> None:
    configure(hooked, pause=2, max_objects=1)
    before = len(reads(hooked.warehouse))
    hooked.cluster.guests[101].maxmem = 8 * 2**30
    with httpx.Client(headers=BEARER, timeout=60) as client:
        for number in range(200):
            answer = client.post(f"{hooked.url}/hooks/paris", json={"vmid": 101 + number % 2})
            assert answer.status_code == 202
    # The first hook at once, and the others together: more guests than max_objects are a whole sync.
    assert eventually(lambda: ("netbox-sync hook", None) in reads_so_far(hooked.warehouse)[before:])
    assert eventually(lambda: memory(hooked)["web1"] == 8192)
    time.sleep(1)
    assert len(reads(hooked.warehouse)) - before <= 4
    # Snapshots that hooks made do not push the history out.
    kept = [path.name for path in (hooked.warehouse.snapshots("netbox", "netbox")).glob("[0-9]*")]
    assert len(kept) <= 4


def test_whoever_does_not_know_the_secret_costs_nothing(
    hooked: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(hooked.state.refused_hooks, "_report", lambda line: said.append(str(line)))
    before, url = reads(hooked.warehouse), hooked.url
    wrong = {"Authorization": "Bearer another-secret-of-hooks"}
    for headers in ({}, wrong, {"Authorization": f"Basic {SECRET}"}, {"Authorization": SECRET}):
        answer = httpx.post(f"{url}/hooks/paris", json={"vmid": 101}, headers=headers)
        assert (answer.status_code, answer.text) == (401, "The secret is missing or wrong.\n")
        assert "set-cookie" not in answer.headers
    assert said == ["hook: a request to /hooks/paris had no or a wrong secret"]
    # A secret opens no session and no other path.
    assert httpx.get(f"{url}/plans/paris", headers=BEARER).status_code == 303
    assert httpx.post(f"{url}/plans/paris/refresh", data={"name": "web1"}, headers=BEARER).status_code == 403
    assert httpx.get(f"{url}/hooks/paris", headers=BEARER).status_code == 404
    assert httpx.post(f"{url}/hooks/paris/x", headers=BEARER).status_code == 404
    for body, text in (
        (b"{", "The body is not JSON.\n"),
        (b"\xff", "The body is not JSON.\n"),
        (b"[" * 100_000, "The body is not JSON.\n"),
        (b"[101]", "The body is not a JSON object, such as {}.\n"),
        (b'{"vmid": {"x": 1}}', "vmid must be a text, a number, or a list of them.\n"),
        (json.dumps({"vmid": "x" * 300}).encode(), "vmid has more than 255 characters.\n"),
    ):
        answer = httpx.post(f"{url}/hooks/paris", content=body, headers=BEARER)
        assert (answer.status_code, answer.text) == (400, text)
    answer = httpx.post(f"{url}/hooks/paris", content=b"x" * (MOST_BODY + 1), headers=BEARER)
    assert (answer.status_code, answer.text) == (413, "The body is larger than 1024 KiB.\n")
    # NetBox signs; its secret in a header proves nothing.
    assert send(url, {"object_type": "dcim.device", "data": {"id": 1}}, "netbox").status_code == 401
    assert send_edit(url, "dcim.device", {}).status_code == 400
    ignored = send_edit(url, "circuits.circuit", {"id": 1})
    assert (ignored.status_code, ignored.text) == (202, "ignored: no comparison reads such objects\n")
    nothing = (404, "There is no such hook.\n")
    answers = [send(url, {}, "rome")]
    assert hook_reports(hooked.config) == ["hooks: /hooks/netbox, /hooks/paris"]
    monkeypatch.setenv("HOOK_SECRET", "short")
    answers.append(send(url, {}))
    assert [line.split(";")[0] for line in hook_reports(hooked.config)] == [
        f"hook: the hook '{name}' is off: the secret in HOOK_SECRET has fewer than 16 characters"
        for name in ("netbox", "paris")
    ]
    monkeypatch.delenv("HOOK_SECRET")
    answers.append(send(url, {}))
    configure(hooked, secret=None)
    answers += [send(url, {}), send(url, {}, "netbox")]
    assert [(answer.status_code, answer.text) for answer in answers] == [nothing] * 5
    time.sleep(0.3)
    assert reads(hooked.warehouse) == before
    # What a body holds is shown with escapes.
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    configure(hooked, pause=1)
    assert send(url, {"guest": "\x1b[1A"}).text == "accepted: guest \\x1b[1A\n"


@pytest.mark.usefixtures("in_step")
def test_an_edit_in_netbox_is_compared_without_reading_the_source(hooked: Site) -> None:
    netbox = hooked.netbox
    [web1] = [row for row in netbox.store.rows("virtualization.virtualmachine") if row["name"] == "web1"]
    before, read = len(compared(hooked.warehouse)), reads(hooked.warehouse)
    with httpx.Client(base_url=netbox.url, headers={"Authorization": f"Token {netbox.token}"}) as client:
        path = f"/api/virtualization/virtual-machines/{web1['id']}/"
        edited = client.patch(path, json={"memory": 1024}).json()
        # A machine that no endpoint shows.
        other = {**edited, "id": 4711, "name": "elsewhere"}
        assert send_edit(hooked.url, "virtualization.virtualmachine", other).status_code == 202
        answer = send_edit(hooked.url, "virtualization.virtualmachine", edited)
        assert answer.text == f"accepted: virtualization.virtualmachine {web1['id']}\n"
        assert eventually(lambda: machines(hooked) == ["web1"])
        assert compared(hooked.warehouse)[before:] == [("netbox-sync hook", "")]
        # What belongs to it leads to it. During an apply, whose own writes come back as hooks, nothing is compared.
        client.patch(path, json={"memory": 2048})
        owner = {"id": 7, "name": "net0", "virtual_machine": {"id": web1["id"], "name": "web1"}}
        with EndpointLock.for_apply(hooked.warehouse, "paris", "bob"):
            assert send_edit(hooked.url, "virtualization.vminterface", owner).status_code == 202
            time.sleep(1.5)
            assert machines(hooked) == ["web1"]
        assert eventually(lambda: machines(hooked) == [])
    assert reads(hooked.warehouse) == read


@contextmanager
def librenms_site(
    state: LibreNMSState, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Warehouse]]:
    """The page of a LibreNMS endpoint that was synced; its address and warehouse."""
    with LabLibreNMS(state, 0, token="lnms-token") as librenms, LabNetBox(0, token="lab-token") as netbox:
        for name, content in (
            ("NETBOX_TOKEN", netbox.token),
            ("LIBRENMS_TOKEN", librenms.token),
            ("HOOK_SECRET", SECRET),
        ):
            monkeypatch.setenv(name, content)
        content = {
            "netbox": {"url": netbox.url},
            "endpoints": [
                {
                    "name": "lnms",
                    "kind": "librenms",
                    "url": librenms.url,
                    "import_devices": "all",
                    "defaults": {"site": "paris", "role": "access", "device_type": "C9300"},
                    "hook_secret_env": "HOOK_SECRET",
                }
            ],
            "hooks": {"pause": 1},
            "web": {"port": 0},
        }
        person = NetBox(netbox.url, netbox.token)
        person.create("dcim/sites", name="Paris", slug="paris")
        maker = person.create("dcim/manufacturers", name="Cisco", slug="cisco")
        person.create("dcim/device-types", manufacturer=maker["id"], model="C9300", slug="c9300")
        person.create("dcim/device-roles", name="Access", slug="access", color="00ff00")
        path = folder / "netbox_sync.yaml"
        path.write_text(json.dumps(content))
        config, warehouse = load_config(path), fresh(folder / "data")
        _, outcomes = sync_with_netbox(warehouse, config, config.endpoints, SyncOptions(), who="test")
        assert outcomes[0].error is None
        with served(path, warehouse, server_config(path, warehouse, config.web)) as url:
            yield url, warehouse


def test_an_alert_of_librenms_shows_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = LibreNMSState()
    devices = [state.add_device(name) for name in ("sw1.example.net", "sw2.example.net", "sw3.example.net")]
    ports = [state.add_port(device, "Gi0/1", ifAlias="old") for device in devices]
    numbers = [device["device_id"] for device in devices]
    with librenms_site(state, tmp_path, monkeypatch) as (url, warehouse):
        for port in ports:
            port["ifAlias"] = "new"
        # The body of the transport, with the device_id as a text; by Content-Type: text/plain, if no header says else.
        template = '{{"device_id": "{}", "hostname": "{}"}}'
        for number, name in ((numbers[0], "sw1.example.net"), ("", "sw2.example.net")):
            answer = httpx.post(
                f"{url}/hooks/lnms",
                content=template.format(number, name),
                headers={**BEARER, "Content-Type": "text/plain"},
            )
            assert answer.status_code == 202, answer.text

        def descriptions() -> dict[str, Any]:
            return {
                str(row.parent): field.after
                for row in load_plan(warehouse, "lnms").rows
                if row.resource == "interfaces"
                for field in row.fields
                if field.name == "description"
            }

        wanted = {"sw1.example.net": "new", "sw2.example.net": "new", "sw3.example.net": "old"}
        assert eventually(lambda: descriptions() == wanted), descriptions()
        assert reads(warehouse, "lnms")[1:] == [
            ("netbox-sync hook", str(numbers[0])),
            ("netbox-sync hook", "sw2.example.net"),
        ]


def test_a_server_that_is_stopped_during_a_sync_ends_cleanly(hooked: Site) -> None:
    command = [sys.executable, "-c", "from netbox_sync_dagster.cli import main; main()"]
    arguments = ("--config", str(hooked.config_path), "--home", str(hooked.warehouse.home), "web")
    before = reads(hooked.warehouse)
    hooked.netbox.set_latency(60, path_prefix="/api/")
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as server:
        assert server.stdout is not None and server.stderr is not None
        url = server.stdout.readline().split()[-1].rstrip("/")
        assert server.stdout.readline() == "hooks: /hooks/netbox, /hooks/paris\n"
        assert send(url, {"vmid": 101}).status_code == 202
        assert eventually(lambda: len(reads_so_far(hooked.warehouse)) > len(before))
        server.send_signal(signal.SIGINT)
        _, err = server.communicate(timeout=25)
    assert server.returncode == 130
    assert "Traceback" not in err and "terminate called" not in err
    # The guest was read, and nothing counts as failed.
    query = "select ok, state from sync.attempts, sync.status where part = '101' and sync.status.endpoint = 'paris'"
    assert ask(hooked.warehouse, lambda con: con.execute(query).fetchall(), status=True) == [
        (True, "changes waiting")
    ]
