"""How many calls a snapshot of LibreNMS takes, and its cost beside the bare downloads of the same calls.

    python benchmarks/librenms_snapshot.py                                      lab servers of two sizes
    LIBRENMS_URL=... LIBRENMS_TOKEN=... python benchmarks/librenms_snapshot.py  a real one

1. calls: eight for the whole installation, one per device that has VLANs, one per device that has a LAG, one
   per stack of switches; fails when there are others, or more.
2. again: the next snapshot, before any device is discovered again; fails when it asks more than the eight.
3. cost: the first snapshot (checked, typed, in Parquet) against an httpx loop that asks for the same addresses, as
   many at once as the snapshot does, and throws the answers away; in turns, best of three. Fails when the
   snapshot takes more than 2 times the CPU, or half a second more where that is more: the snapshot of a small
   installation is mostly the writing of its 14 files.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import httpx

from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.storage import Manifest, Warehouse
from netbox_sync_lab.estate import build_librenms
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState

MOST_RATIO = 2.0
MOST_SECONDS_MORE = 0.5
ROUNDS = 3
SWITCHES = 200
PORTS = 48
BULK = (
    "/system",
    "/ports",
    "/devices",
    "/resources/ip/addresses",
    "/resources/vlans",
    "/resources/links",
    "/resources/locations",
    "/routing/vrf",
)


def kind(target: str) -> str:
    """Which of the allowed calls this is."""
    path, _, query = target.partition("/api/v0")[2].partition("?")
    if path in BULK:
        return "bulk"
    if re.fullmatch(r"/devices/\d+/ports", path) and "with=vlans" in query:
        return "device with VLANs"
    if re.fullmatch(r"/devices/\d+/port_stack", path):
        return "device with a LAG"
    if re.fullmatch(r"/inventory/\d+/all", path):
        return "stack"
    return path


def switches() -> LibreNMSState:
    """A plain campus: switches with 48 ports and four VLANs each, two of them on every uplink."""
    state = LibreNMSState()
    for number in range(SWITCHES):
        switch = state.add_device(f"sw{number}", os="ios", hardware="C9300-48P", serial=f"FOC{number:08}")
        for vid in (10, 20, 30, 40):
            state.add_vlan(switch, vid, f"VLAN{vid}")
        for port in range(PORTS):
            row = state.add_port(
                switch, f"Gi1/0/{port + 1}", ifIndex=port + 1, ifVlan="10", ifAlias=f"room {number}-{port}"
            )
            if port == 0:
                state.add_membership(row, 20)
                state.add_membership(row, 30)
    return state


ESTATES = {
    "the demo's estate": build_librenms,
    f"{SWITCHES} switches with {PORTS} ports": switches,
}


class Server:
    """A LibreNMS to read."""

    def __init__(self, url: str, token: str) -> None:
        os.environ["LIBRENMS_TOKEN"] = token
        self.token = token
        self.endpoint = LibreNMSEndpoint.model_validate(
            {"name": "bench", "kind": "librenms", "url": url, "timeout": 300}
        )

    def snapshot(self, home: Path) -> tuple[Manifest, float]:
        """The manifest, and CPU seconds."""
        begin = time.process_time()
        manifest = snapshot_librenms(self.endpoint, Warehouse(home))
        return manifest, time.process_time() - begin

    def recorded(self, home: Path) -> list[str]:
        """The addresses that a snapshot asks for."""
        asked: list[str] = []
        send = httpx.Client.send

        def noting(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
            asked.append(str(request.url))
            return send(client, request, **more)

        with patch.object(httpx.Client, "send", noting):
            self.snapshot(home)
        return asked

    def bare(self, asked: list[str]) -> tuple[float, float]:
        """Seconds and CPU seconds to download them: the bulk calls one by one, the others several at once."""
        headers = {"X-Auth-Token": self.token}
        begin, cpu = time.perf_counter(), time.process_time()
        with httpx.Client(headers=headers, timeout=300) as http:

            def one(url: str) -> None:
                with http.stream("GET", url) as response:
                    for _ in response.iter_bytes(1 << 20):
                        pass

            for url in asked:
                if kind(url) == "bulk":
                    one(url)
            with ThreadPoolExecutor(self.endpoint.fetch_max_concurrency) as pool:
                list(pool.map(one, (url for url in asked if kind(url) != "bulk")))
        return time.perf_counter() - begin, time.process_time() - cpu


def devices_with_vlans(home: Path) -> int:
    folder = Warehouse(home).current(Warehouse(home).snapshots("librenms", "bench"))
    with duckdb.connect() as con:
        query = "SELECT count(DISTINCT device_id) FROM read_parquet(?)"
        row = con.execute(query, [str(folder / "vlans.parquet")]).fetchone()
    return int(row[0]) if row else 0


def measure(title: str, url: str, token: str) -> bool:
    server = Server(url, token)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "first"
        asked = server.recorded(home)
        calls = Counter(kind(target) for target in asked)
        expected = devices_with_vlans(home)
        again = Counter(kind(target) for target in server.recorded(home))
        bare, ours, next_one = [], [], []
        for number in range(ROUNDS):
            bare.append(server.bare(asked)[1])
            home = Path(folder) / str(number)
            manifest, seconds = server.snapshot(home)
            ours.append(seconds)
            next_one.append(server.snapshot(home)[1])
    counts = manifest.row_counts
    print(
        f"{title}: LibreNMS {manifest.source_version}, {counts['devices']} devices, {counts['ports']} ports,"
        f" {counts['vlans']} VLANs, {counts['port_vlans']} memberships"
    )
    print(f"  calls: {len(asked)} = " + ", ".join(f"{number} {name}" for name, number in calls.items()))
    print(f"  again: {again.total()} = " + ", ".join(f"{number} {name}" for name, number in again.items()))
    others = set(calls) - {"bulk", "device with VLANs", "device with a LAG", "stack"}
    few = calls["bulk"] == len(BULK) and calls["device with VLANs"] == expected and not others
    few = few and again == {"bulk": len(BULK)}
    print(f"  expected: {len(BULK)} bulk, {expected} devices with VLANs; {'kept' if few else 'MISSED'}")
    ratio = min(ours) / min(bare)
    print(
        f"  CPU: bare downloads {min(bare):.2f} s, snapshot {min(ours):.2f} s, ratio {ratio:.2f} (limit {MOST_RATIO}),"
        f" again {min(next_one):.2f} s; load {os.getloadavg()[0]:.1f}"
    )
    return few and min(ours) <= max(min(bare) * MOST_RATIO, min(bare) + MOST_SECONDS_MORE)


def serve(title: str) -> None:
    """One of the lab's servers until the input ends; prints its address and token."""
    with LabLibreNMS(ESTATES[title]()) as server:
        print(server.url, server.token, flush=True)
        sys.stdin.read()


@contextmanager
def lab(title: str) -> Iterator[tuple[str, str]]:
    """(url, token) of a lab server in a separate process, as a LibreNMS would be."""
    command = [sys.executable, __file__, "--serve", title]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            url, token = process.stdout.readline().split()
            yield url, token
        finally:
            process.stdin.close()


def main() -> int:
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        return 0
    url, token = os.environ.get("LIBRENMS_URL", "").rstrip("/"), os.environ.get("LIBRENMS_TOKEN")
    results = []
    if url and token:
        results.append(measure(url, url, token))
    else:
        for title in ESTATES:
            with lab(title) as (url, token):
                results.append(measure(title, url, token))
    print("ok" if all(results) else "a limit is missed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
