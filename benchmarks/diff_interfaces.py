"""The diff of a million interfaces per side, against a plain full outer join of the same files.

    python benchmarks/diff_interfaces.py [interfaces]

1. plain join: DuckDB reads both snapshots' interfaces with the devices they are on, joins them in full by device and
   name (what only one side has stays in), and keeps every column of both sides as a table in memory. It parses no
   JSON, checks no id, finds no duplicates, writes no file.
2. diff: the whole comparison of an endpoint that was never compared, all resources, decided by the policies, with the
   desired tables and the diff written as Parquet.

Both with the same memory limit, each in a process of its own, in turns; medians of the rounds. Prints wall and CPU
(user and system) seconds, the ratios and the peak of resident memory, and what of the diff's time is the making of
the desired tables: the rest joins them with NetBox's, as the plain join does with what LibreNMS said. Fails where the diff takes more than LIMIT times
the wall time of the join, or more memory than MEMORY_LIMIT_MB.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pyarrow as pa
from apart import Measured, measure

from netbox_sync_dagster.compare.inputs import connect
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.warehouse import Warehouse, write_snapshot

# The first value makes pyarrow load pandas. A process that compares has written a snapshot before.
pa.scalar(0)

PORTS_PER_DEVICE = 100
LIMIT = 2.0
MEMORY_LIMIT_MB = 1024
# One interface in this many has another description than LibreNMS.
DIFFERS_EVERY = 1000
ROUNDS = 3

CONFIG = {
    "netbox": {"url": "http://127.0.0.1:1"},
    "endpoints": [
        {
            "name": "bench",
            "kind": "librenms",
            "url": "http://127.0.0.1:1",
            "policies": {"owns": ["interfaces.description"]},
        }
    ],
}

_PORT_NAME = "'Gi' || (n % {ports}) // 48 || '/' || (n % {ports}) % 48"
_LIBRENMS = {
    "devices": """SELECT n + 1 AS device_id, 'sw' || n AS hostname, 'sw' || n AS sysName, 'ios' AS os,
        'SER' || n AS serial, true AS status, false AS ignore, false AS disabled, 'X' AS hardware
        FROM range({devices}) t(n)""",
    "ports": """SELECT n + 1 AS port_id, n // {ports} + 1 AS device_id, {name} AS ifName, {name} AS ifDescr,
        'port ' || n AS ifAlias, 'ethernetCsmacd' AS ifType, 1000000000 AS ifSpeed, 1500 AS ifMtu,
        NULL AS ifPhysAddress, 'up' AS ifAdminStatus, 0 AS ifVrf, false AS ignore, false AS deleted
        FROM range({devices} * {ports}) t(n)""",
}
_NETBOX = {
    "devices": """SELECT n + 1 AS id, '2026-01-01T00:00:00+00:00' AS last_updated, 'sw' || n AS name,
        'active' AS status, 1 AS site_id, 1 AS device_type_id, 1 AS role_id, 'SER' || n AS serial,
        '{{"librenms_id":{{"bench":' || (n + 1) || '}}}}' AS cf FROM range({devices}) t(n)""",
    "interfaces": """SELECT n + 1 AS id, '2026-01-01T00:00:00+00:00' AS last_updated, n // {ports} + 1 AS device_id,
        {name} AS name, '1000base-t' AS type, true AS enabled, 1500 AS mtu, 1000000 AS speed,
        CASE WHEN n % {differs} = 0 THEN 'old' ELSE 'port ' || n END AS description, NULL AS mode,
        []::BIGINT[] AS tagged_vlan_ids, false AS mark_connected,
        '{{"librenms_id":{{"bench":' || (n + 1) || '}}}}' AS cf FROM range({devices} * {ports}) t(n)""",
    "custom_fields": """SELECT 1 AS id, 'librenms_id' AS name, 'json' AS type,
        ['dcim.device', 'dcim.interface'] AS object_types""",
}


def prepare(home: Path, interfaces: int) -> None:
    """Write both snapshots."""
    warehouse = Warehouse(home)
    for system, endpoint, tables in (("librenms", "bench", _LIBRENMS), ("netbox", "netbox", _NETBOX)):
        with write_snapshot(warehouse, system, endpoint):
            pass
        folder = warehouse.current(warehouse.snapshots(system, endpoint))
        con = connect(home / "tmp")
        for table, sql in tables.items():
            name = _PORT_NAME.format(ports=PORTS_PER_DEVICE)
            query = sql.format(
                devices=interfaces // PORTS_PER_DEVICE,
                ports=PORTS_PER_DEVICE,
                name=name,
                differs=DIFFERS_EVERY,
            )
            file = folder / f"{table}.parquet"
            con.execute(f"CREATE OR REPLACE TABLE shape AS FROM read_parquet('{file}')")
            con.execute(f"INSERT INTO shape BY NAME {query}")
            con.execute(f"COPY shape TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        con.close()


class Outcome(NamedTuple):
    """``wall``: seconds of the work alone; ``desired``: CPU seconds until the desired tables are there."""

    wall: float
    desired: float
    rows: int


def plain_join(home: Path) -> Outcome:
    """The full outer join, kept as a table, and its rows."""
    warehouse = Warehouse(home)
    source = warehouse.current(warehouse.snapshots("librenms", "bench"))
    target = warehouse.current(warehouse.snapshots("netbox", "netbox"))
    con = connect(home / "tmp")
    started = time.perf_counter()
    con.execute(
        f"""CREATE TABLE joined AS SELECT * FROM
            (SELECT p.*, d.sysName AS device FROM '{source}/ports.parquet' p
             JOIN '{source}/devices.parquet' d USING (device_id)) p
            FULL JOIN (SELECT i.*, d.name AS device_name FROM '{target}/interfaces.parquet' i
                       JOIN '{target}/devices.parquet' d ON d.id = i.device_id) i
            ON p.device = i.device_name AND p.ifName = i.name"""
    )
    wall = time.perf_counter() - started
    row = con.execute("SELECT count(*) FROM joined").fetchone()
    return Outcome(wall, 0.0, row[0] if row else 0)


def diff(home: Path) -> Outcome:
    """The whole comparison, files written, and its changes."""
    config = Config.model_validate(CONFIG)
    desired: list[float] = []

    def step(text: str) -> None:
        if not text.startswith("desired") and not desired:
            desired.append(time.process_time() - begun)

    begun, started = time.process_time(), time.perf_counter()
    manifest = compare(Warehouse(home), config, config.endpoint("bench"), progress=step)
    wall = time.perf_counter() - started
    return Outcome(wall, desired[0], manifest["counts"]["interfaces"]["update"])


def seconds(runs: list[Measured]) -> float:
    return median(run.result.wall for run in runs)


def cpu_seconds(runs: list[Measured]) -> float:
    return median(run.cpu for run in runs)


def main() -> int:
    interfaces = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare(home, interfaces)
        plain, ours = [], []
        for _ in range(ROUNDS):
            plain.append(measure(plain_join, home))
            # A diff that is carried over from the round before would be no comparison.
            shutil.rmtree(home / "diffs", ignore_errors=True)
            ours.append(measure(diff, home))
    joined, changed = plain[0].result.rows, ours[0].result.rows
    memory = max(run.peak_mb for run in ours)
    wall, cpu = seconds(ours) / seconds(plain), cpu_seconds(ours) / cpu_seconds(plain)
    print(f"{interfaces} interfaces per side; joined {joined}, changes found {changed}")
    for title, runs in (("plain full outer join", plain), ("diff", ours)):
        peak = max(run.peak_mb for run in runs)
        print(f"{title:22} {seconds(runs):.2f} s wall, {cpu_seconds(runs):.2f} s CPU, {peak} MB")
    desired = median(run.result.desired for run in ours)
    rest = median(run.cpu - run.result.desired for run in ours)
    print(
        f"of it desired tables {desired:.2f} s CPU; the rest {rest:.2f} s CPU,"
        f" {rest / cpu_seconds(plain):.2f} times the join"
    )
    print(f"ratio {wall:.2f} wall, {cpu:.2f} CPU (limit {LIMIT}), memory limit {MEMORY_LIMIT_MB} MB")
    return 0 if wall <= LIMIT and memory <= MEMORY_LIMIT_MB and changed == interfaces // DIFFERS_EVERY else 1


if __name__ == "__main__":
    sys.exit(main())
