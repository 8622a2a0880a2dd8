"""A very large LibreNMS, once: its snapshot, and its diff into a NetBox that has no device yet.

    python benchmarks/librenms_large.py                                      the lab's largest
    LIBRENMS_URL=... LIBRENMS_TOKEN=... python benchmarks/librenms_large.py  a real one

Snapshot and diff run in a process each. The bare downloads are those of librenms_snapshot.py: the addresses that the
snapshot asked for, once more, as many at once, thrown away. Fails where snapshot and diff together take more than
MOST_RATIO times the bare downloads and MOST_SECONDS_MORE, or more memory than the limits (resident, at their peak).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from apart import measure
from librenms_snapshot import ESTATES, Server, lab

from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_lab.netbox import LabNetBox

MOST_RATIO = 1.5
MOST_SECONDS_MORE = 120
SNAPSHOT_MB = 1024
DIFF_MB = 2048
DEFAULTS = {"site": "main", "role": "network", "device_type": "unknown", "manufacturer": "unknown"}


def server() -> Server:
    return Server(os.environ["LIBRENMS_URL"].rstrip("/"), os.environ["LIBRENMS_TOKEN"])


def take_snapshot(home: Path) -> tuple[dict[str, int], list[str]]:
    """(rows by table, the addresses asked for)."""
    asked = server().recorded(home)
    warehouse = Warehouse(home)
    return warehouse.manifest(warehouse.snapshots("librenms", "bench"))["row_counts"], asked


def diff(home: Path) -> dict[str, Any]:
    """Counts by resource and action."""
    config = Config.model_validate_json((home / "config.json").read_bytes())
    counts: dict[str, Any] = compare(Warehouse(home), config, config.endpoint("bench"))["counts"]
    return counts


def read_new_netbox(home: Path) -> None:
    """Snapshot of a NetBox that has what devices refer to and nothing else, and the configuration that names it."""
    with LabNetBox() as netbox, httpx.Client(headers={"Authorization": f"Token {netbox.token}"}) as http:

        def create(path: str, content: dict[str, Any]) -> int:
            answer = http.post(f"{netbox.url}/api/dcim/{path}/", json=content).raise_for_status().json()
            return int(answer["id"])

        create("sites", {"name": "main", "slug": "main"})
        create("device-roles", {"name": "network", "slug": "network"})
        manufacturer = create("manufacturers", {"name": "unknown", "slug": "unknown"})
        create("device-types", {"model": "unknown", "slug": "unknown", "manufacturer": manufacturer})
        os.environ["NETBOX_TOKEN"] = netbox.token
        config = Config.model_validate(
            {
                "netbox": {"url": netbox.url},
                "endpoints": [
                    {
                        "name": "bench",
                        "kind": "librenms",
                        "url": os.environ["LIBRENMS_URL"],
                        "import_devices": "all",
                        "defaults": DEFAULTS,
                    }
                ],
            }
        )
        snapshot_netbox(config.netbox, Warehouse(home), deletes=config.deletes)
    (home / "config.json").write_text(config.model_dump_json())


def both() -> bool:
    """Whether snapshot and diff of the server in the environment keep the limits."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        snapshot = measure(take_snapshot, home)
        rows, asked = snapshot.result
        print(f"{rows['devices']} devices, {rows['ports']} ports, {len(asked)} calls")
        bare = server().bare(asked)[0]
        read_new_netbox(home)
        compared = measure(diff, home)
    for name, part in (("snapshot", snapshot), ("diff", compared)):
        print(f"  {name:10} {part.wall:7.1f} s, {part.cpu:7.1f} s CPU, {part.peak_mb} MB")
    limit = MOST_RATIO * bare + MOST_SECONDS_MORE
    total = snapshot.wall + compared.wall
    changes = sum(number for counts in compared.result.values() for number in counts.values())
    print(
        f"  bare downloads {bare:.1f} s; both together {total:.1f} s, limit {limit:.1f} s; {changes} rows of diff"
    )
    # Every port is an interface that NetBox lacks, but for those that LibreNMS itself has marked as gone or ignored.
    whole = changes > rows["ports"] / 2
    return total <= limit and snapshot.peak_mb <= SNAPSHOT_MB and compared.peak_mb <= DIFF_MB and whole


def main() -> int:
    if "LIBRENMS_URL" in os.environ:
        kept = both()
    else:
        with lab(list(ESTATES)[-1]) as (url, token):
            os.environ |= {"LIBRENMS_URL": url, "LIBRENMS_TOKEN": token}
            kept = both()
    print("ok" if kept else "a limit is missed")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
