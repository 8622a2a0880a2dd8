"""What a status costs with many endpoints, in a directory and on an object store: seconds, CPU seconds, requests.

    python benchmarks/status_many.py [--endpoints 500] [--times 5] [--latency 5]

Every endpoint has a snapshot, a diff with a change, attempts, and a decision in the ledger. ``netbox-sync status`` and the
overview of the review page run on a machine that has seen this warehouse before: when nothing has changed since, and
when ten endpoints were synced elsewhere. The S3 server is moto, on the same cores; each request takes ``latency``
milliseconds longer. Medians; fails above LIMIT seconds or REQUESTS.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from logged_in import pages

from netbox_sync_dagster.storage import Warehouse, write_snapshot
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.ledger import append_lines, approvals_folder, month_file
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS
from netbox_sync_lab.netbox import LabNetBox
from tests.object_store import BUCKET_URL, S3, counted_s3_server

LIMIT, REQUESTS = 2.0, 60
CHANGED = 10


def sync(warehouse: Warehouse, name: str) -> None:
    """A snapshot, a diff and the attempts of an endpoint, as a sync leaves them."""
    with write_snapshot(warehouse, "librenms", name) as writer:
        writer.rows("devices", [{"device_id": 1, "hostname": f"sw-{name}"}])
    began = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    with warehouse.publish(warehouse.diffs(name), warehouse.keep_diffs) as (diff_id, stage):
        row = {
            "endpoint": name, "diff_id": diff_id, "change_id": f"{name}1", "resource": "devices", "action": "update",
            "key": f"sw-{name}", "object_type": "dcim/devices", "netbox_id": 7, "depends_on": [],
            "fields": [{"field": "serial", "before": '"A"', "after": '"B"', "decision": "update", "reason": None}],
        }  # fmt: skip
        write_parquet(stage / "devices.parquet", DIFF_COLUMNS, [row])
        manifest = {
            "diff_id": diff_id, "endpoint": name, "kind": "librenms", "source_snapshot": diff_id,
            "target_snapshot": diff_id, "netbox_url": "https://netbox.example.com", "source_complete": True,
            "counts": {"devices": {"update": 1}}, "existing": {"devices": 3}, "gates": [], "finished": began,
        }  # fmt: skip
        write_json(stage / "manifest.json", manifest)
    line = {
        "system": "librenms",
        "started": began,
        "finished": began,
        "ok": True,
        "diff_id": diff_id,
        "seconds": 1.0,
    }
    warehouse.append_jsonl(warehouse.diffs(name) / "attempts.jsonl", line)


def fill(warehouse: Warehouse, names: list[str]) -> None:
    """A sync of every endpoint, and a decision."""
    for name in names:
        sync(warehouse, name)
        line = {
            "kind": "approval", "approval_id": f"a-{name}", "endpoint": name, "who": "alice", "through": "cli",
            "decision": "reject", "diff_id": "d", "at": "2026-11-01T00:00:00+00:00", "by": {}, "changes": [],
        }  # fmt: skip
        append_lines(warehouse, month_file(warehouse, approvals_folder(warehouse, name)), [line])


class Site:
    """One machine with a configuration of all endpoints, and the warehouse at ``home``, a folder or a URL."""

    def __init__(self, folder: Path, netbox: LabNetBox, home: str, names: list[str], s3: S3 | None) -> None:
        self.home, self.names, self.s3 = home, names, s3
        self.config = folder / "netbox_sync.yaml"
        endpoint = {"kind": "librenms", "url": "http://127.0.0.1:1", "token_env": "TOKEN", "interval": 86_400}
        content = {"netbox": {"url": netbox.url}, "endpoints": [{"name": name, **endpoint} for name in names]}
        self.config.write_text(json.dumps(content), encoding="utf-8")
        os.environ |= {
            "NETBOX_SYNC_CONFIG": str(self.config),
            "NETBOX_SYNC_HOME": home,
            "NETBOX_TOKEN": netbox.token,
            "TOKEN": "t",
        }
        # What fills it is another machine; in a directory all are one.
        self.elsewhere = self._machine(folder / "elsewhere")
        self.here = self._machine(folder / "here")

    def _machine(self, copy: Path) -> Warehouse:
        os.environ["NETBOX_SYNC_CACHE"] = str(copy)
        return Warehouse(self.home)

    def status(self) -> None:
        """``netbox-sync status``"""
        command = [sys.executable, "-m", "netbox_sync_dagster", "status"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert all(name in done.stdout for name in self.names), done.stdout

    def measured(self, work: str, call: Callable[[], None], times: int, *, own: bool) -> bool:
        """Run it once, then measure it without and with changes; True where it is over a limit."""
        began = time.perf_counter()
        call()
        print(f"{work}: the first time {time.perf_counter() - began:.1f} s", flush=True)
        over = False
        for what, changed in (("nothing new", 0), (f"{CHANGED} endpoints synced elsewhere", CHANGED)):
            figures = [self._once(call, changed, own=own) for _ in range(times)]
            wall, cpu, calls = (statistics.median(values) for values in zip(*figures, strict=True))
            print(f"{work}, {what:32} {wall:6.2f} s  CPU {cpu:6.2f} s  requests {calls:6.0f}", flush=True)
            over |= wall > LIMIT or (not changed and calls > REQUESTS)
        return over

    def _once(self, call: Callable[[], None], changed: int, *, own: bool) -> tuple[float, float, float]:
        """Seconds, CPU seconds and requests."""
        for name in self.names[:changed]:
            sync(self.elsewhere, name)
        who = resource.RUSAGE_SELF if own else resource.RUSAGE_CHILDREN
        before, calls, began = (
            resource.getrusage(who),
            len(self.s3.calls) if self.s3 else 0,
            time.perf_counter(),
        )
        call()
        wall, after = time.perf_counter() - began, resource.getrusage(who)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return wall, cpu, (len(self.s3.calls) if self.s3 else 0) - calls


def run(folder: Path, home: str, options: argparse.Namespace, s3: S3 | None) -> bool:
    """Measure one kind of storage; True where it is over a limit."""
    names = [f"nms{number:04}" for number in range(options.endpoints)]
    with LabNetBox(0, token="lab-token") as netbox:
        netbox.add_user("anna", "anna", superuser=True)
        site = Site(folder, netbox, home, names, s3)
        fill(site.elsewhere, names)
        if s3 is not None:
            s3.latency = options.latency / 1000
        over = site.measured("status", site.status, options.times, own=False)
        with pages(site.config, site.here) as page:

            def overview() -> None:
                text = page.get("/").text
                assert all(name in text for name in names), text

            # The server of the page and that of the store are in this process.
            over |= site.measured("overview", overview, options.times, own=True)
    return over


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoints", type=int, default=500)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--latency", type=float, default=5, help="milliseconds")
    options = parser.parse_args()
    # Where it is set, this package would be compiled at every start, and its libraries not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        print(f"{options.endpoints} endpoints in a directory")
        (Path(place) / "local").mkdir()
        over = run(Path(place) / "local", str(Path(place) / "data"), options, None)
        print(f"{options.endpoints} endpoints on an object store, {options.latency:g} ms per request")
        (Path(place) / "store").mkdir()
        with counted_s3_server() as s3:
            os.environ |= s3.environment
            over |= run(Path(place) / "store", BUCKET_URL, options, s3)
    if over:
        print(f"over a limit: {LIMIT} s, {REQUESTS} requests where nothing is new")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
