"""kill -9 an apply at random moments, many times over, and count what went wrong: every count must be 0.

    python benchmarks/kill_rounds.py [--rounds 100] [--changes 40] [--seed 1] [--netbox-url URL]

Each round drafts a plan of creates, updates and deletes against the lab NetBox (a server in this process), or with
--netbox-url and the token in NETBOX_TOKEN against another one, which must be empty; starts ``apply_approved`` in a separate process, kills it with SIGKILL after a random time, up to three times
over, and then lets one apply run to its end. Then NetBox's objects and changelog are compared with the plan:

- duplicates: objects that are there more often than once, or changes written by more than one request
- losses: changes that the last apply calls applied and NetBox does not show
- silent skips: approved changes without a final verdict in the ledger, or with one other than applied
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve, open_ledger
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import NetBoxTarget, Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS
from netbox_sync_lab.netbox import LabNetBox

ENDPOINT = "kill"
APPLY = f"""
import sys
from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.storage import Warehouse
home, target = sys.argv[1:]
warehouse = Warehouse(home)
plan = load_plan(warehouse, "{ENDPOINT}")
print("ready", flush=True)
apply_approved(warehouse, NetBoxTarget.model_validate_json(target), "{ENDPOINT}", plan, who="benchmark")
"""

Row = dict[str, Any]


@dataclass
class Counts:
    """What went wrong, and how often a kill struck before the apply had ended."""

    duplicates: int = 0
    losses: int = 0
    silent_skips: int = 0
    killed: int = 0
    finished_first: int = 0
    settled: int = 0


class NetBox:
    """The NetBox as a person uses it."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/", headers={"Authorization": f"Token {token}"}, timeout=60
        )

    def create(self, path: str, content: Row | list[Row]) -> Any:
        answer = self._http.post(f"{path}/", json=content)
        answer.raise_for_status()
        return answer.json()

    def all(self, path: str, **params: Any) -> list[Row]:
        rows: list[Row] = []
        while True:
            answer = self._http.get(f"{path}/", params={"limit": 1000, "offset": len(rows), **params})
            answer.raise_for_status()
            page = answer.json()
            rows += page["results"]
            if not page["next"]:
                return rows


def furnish(netbox: NetBox) -> Row:
    """The device that every round works on."""
    site = netbox.create("dcim/sites", {"name": "Paris", "slug": "paris"})
    maker = netbox.create("dcim/manufacturers", {"name": "Cisco", "slug": "cisco"})
    kind = netbox.create(
        "dcim/device-types", {"manufacturer": maker["id"], "model": "C9300", "slug": "c9300"}
    )
    role = netbox.create("dcim/device-roles", {"name": "Access", "slug": "access", "color": "00ff00"})
    device: Row = netbox.create(
        "dcim/devices",
        {"name": "sw1", "site": site["id"], "device_type": kind["id"], "role": role["id"]},
    )
    return device


def draft(warehouse: Warehouse, netbox: NetBox, device: Row, number: int, size: int) -> Plan:
    """A plan of ``size`` changes of each of five kinds, stored as the endpoint's diff."""
    ports = netbox.create(
        "dcim/interfaces",
        [{"device": device["id"], "name": f"r{number} old{n}", "type": "other"} for n in range(2 * size)],
    )
    rows: list[Row] = []

    def add(
        resource: str, action: str, key: str, object_type: str, fields: Row, row: Row | None = None
    ) -> None:
        content = {
            "endpoint": ENDPOINT,
            "resource": resource,
            "action": action,
            "key": key,
            "object_type": object_type,
            "netbox_id": row["id"] if row else None,
            "target": None,
            "last_updated": row["last_updated"] if row else None,
        }
        made = change_id(**content, fields=[(name, None, after) for name, after in fields.items()])
        shown = [
            {"field": name, "before": None, "after": _json(after), "decision": "update", "reason": None}
            for name, after in fields.items()
        ]
        more = {"change_id": made, "parent": "sw1", "reason": None, "depends_on": [], "fields": shown}
        rows.append({**content, **more})

    owner = {"id": device["id"], "name": "sw1"}
    for n in range(size):
        name = f"r{number} new{n}"
        link = {"ref": "interfaces", "key": name, "name": name, "type": "dcim.interface"}
        add("interfaces", "create", name, "dcim/interfaces", {"device": owner, "name": name, "type": "other"})
        add(
            "ip_addresses",
            "create",
            f"{name} address",
            "ipam/ip-addresses",
            {"address": f"10.{number // 250}.{number % 250}.{n + 1}/32", "assigned_object": link},
        )
        add(
            "mac_addresses",
            "create",
            f"{name} mac",
            "dcim/mac-addresses",
            {
                "mac_address": f"02:00:00:{number // 256:02X}:{number % 256:02X}:{n:02X}",
                "assigned_object": link,
            },
        )
        add("interfaces", "update", ports[n]["name"], "dcim/interfaces", {"description": "x"}, ports[n])
        gone = ports[size + n]
        add("interfaces", "delete", gone["name"], "dcim/interfaces", {}, gone)
    with warehouse.publish(warehouse.diffs(ENDPOINT), 3) as (diff_id, folder):
        write_parquet(folder / "all.parquet", DIFF_COLUMNS, [{**row, "diff_id": diff_id} for row in rows])
        write_json(folder / "manifest.json", {"gates": [], "existing": {}})
    return load_plan(warehouse, ENDPOINT)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def kill_once(warehouse: Warehouse, target: NetBoxTarget, wait: float) -> bool:
    """Start an apply and kill it after ``wait`` seconds of work; False where it had ended by then."""
    command = [sys.executable, "-c", APPLY, str(warehouse.home), target.model_dump_json(exclude_unset=True)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        running = process.poll() is None
        if running:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    return running


def judge(warehouse: Warehouse, netbox: NetBox, device: Row, plan: Plan, number: int, counts: Counts) -> None:
    """Compare NetBox and the ledger with the plan."""
    found = netbox.all("dcim/interfaces", device_id=device["id"])
    mine = {row["name"]: row for row in found if row["name"].startswith(f"r{number} ")}
    names = Counter(row["name"] for row in found)
    counts.duplicates += sum(n - 1 for n in names.values())
    network = f"10.{number // 250}.{number % 250}."
    addresses = Counter(
        row["address"] for row in netbox.all("ipam/ip-addresses") if row["address"].startswith(network)
    )
    prefix = f"02:00:00:{number // 256:02X}:{number % 256:02X}:"
    macs = Counter(
        row["mac_address"]
        for row in netbox.all("dcim/mac-addresses")
        if row["mac_address"].startswith(prefix)
    )
    for seen in (addresses, macs):
        counts.duplicates += sum(n - 1 for n in seen.values())
    for row in plan.changes:
        after = {field.name: field.after for field in row.written}
        there = {
            ("interfaces", "create"): row.key in mine,
            ("interfaces", "update"): mine.get(row.key, {}).get("description") == "x",
            ("interfaces", "delete"): row.key not in mine,
            ("ip_addresses", "create"): after.get("address") in addresses,
            ("mac_addresses", "create"): after.get("mac_address") in macs,
        }[row.resource, row.action]
        counts.losses += not there
    written = Counter(row["message"] for row in netbox.all("core/object-changes") if row["message"])
    for row in plan.changes:
        counts.duplicates += max(written[f"netbox-sync {ENDPOINT} {row.change_id}"] - 1, 0)
    con = open_ledger(warehouse)
    try:
        done = dict(
            con.execute(
                "SELECT change_id, count(*) FROM ledger.verdicts WHERE verdict = 'applied' GROUP BY change_id"
            ).fetchall()
        )
    finally:
        con.close()
    counts.silent_skips += sum(done.get(row.change_id, 0) != 1 for row in plan.changes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--changes", type=int, default=40, help="changes per round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=1, help="of NetBox's answers, in seconds")
    parser.add_argument(
        "--netbox-url", help="an empty NetBox instead of the lab's; its token in NETBOX_TOKEN"
    )
    options = parser.parse_args()
    chance = random.Random(options.seed)
    size = max(options.changes // 5, 1)
    counts = Counts()
    began = time.monotonic()
    # How long an apply takes here: the first round measures it, and kills fall anywhere in it.
    whole = 0.0
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        if not options.netbox_url:
            lab = stack.enter_context(LabNetBox())
            options.netbox_url, os.environ["NETBOX_TOKEN"] = lab.url, lab.token
        # So long a request whose answer was lost is taken to run on.
        target = NetBoxTarget(
            url=options.netbox_url, timeout=options.timeout, longest_request=2 * options.timeout, batch_size=3
        )
        netbox = NetBox(target.base_url, os.environ["NETBOX_TOKEN"])
        device = furnish(netbox)
        for number in range(options.rounds):
            warehouse = Warehouse(Path(home) / str(number))
            plan = draft(warehouse, netbox, device, number, size)
            approve(warehouse, plan, list(plan.by_id()), who="benchmark", through="cli", policies=Policies())
            if not whole:
                started = time.monotonic()
                apply_approved(warehouse, target, ENDPOINT, plan, who="benchmark")
                whole = time.monotonic() - started
                print(f"an apply of {5 * size} changes takes {whole:.2f} s")
            for _ in range(chance.randint(1, 3)):
                if kill_once(warehouse, target, chance.random() * whole):
                    counts.killed += 1
                else:
                    counts.finished_first += 1
            result = apply_approved(warehouse, target, ENDPOINT, plan, who="benchmark")
            counts.settled += len(result.settled)
            for verdict in result.verdicts:
                if verdict.verdict != "applied":
                    print(f"round {number}: {verdict.verdict} {verdict.key}: {verdict.message}")
            judge(warehouse, netbox, device, plan, number, counts)
            if (number + 1) % 10 == 0:
                print(f"{number + 1} rounds, {time.monotonic() - began:.0f} s: {counts}", flush=True)
    print(f"{options.rounds} rounds of {5 * size} changes, seed {options.seed}: {counts}")
    return 1 if counts.duplicates or counts.losses or counts.silent_skips else 0


if __name__ == "__main__":
    sys.exit(main())
