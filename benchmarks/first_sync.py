"""What the first sync of Proxmox guests costs NetBox, and how fast it is beside a bare loop of the same writes.

    python benchmarks/first_sync.py                                  into the lab NetBox
    NETBOX_URL=... NETBOX_TOKEN=... python benchmarks/first_sync.py  into a real one (best an empty one)

    --guests N   60 by default; a cluster of 500 shares the fixed requests among more guests
    --rounds N   rounds per setting, 2 by default
    --at-once N  settings of netbox.max_in_flight, by default 1 2 4

Every guest has two interfaces, two disks and an agent that shows three addresses. Per round: snapshots, diff,
approval, apply, and a second sync; then all that was created is deleted, and a bare httpx loop writes the same
objects in the same order, one batch of 100 after the other. What the rounds create is deleted at the end.

1. requests to NetBox per guest, snapshot and apply together: fails above 0.5, from 500 guests above 0.3
2. objects per second of the apply over those of the bare loop, best round of each, with one, two (the default) and
   four requests at once: fails below 0.8
3. the second sync: fails when it writes anything or takes more than 20 requests
4. one guest gets a tag, one an interface, one a disk, one is removed: fails when the diff holds anything else than
   that, or when the sync after its apply still finds a difference

The lab answers within a few milliseconds what takes any NetBox seconds, so it waits 100 ms before each answer; it
is a NetBox that writes a thousand objects per second. What remains are the requests and the client's own time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from bare_writes import BATCH, Ids, Request, batched, watched

from netbox_sync_dagster.apply import ApplyResult, apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.sources.netbox.client import credentials
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState, agent_interface, loopback_interface

MOST_SECOND = 20
LEAST_RATIO = 0.8
WARM = 20
NAME = "netbox-sync bench"
SLUG = "netbox-sync-bench"
LAB_LATENCY = 0.1
# Deleted with a removed guest: two interfaces with a MAC address each, three addresses, two disks.
GONE = {"virtual_machines": 1, "vm_interfaces": 2, "mac_addresses": 2, "ip_addresses": 3, "virtual_disks": 2}


@dataclass(frozen=True)
class Size:
    """How much is done, and what it may cost."""

    guests: int
    rounds: int
    at_once: list[int]

    @property
    def most_per_guest(self) -> float:
        return 0.3 if self.guests >= 500 else 0.5


def estate(guests: int) -> ProxmoxState:
    """A cluster of three nodes with so many guests; at most 62,500."""
    state = ProxmoxState(cluster=SLUG)
    for number in range(3):
        state.add_node(f"{SLUG}-{number + 1}")
    for number in range(guests):
        vmid = 100 + number
        high, low = divmod(number, 250)
        macs = [f"BC:24:11:{nic:02X}:{high:02X}:{low:02X}" for nic in range(2)]
        config = {
            "agent": "1",
            "net0": f"virtio={macs[0]},bridge=vmbr0",
            "net1": f"virtio={macs[1]},bridge=vmbr0",
            "scsi0": f"local-lvm:vm-{vmid}-disk-0,size=32G",
            "scsi1": f"local-lvm:vm-{vmid}-disk-1,size=100G",
        }
        agent = [
            loopback_interface(),
            agent_interface(
                "ens18", macs[0], f"198.18.{high}.{low + 1}/24", f"2001:db8:b::{number + 1:x}/64"
            ),
            agent_interface("ens19", macs[1], f"198.19.{high}.{low + 1}/24"),
        ]
        node = f"{SLUG}-{number % 3 + 1}"
        state.add_qemu(vmid, node=node, name=f"bench{vmid}", config=config, agent_interfaces=agent)
    return state


class Bench:
    """One NetBox, one lab Proxmox, and both ways of writing."""

    def __init__(self, url: str, token: str, proxmox: LabProxmox, **settings: Any) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers=credentials(token), timeout=120)
        os.environ |= {"NETBOX_TOKEN": token, "PROXMOX_TOKEN": proxmox.token_value}
        netbox: dict[str, Any] = {"url": url, "timeout": 120, **settings}
        endpoint = {
            "name": SLUG,
            "kind": "proxmox",
            "url": proxmox.url,
            "tls": {"ca": proxmox.ca_path},
            "user": proxmox.user,
            "token_name": proxmox.token_name,
            "token_env": "PROXMOX_TOKEN",
            "defaults": {"site": SLUG, "role": SLUG, "device_type": SLUG},
            "policies": {
                "delete": list(GONE),
                "create": ["tags", "custom_fields", "device_roles", "platforms", "cluster_types", "clusters",
                           "devices", "virtual_machines", "vlans", "interfaces", "vm_interfaces",
                           "mac_addresses", "primary_macs", "ip_addresses", "primary_ips", "virtual_disks"]
            },
        }  # fmt: skip
        self.config = Config.model_validate({"netbox": netbox, "endpoints": [endpoint]})

    def sync(self, warehouse: Warehouse) -> Plan:
        """Snapshots and diff."""
        snapshot_proxmox(self.config.endpoint(SLUG), warehouse)  # type: ignore[arg-type]
        snapshot_netbox(self.config.netbox, warehouse, deletes=self.config.deletes)
        compare(warehouse, self.config, self.config.endpoint(SLUG))
        return load_plan(warehouse, SLUG)

    def apply(self, warehouse: Warehouse, plan: Plan) -> tuple[ApplyResult, float]:
        """Approve every change and write it; the seconds of the writing alone."""
        if plan.changes:
            approve(
                warehouse,
                plan,
                list(plan.by_id()),
                who="bench",
                through="cli",
                policies=self.config.endpoint(SLUG).policies,
                override_limit="benchmark",
            )
        begin = time.perf_counter()
        result = apply_approved(warehouse, self.config.netbox, SLUG, plan, who="bench")
        return result, time.perf_counter() - begin

    def bare(self, wanted: list[Request], ids: Ids) -> float:
        """The same objects by a plain loop; returns its seconds."""
        ids.new.clear()
        begin = time.perf_counter()
        for method, path, bodies in wanted:
            content = orjson.dumps([ids.renewed(path, body) for body in bodies])
            answer = self.http.request(
                method, path, content=content, headers={"Content-Type": "application/json"}
            )
            assert answer.is_success, answer.text
            if method == "POST":
                ids.learn(path, bodies, answer.json())
        return time.perf_counter() - begin

    def delete(self, path: str, ids: list[int]) -> None:
        for at in range(0, len(ids), BATCH):
            content = [{"id": i} for i in ids[at : at + BATCH]]
            self.http.request("DELETE", path, json=content).raise_for_status()

    @contextmanager
    def frame(self) -> Iterator[None]:
        """What the nodes need and no policy creates: a site, a role, a device type."""
        made: list[tuple[str, int]] = []

        def make(path: str, **content: Any) -> int:
            answer = self.http.post(f"/api/{path}/", json=content)
            answer.raise_for_status()
            made.append((f"/api/{path}/", answer.json()["id"]))
            return made[-1][1]

        make("dcim/sites", name=NAME, slug=SLUG)
        make("dcim/device-roles", name=NAME, slug=SLUG)
        maker = make("dcim/manufacturers", name=NAME, slug=SLUG)
        make("dcim/device-types", model=NAME, slug=SLUG, manufacturer=maker)
        yield
        for path, netbox_id in reversed(made):
            self.delete(path, [netbox_id])


@dataclass
class Measured:
    """One round."""

    objects: int
    requests: int
    per_guest: float
    reads_snapshot: int
    apply_seconds: float
    bare_seconds: float
    bare_requests: int
    second_reads: int
    second_writes: int


def one_round(bench: Bench, guests: int) -> Measured:
    with tempfile.TemporaryDirectory() as home:
        warehouse = Warehouse(Path(home))
        with watched(bench.url) as snapshot:
            plan = bench.sync(warehouse)
        with watched(bench.url) as written:
            result, seconds = bench.apply(warehouse, plan)
        assert result.ok and len(result.verdicts) == len(plan.changes), result.counts
        assert result.requests == written.reads + written.writes, (result.requests, written.calls)
        with watched(bench.url) as second:
            again = bench.sync(warehouse)
            bench.apply(warehouse, again)
    created_guests = sum(
        row.resource == "virtual_machines" and row.action == "create" for row in plan.changes
    )
    assert created_guests == guests, created_guests
    ids = Ids()
    wanted = batched(written.written, ids)
    created = [
        (path, [row["id"] for row in rows]) for (method, path, _), rows in written.written if method == "POST"
    ]
    for path, numbers in reversed(created):
        bench.delete(path, numbers)
    bare_seconds = bench.bare(wanted, ids)
    for path, numbers in reversed(created):
        bench.delete(path, [ids.new[path, number] for number in numbers])
    requests = snapshot.reads + snapshot.writes + result.requests
    print(f"    round: apply {seconds:.1f} s, bare loop {bare_seconds:.1f} s", flush=True)
    return Measured(
        objects=sum(len(bodies) for _, _, bodies in wanted),
        requests=requests,
        per_guest=requests / guests,
        reads_snapshot=snapshot.reads,
        apply_seconds=seconds,
        bare_seconds=bare_seconds,
        bare_requests=len(wanted),
        second_reads=second.reads,
        second_writes=second.writes,
    )


def small_changes(bench: Bench, state: ProxmoxState) -> bool:
    """A tag, an interface and a disk more, a guest less: whether the diff holds exactly that."""
    tagged, wired, filled, gone = sorted(state.guests)[:4]
    with bench.frame(), tempfile.TemporaryDirectory() as home:
        warehouse = Warehouse(Path(home))
        with watched(bench.url) as written:
            bench.apply(warehouse, bench.sync(warehouse))
            state.guests[tagged].config["tags"] = f"{SLUG}-urgent"
            state.guests[wired].config["net2"] = "virtio=BC:24:11:02:00:01,bridge=vmbr0"
            state.guests[filled].config["scsi2"] = "local-lvm:vm-disk-2,size=8G"
            state.remove(gone)
            plan = bench.sync(warehouse)
            result, _ = bench.apply(warehouse, plan)
        left = bench.sync(warehouse)
        gone_ids = {(row.object_type, row.netbox_id) for row in plan.changes if row.action == "delete"}
        for (method, path, _), rows in reversed(written.written):
            if method == "POST":
                kind = path.removeprefix("/api/").strip("/")
                bench.delete(path, [row["id"] for row in rows if (kind, row["id"]) not in gone_ids])
    found = Counter((row.resource, row.action) for row in plan.changes)
    expected = Counter({(resource, "delete"): number for resource, number in GONE.items()}) + Counter(
        [
            *(("tags", "create"), ("virtual_machines", "update")),
            *(("vm_interfaces", "create"), ("mac_addresses", "create"), ("primary_macs", "update")),
            ("virtual_disks", "create"),
        ]
    )
    print(
        f"small changes: {sum(found.values())}, {len(result.verdicts)} written, {len(left.changes)} left after it"
    )
    for what in found - expected:
        print("  not expected:", *what)
    for what in expected - found:
        print("  missing:", *what)
    return found == expected and result.ok and not left.changes


def measure(bench: Bench, title: str, size: Size) -> bool:
    """Rounds with one setting; prints them and says whether they are within the limits."""
    with bench.frame():
        rounds = [one_round(bench, size.guests) for _ in range(size.rounds)]
    worst = max(rounds, key=lambda m: m.per_guest)
    apply_rate = max(m.objects / m.apply_seconds for m in rounds)
    bare_rate = max(m.objects / m.bare_seconds for m in rounds)
    ratio = apply_rate / bare_rate
    second = max(rounds, key=lambda m: (m.second_writes, m.second_reads))
    print(f"{title}: {worst.objects} objects written for {size.guests} guests, best of {size.rounds}")
    print(
        f"  requests: {worst.reads_snapshot} snapshot + {worst.requests - worst.reads_snapshot} apply"
        f" = {worst.per_guest:.2f} per guest (limit {size.most_per_guest})"
    )
    print(
        f"  rate: apply {apply_rate:.0f} objects/s, bare loop {bare_rate:.0f} objects/s"
        f" ({worst.bare_requests} requests): ratio {ratio:.2f} (limit {LEAST_RATIO})"
    )
    print(
        f"  second sync: {second.second_writes} writes, {second.second_reads} reads"
        f" (limits 0 and {MOST_SECOND} requests in all)"
    )
    return (
        worst.per_guest <= size.most_per_guest
        and ratio >= LEAST_RATIO
        and second.second_writes == 0
        and second.second_reads <= MOST_SECOND
    )


def serve() -> None:
    """The lab NetBox until the input ends; prints its address and token."""
    with LabNetBox() as server:
        server.set_latency(LAB_LATENCY)
        print(server.url, server.token, flush=True)
        sys.stdin.read()


@contextmanager
def lab_netbox() -> Iterator[tuple[str, str]]:
    """(url, token) of a lab NetBox in a separate process, as a NetBox would be."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            url, token = process.stdout.readline().split()
            yield url, token
        finally:
            process.stdin.close()


def run(url: str, token: str, size: Size) -> bool:
    with LabProxmox(estate(WARM)) as proxmox:
        # The first requests to a NetBox that was just started pay for its start.
        warm = Bench(url, token, proxmox)
        with warm.frame():
            one_round(warm, WARM)
    state = estate(size.guests)
    with LabProxmox(state) as proxmox:
        results = [
            *(
                measure(Bench(url, token, proxmox, max_in_flight=number), f"{number} requests at once", size)
                for number in size.at_once
            ),
            small_changes(Bench(url, token, proxmox), state),
        ]
    return all(results)


def main() -> int:
    if sys.argv[1:] == ["--serve"]:
        serve()
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guests", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 2, 4])
    size = Size(**vars(parser.parse_args()))
    url, token = os.environ.get("NETBOX_URL", "").rstrip("/"), os.environ.get("NETBOX_TOKEN")
    if url and token:
        good = run(url, token, size)
    else:
        with lab_netbox() as (url, token):
            good = run(url, token, size)
    print("ok" if good else "a limit is missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
