"""How much of an existing NetBox is taken over, and how much is doubled or merged wrongly.

    python benchmarks/brownfield.py [--mutations 300] [--seed 1]

The demo's estate is written into the lab NetBox, which then is made to look as if people had filled it: no id custom
field holds anything, and objects are changed at random: names with a domain, in upper case, in another cluster, other
names of guests' interfaces, missing MAC addresses, addresses and serial numbers. A new warehouse syncs it, takes over what
``netbox-sync adopt`` finds, and applies everything.

Every object of the estate is known by the first apply. Doubled: created a second time, although its object was still
there. Merged wrongly: written to another object's. Asked: left as a question to a person. Fails above 1 % doubled, or
with any wrong merge.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import httpx

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.demo.servers import NETBOX_TOKEN, Lab
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import ask

MOST_DOUBLED = 0.01
ENDPOINTS = ("librenms", "pve-paris", "pve-lyon")
OBJECTS = (
    "clusters",
    "devices",
    "virtual_machines",
    "interfaces",
    "vm_interfaces",
    "ip_addresses",
    "virtual_disks",
)
PATHS = {
    "devices": "dcim/devices",
    "virtual_machines": "virtualization/virtual-machines",
    "interfaces": "dcim/interfaces",
    "vm_interfaces": "virtualization/interfaces",
    "mac_addresses": "dcim/mac-addresses",
    "ip_addresses": "ipam/ip-addresses",
}
Truth = dict[tuple[str, str, str], int]


def command(folder: Path, *arguments: str, may_fail: bool = False) -> None:
    """A command as people run it, its output in ``log.txt``; ends the benchmark where it fails."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with (
            (folder / "log.txt").open("a", encoding="utf-8") as log,
            redirect_stdout(log),
            redirect_stderr(log),
        ):
            code = run(["--config", str(folder / "netbox_sync.yaml"), *arguments])
    finally:
        os.chdir(before)
    if code and not may_fail:
        print((folder / "log.txt").read_text(encoding="utf-8")[-2_000:])
        sys.exit(f"netbox-sync {' '.join(arguments)}: exit code {code}")


def apply_everything(folder: Path) -> None:
    """Approve and apply all that may be written, until nothing more follows."""
    for _ in range(2):
        for endpoint in ENDPOINTS:
            # What another endpoint's apply has changed is compared again first.
            command(folder, "sync", endpoint)
            command(
                folder,
                "approve",
                endpoint,
                "--all-creates-and-updates",
                "--yes",
                "--override-limit",
                "benchmark",
            )
            command(folder, "apply", endpoint, "--yes", may_fail=True)
    command(folder, "sync")


def written(folder: Path, action: str) -> Truth:
    """{(endpoint, resource, key): NetBox id} of the applied changes with this action."""
    rows = ask(
        Warehouse(folder / "data"),
        lambda con: con.execute(
            """SELECT endpoint, resource, key, netbox_id FROM ledger.verdicts
               WHERE verdict = 'applied' AND action = ? AND netbox_id IS NOT NULL ORDER BY seq""",
            [action],
        ).fetchall(),
    )
    return {(endpoint, resource, key): netbox_id for endpoint, resource, key, netbox_id in rows}


class NetBox:
    """The lab NetBox as a person changes it."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(
            base_url=f"{url}/api/", headers={"Authorization": f"Token {NETBOX_TOKEN}"}
        )

    def all(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = (
                self._client.get(f"{path}/", params={"limit": 500, "offset": len(found)})
                .raise_for_status()
                .json()
            )
            found += page["results"]
            if len(found) >= page["count"]:
                return found

    def edit(self, path: str, netbox_id: int, **content: Any) -> bool:
        return self._client.patch(f"{path}/{netbox_id}/", json=content).is_success

    def create(self, path: str, **content: Any) -> int:
        return int(self._client.post(f"{path}/", json=content).raise_for_status().json()["id"])

    def delete(self, path: str, netbox_id: int) -> bool:
        return self._client.delete(f"{path}/{netbox_id}/").is_success


def forget_ids(netbox: NetBox) -> None:
    """No object holds an id of a source."""
    for resource in ("devices", "virtual_machines", "interfaces", "vm_interfaces"):
        for row in netbox.all(PATHS[resource]):
            held = {name: None for name, value in row["custom_fields"].items() if value not in (None, "")}
            if held:
                netbox.edit(PATHS[resource], row["id"], custom_fields=held)


def mutate(netbox: NetBox, number: int, chance: random.Random) -> Counter[str]:
    """Change so many objects at random; how many of each kind."""
    cluster_type = netbox.all("virtualization/cluster-types")[0]["id"]
    legacy = netbox.create("virtualization/clusters", name="legacy", type=cluster_type)
    rows = {resource: netbox.all(path) for resource, path in PATHS.items()}
    ways = {
        "a device's name with a domain": ("devices", lambda row: {"name": f"{row['name']}.example.net"}),
        "a device without serial number": ("devices", lambda row: {"serial": ""}),
        "a machine's name with a domain": (
            "virtual_machines",
            lambda row: {"name": f"{row['name']}.example.net"},
        ),
        "a machine's name in upper case": ("virtual_machines", lambda row: {"name": row["name"].upper()}),
        "a machine in another cluster": (
            "virtual_machines",
            lambda row: {"cluster": legacy, "device": None, "site": None},
        ),
        "another name of a machine's interface": ("vm_interfaces", lambda row: {"name": f"lan{row['id']}"}),
        "no MAC address": ("mac_addresses", None),
        "no address": ("ip_addresses", None),
    }
    done: Counter[str] = Counter()
    touched: set[tuple[str, int]] = set()
    for _ in range(number * 20):
        if done.total() == number:
            break
        name = chance.choice(sorted(ways))
        resource, change = ways[name]
        row = chance.choice(rows[resource])
        if (name, row["id"]) in touched:
            continue
        touched.add((name, row["id"]))
        path = PATHS[resource]
        current = netbox._client.get(f"{path}/{row['id']}/")
        if not current.is_success:
            continue
        ok = (
            netbox.delete(path, row["id"])
            if change is None
            else netbox.edit(path, row["id"], **change(current.json()))
        )
        done[name] += ok
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description="How much of an existing NetBox is taken over.")
    parser.add_argument("--mutations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    with Lab(folder) as lab:
        os.environ |= lab.environment
        command(folder, "sync")
        apply_everything(folder)
        truth = written(folder, "create")
        netbox = NetBox(lab.netbox_url)
        forget_ids(netbox)
        done = mutate(netbox, given.mutations, random.Random(given.seed))
        there = {(resource, row["id"]) for resource in PATHS for row in netbox.all(PATHS[resource])}
        shutil.rmtree(folder / "data")
        command(folder, "sync")
        for endpoint in ENDPOINTS:
            command(folder, "adopt", endpoint, "--yes", "--who", "benchmark")
        command(folder, "sync")
        apply_everything(folder)
        report(folder, truth, there, done)


def report(folder: Path, truth: Truth, there: set[tuple[str, int]], done: Counter[str]) -> None:
    created, updated = written(folder, "create"), written(folder, "update")
    known = {mark: netbox_id for mark, netbox_id in truth.items() if (mark[1], netbox_id) in there}
    doubled = sorted(mark for mark in known if mark in created and mark[1] in OBJECTS)
    wrong = sorted(
        mark
        for mark, netbox_id in updated.items()
        if mark in known and mark[1] in OBJECTS and known[mark] != netbox_id
    )
    asked = ask(
        Warehouse(folder / "data"),
        lambda con: con.execute(
            "SELECT resource, action, cause, count(*) FROM diff.changes WHERE action IN ('conflict', 'blocked')"
            " GROUP BY ALL ORDER BY ALL"
        ).fetchall(),
    )
    of_all = sum(mark[1] in OBJECTS for mark in known)
    print(json.dumps({"mutations": dict(sorted(done.items())), "total": done.total()}, indent=1))
    print(f"objects that were still there: {of_all}; doubled: {len(doubled)}; merged wrongly: {len(wrong)}")
    for mark in [*doubled, *wrong][:40]:
        print("  ", *mark, "was", known[mark], "is", created.get(mark) or updated.get(mark))
    for row in asked:
        print("  asked:", *row)
    if len(doubled) > of_all * MOST_DOUBLED or wrong:
        sys.exit(f"limit: at most {MOST_DOUBLED:.0%} doubled, none merged wrongly")


if __name__ == "__main__":
    main()
