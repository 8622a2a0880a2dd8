"""What a snapshot of NetBox costs over a bare read, and how much memory a large one takes.

    python benchmarks/netbox_snapshot.py                                 against the lab NetBox
    NETBOX_URL=... NETBOX_TOKEN=... python benchmarks/netbox_snapshot.py against a real one

1. time: the snapshot (typed, checked, in Parquet) against a bare httpx loop that asks for the same pages with all
   columns and throws the answers away, in turns, best of three. Fails above 1.5 with two requests at once, the
   default. The lab answers a page of 1000 faster than any NetBox does (NetBox 4.6 takes 110 ms for 9 fields, 600 ms
   for all), so it waits 100 ms before each. The snapshot asks for tags and tagged VLANs apart, only for rows that have
   any: a second wait for each page here, and two thirds of NetBox's work less in reality.
2. memory: 500,000 interfaces from a server that answers at once. Fails above 300 MB.
"""

from __future__ import annotations

import argparse
import http.server
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson

from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.sources.netbox.client import credentials
from netbox_sync_dagster.sources.netbox.listings import GROUPS, PROXBOX, SOURCES, absent_fields
from netbox_sync_dagster.sources.netbox.queries import graphql_list
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_dagster.storage.store import Warehouse

MOST_RATIO = 1.5
MOST_MB = 300
LAB_LATENCY = 0.1
ROWS = 10_000
MANY_ROWS = 500_000


def bare_read(url: str, token: str) -> int:
    """The same pages, one after the other, without any work on them; returns the rows.

    Without the tables of plugins: the lab has none, and a real one's are few.
    """
    rows = 0
    with httpx.Client(base_url=url, headers=credentials(token), timeout=120) as http_client:

        def graphql(lists: str) -> dict[str, list[Any]]:
            answer = orjson.loads(http_client.post("/graphql/", json={"query": f"{{ {lists} }}"}).content)
            if "errors" in answer:
                raise SystemExit(f"NetBox refuses the query: {answer['errors'][0]['message']}")
            data: dict[str, list[Any]] = answer["data"]
            return data

        said = http_client.get("/api/status/").raise_for_status().json()["netbox-version"]
        absent = absent_fields(tuple(map(int, said.split(".")[:2])))

        unfinished = {
            name: 1 for name, source in SOURCES.items() if source.listing is None and name not in PROXBOX
        }
        for names in GROUPS:
            group = graphql(" ".join(graphql_list(SOURCES[name], 1, None, 1000, absent) for name in names))
            for name in names:
                page = group[SOURCES[name].listing or ""]
                rows += len(page)
                if len(page) == 1000:
                    unfinished[name] = int(page[-1]["id"]) + 1
        for name, begin in unfinished.items():
            source, start = SOURCES[name], begin
            while True:
                if source.listing:
                    page = graphql(graphql_list(source, start, None, 1000, absent))[source.listing]
                else:
                    params: dict[str, Any] = {"limit": 1000, "start": start, "fields": source.fields(absent)}
                    answer = http_client.get(f"/api/{source.path}/", params=params).raise_for_status()
                    page = orjson.loads(answer.content)["results"]
                rows += len(page)
                if len(page) < 1000:
                    break
                start = int(page[-1]["id"]) + 1
    return rows


def snapshot(url: str, token: str, home: str, in_flight: int) -> Manifest:
    os.environ["NETBOX_TOKEN"] = token
    target = NetBoxTarget.model_validate(
        {"url": url, "max_in_flight": in_flight, "timeout": 120, "full_read_hours": 0}
    )
    return snapshot_netbox(target, Warehouse(home))


def compare(url: str, token: str) -> bool:
    with tempfile.TemporaryDirectory() as home:
        manifest = snapshot(url, token, home, 1)  # fills the cache of choices
        best: dict[str, float] = {}
        for _ in range(3):
            for name, in_flight in (("bare loop", 0), ("snapshot, 1 at once", 1), ("snapshot, 2 at once", 2)):
                begin = time.perf_counter()
                if in_flight:
                    snapshot(url, token, home, in_flight)
                else:
                    read = bare_read(url, token)
                best[name] = min(best.get(name, 1e9), time.perf_counter() - begin)
    counts = manifest.row_counts
    print(
        f"NetBox {manifest.source_version}: {counts['interfaces']} interfaces, {counts['mac_addresses']} MACs,"
        f" {counts['ip_addresses']} IPs, {counts['cables']} cables; {read} rows in all"
    )
    for name, seconds in best.items():
        print(f"  {name:22} {seconds:7.2f} s  ratio {seconds / best['bare loop']:.2f}")
    return best["snapshot, 2 at once"] / best["bare loop"] <= MOST_RATIO


def only_lab() -> None:
    """The lab NetBox with ROWS interfaces, until the input ends; prints its address and token."""
    from netbox_sync_lab.netbox import LabNetBox

    with LabNetBox() as server:
        headers = {"Authorization": f"Token {server.token}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=300) as api:

            def post(path: str, body: Any) -> Any:
                answer = api.post(f"/api/{path}/", json=body)
                answer.raise_for_status()
                return answer.json()

            site = post("dcim/sites", {"name": "s", "slug": "s"})["id"]
            maker = post("dcim/manufacturers", {"name": "m", "slug": "m"})["id"]
            kind = post("dcim/device-types", {"model": "t", "slug": "t", "manufacturer": maker})["id"]
            role = post("dcim/device-roles", {"name": "r", "slug": "r"})["id"]
            base = {"device_type": kind, "role": role, "site": site}
            devices = post("dcim/devices", [{**base, "name": f"d{i}"} for i in range(ROWS // 50)])
            for device in devices:
                body = [{"device": device["id"], "name": f"p{i}", "type": "1000base-t"} for i in range(50)]
                post("dcim/interfaces", body)
        server.set_latency(LAB_LATENCY, path_prefix="/graphql/")
        print(server.url, server.token, flush=True)
        sys.stdin.read()


@contextmanager
def lab() -> Iterator[tuple[str, str]]:
    """(url, token) of the lab NetBox in a separate process, as a NetBox would be."""
    command = [sys.executable, __file__, "--only-lab"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            url, token = process.stdout.readline().split()
            yield url, token
        finally:
            process.stdin.close()


class _Flood(http.server.BaseHTTPRequestHandler):
    """A NetBox with MANY_ROWS interfaces and nothing else, as far as a snapshot asks."""

    protocol_version = "HTTP/1.1"
    row = (
        '{"id":"%d","last_updated":"2026-01-01T00:00:00.000001+00:00","device":{"id":"7"},"name":"Ethernet%d",'
        '"label":"","type":"1000base-t","enabled":true,"mtu":1500,"speed":1000000,"description":"port %d",'
        '"mode":"tagged","untagged_vlan":{"id":"1"},"tagged_vlans":[{"id":"2"},{"id":"3"}],"lag":null,'
        '"parent":null,"bridge":null,"vrf":null,"mgmt_only":false,"mark_connected":false,"cable":null,'
        '"module":null,"primary_mac_address":{"id":"9"},"poe_mode":null,"rf_role":null,"rf_channel_frequency":null,'
        '"rf_channel_width":null,"tags":[{"slug":"netbox-sync"}],'
        '"custom_fields":{"librenms_id":{"paris":%d}}}'
    )

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/api/status/"):
            self._send(b'{"netbox-version":"4.6.8","plugins":{}}')
        elif self.path.startswith("/api/dcim/interfaces/"):
            self._send(b'{"next":null,"results":[{"id":%d}]}' % MANY_ROWS)
        else:
            self._send(b'{"next":null,"results":[]}')

    def do_OPTIONS(self) -> None:
        self._send(b"{}")

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["content-length"])).decode()
        lists = []
        for name, start, rest in re.findall(r"(\w+_list)\(pagination: {start: (\d+)[^}]*}([^)]*)\)", query):
            rows: list[str] = []
            if name == "interface_list":
                bound = re.search(r"lt: (\d+)", rest)
                end = min(int(bound.group(1)) if bound else MANY_ROWS + 1, int(start) + 1000)
                rows = [self.row % (i, i, i, i) for i in range(int(start), end)]
            lists.append(f'"{name}":[{",".join(rows)}]')
        self._send(f'{{"data":{{{",".join(lists)}}}}}'.encode())

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def memory() -> bool:
    """The snapshot runs in a separate process, so that only its memory counts."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Flood)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    done = subprocess.run(
        [sys.executable, __file__, "--only-snapshot", url], check=True, capture_output=True, text=True
    )
    server.shutdown()
    rows, seconds, peak = done.stdout.split()
    print(f"{rows} interfaces: {float(seconds):.1f} s, peak {float(peak):.0f} MB")
    return int(rows) == MANY_ROWS and float(peak) <= MOST_MB


def only_snapshot(url: str) -> None:
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        manifest = snapshot(url, "token", home, 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(manifest.row_counts["interfaces"], time.perf_counter() - begin, peak)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--only-snapshot", metavar="URL", help=argparse.SUPPRESS)
    arguments.add_argument("--only-lab", action="store_true", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.only_lab:
        only_lab()
        return 0
    if chosen.only_snapshot:
        only_snapshot(chosen.only_snapshot)
        return 0
    url, token = os.environ.get("NETBOX_URL"), os.environ.get("NETBOX_TOKEN")
    if url and token:
        fast = compare(url, token)
    else:
        with lab() as (url, token):
            fast = compare(url, token)
    small = memory()
    print("ok" if fast and small else f"too slow (ratio above {MOST_RATIO}) or above {MOST_MB} MB")
    return 0 if fast and small else 1


if __name__ == "__main__":
    raise SystemExit(main())
