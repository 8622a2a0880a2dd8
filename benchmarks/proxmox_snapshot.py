"""How many calls a snapshot of a large Proxmox VE cluster takes, and its cost beside the same calls without us.

    python benchmarks/proxmox_snapshot.py              fakepve with 2,000 running guests on 16 nodes
    python benchmarks/proxmox_snapshot.py --guests N   another number of guests

1. calls: one configuration, one snapshot list and one agent call per guest, and per node and storage a handful;
   fails when a guest costs more than three calls.
2. again: the next snapshot, of guests that have not changed; fails when a guest costs more than two calls (its
   configuration and its agent), or more than one with `agent_minutes`.
3. cost: the first snapshot (checked, typed, in Parquet) against as many threads as it uses, each with a separate
   requests session, that ask for the same addresses and throw the answers away; in turns, best of three. Fails when
   the snapshot takes more than 2 times the CPU, or 1.3 times as long.

fakepve is in the group dev. It answers from a separate process, as a cluster would.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import requests

from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.storage import Manifest, Warehouse

MOST_RATIO = 1.3
MOST_CPU = 2.0
MOST_PER_GUEST = 3
ROUNDS = 3
NODES = 16
USER, TOKEN = "sync@pve", "netbox"
SECRET = "5f7b1c1e-2a6d-4c8e-9b3f-0a1b2c3d4e5f"
READER = (
    *("Sys.Audit", "VM.Audit", "Datastore.Audit", "Datastore.Allocate", "VM.GuestAgent.Audit"),
    "SDN.Audit",
)


def cluster(guests: int) -> Any:
    """16 nodes and so many running guests with two interfaces, two disks and an agent that answers."""
    from fakepve import FakePve

    pve = FakePve(host="127.0.0.1", port=0)
    pve.time_scale = 0
    pve.apitokens[f"{USER}!{TOKEN}"] = SECRET
    for number in range(guests):
        vmid = 100 + number
        high, low = divmod(number, 250)
        macs = [f"BC:24:11:{nic:02X}:{high:02X}:{low:02X}" for nic in range(2)]
        guest = pve.add_vm(
            vmid,
            f"guest{vmid}",
            node=f"pve{number % NODES + 1}",
            status="running",
            config={
                "agent": "enabled=1",
                "net0": f"virtio={macs[0]},bridge=vmbr0,tag=10",
                "net1": f"virtio={macs[1]},bridge=vmbr1",
                "scsi0": f"local-lvm:vm-{vmid}-disk-0,size=32G",
                "scsi1": f"local-lvm:vm-{vmid}-disk-1,size=64G",
                "tags": "production;web",
            },
        )
        guest.started_at = time.time() - 1000
        guest.agent = {
            "interfaces": [
                {
                    "name": f"ens{18 + nic}",
                    "hardware-address": mac.lower(),
                    "ip-addresses": [
                        {
                            "ip-address": f"10.{nic}.{high}.{low + 1}",
                            "ip-address-type": "ipv4",
                            "prefix": 16,
                        }
                    ],
                }
                for nic, mac in enumerate(macs)
            ]
        }
    pve.grant(USER, "/", *READER)
    return pve


def kind(path: str) -> str:
    """What a call is about."""
    if re.search(r"/(qemu|lxc)/\d+/", path):
        return "guest"
    return "node" if "/nodes/" in path else "cluster"


class Server:
    """A cluster to read."""

    def __init__(self, url: str, ca: str) -> None:
        os.environ["PROXMOX_TOKEN"] = SECRET
        self.ca = ca
        self.endpoint = ProxmoxEndpoint.model_validate(
            {
                "name": "bench",
                "kind": "proxmox",
                "url": url,
                "tls": {"ca": ca},
                "user": USER,
                "token_name": TOKEN,
                "token_env": "PROXMOX_TOKEN",
            }
        )

    def snapshot(self, home: str, **settings: Any) -> tuple[Manifest, float, float]:
        """The manifest, seconds and CPU seconds."""
        endpoint = self.endpoint.model_copy(update=settings)
        begin, cpu = time.perf_counter(), time.process_time()
        manifest = snapshot_proxmox(endpoint, Warehouse(Path(home)))
        return manifest, time.perf_counter() - begin, time.process_time() - cpu

    def recorded(self, home: str, **settings: Any) -> list[str]:
        """The addresses that a snapshot asks for."""
        asked: list[str] = []
        send = httpx.Client.send

        def noting(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
            asked.append(str(request.url))
            return send(client, request, **more)

        with patch.object(httpx.Client, "send", noting):
            self.snapshot(home, **settings)
        return asked

    def bare(self, asked: list[str]) -> tuple[float, float]:
        """Seconds and CPU seconds to download them with as many threads as the snapshot has."""
        local = threading.local()

        def one(url: str) -> None:
            if not hasattr(local, "session"):
                local.session = requests.Session()
                # The environment may name proxies and another authority; looking there costs time per call.
                local.session.trust_env = False
                local.session.verify = self.ca
                local.session.headers["Authorization"] = f"PVEAPIToken={USER}!{TOKEN}={SECRET}"
            answer = local.session.get(url, timeout=60, allow_redirects=False)
            assert answer.content

        begin, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(self.endpoint.fetch_max_concurrency) as pool:
            list(pool.map(one, asked))
        return time.perf_counter() - begin, time.process_time() - cpu


def measure(url: str, ca: str, guests: int) -> bool:
    server = Server(url, ca)
    with tempfile.TemporaryDirectory() as home:
        asked = server.recorded(home, agent_minutes=60)
        kept = Counter(map(kind, server.recorded(home, agent_minutes=60)))
        again = Counter(map(kind, server.recorded(home)))
    calls = Counter(map(kind, asked))
    bare, ours, next_one = [], [], []
    for _ in range(ROUNDS):
        bare.append(server.bare(asked))
        with tempfile.TemporaryDirectory() as home:
            manifest, *cost = server.snapshot(home)
            ours.append(cost)
            next_one.append(server.snapshot(home)[1:])
    (bare_time, bare_cpu), (time_, cpu), (again_time, again_cpu) = (
        [min(column) for column in zip(*rounds, strict=True)] for rounds in (bare, ours, next_one)
    )
    counts = manifest.row_counts
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"Proxmox VE {manifest.source_version}: {counts['nodes']} nodes, {counts['guests']} guests,"
        f" {counts['guest_addresses']} addresses; complete: {manifest.complete}; load {load}"
    )
    print(f"  calls: {len(asked)} = " + ", ".join(f"{number} {name}" for name, number in calls.items()))
    print(f"  again: {again['guest']} for guests, {kept['guest']} with agent_minutes")
    print(
        f"  time: bare calls {bare_time:.2f} s, snapshot {time_:.2f} s, ratio {time_ / bare_time:.2f} (limit {MOST_RATIO});"
        f" again {again_time:.2f} s"
    )
    print(
        f"  CPU: bare calls {bare_cpu:.2f} s, snapshot {cpu:.2f} s, ratio {cpu / bare_cpu:.2f} (limit {MOST_CPU});"
        f" again {again_cpu:.2f} s"
    )
    whole = manifest.complete and counts["guests"] == guests and counts["nodes"] == NODES
    few = (
        calls["guest"] <= MOST_PER_GUEST * guests and again["guest"] <= 2 * guests and kept["guest"] <= guests
    )
    return whole and few and time_ <= bare_time * MOST_RATIO and cpu <= bare_cpu * MOST_CPU


async def serve(guests: int, folder: str) -> None:
    """fakepve until the input ends; prints its address and certificate."""
    from fakepve.certs import make_cert

    certificate, key = make_cert(folder, hosts=("127.0.0.1",))[:2]
    pve = cluster(guests)
    await pve.start(certificate, key)
    print(pve.url, certificate, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await pve.stop()


@contextmanager
def served(guests: int) -> Iterator[tuple[str, str]]:
    """(url, certificate) of fakepve in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--guests", str(guests), "--serve", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None and process.stdout is not None
            try:
                url, certificate = process.stdout.readline().split()
                yield url, certificate
            finally:
                process.stdin.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--guests", type=int, default=2000)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.guests, given.serve))
        return 0
    with served(given.guests) as (url, certificate):
        good = measure(url, certificate, given.guests)
    print("ok" if good else "a limit is missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
