"""The diff of a million interfaces per side, against a plain full outer join of the same files.

    python benchmarks/diff_interfaces.py [interfaces]

One comparison of an endpoint that was never compared, all resources, decided by the policies, with all files written.
It has two parts, each held against a join by DuckDB that keeps in full what only one side has, and every column of both
sides, as a table in memory; a join parses no JSON, checks no id, finds no duplicates and writes no file:

1. diff: the desired tables and NetBox's snapshot, from their files, to the diff's files. Its join is that of the same
   files: desired interfaces and NetBox's, by device and name. This is what LIMIT is for.
2. whole: the making of the desired tables from LibreNMS's snapshot besides. Its join is that of the two snapshots:
   LibreNMS's ports and NetBox's interfaces, with the devices they are on.

All with the same memory limit, each in a separate process, in turns; medians of the rounds. Prints wall and CPU
(user and system) seconds, the ratios and the peak of resident memory. Fails where the diff takes more than LIMIT times
the wall or the CPU time of its join, or the comparison more memory than MEMORY_LIMIT_MB.
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

from netbox_sync_dagster.compare.database import connect
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage import Warehouse, write_snapshot

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
    """Seconds: ``wall`` and ``cpu`` of all, ``desired_*`` of the desired tables alone."""

    wall: float
    cpu: float
    rows: int
    desired_wall: float = 0.0
    desired_cpu: float = 0.0


_PORTS = """SELECT p.*, d.sysName AS device FROM '{source}/ports.parquet' p
            JOIN '{source}/devices.parquet' d USING (device_id)"""
_DESIRED = "FROM '{desired}/desired/interfaces.parquet'"
_INTERFACES = """SELECT i.*, d.name AS device_name FROM '{target}/interfaces.parquet' i
                 JOIN '{target}/devices.parquet' d ON d.id = i.device_id"""


def plain_join(home: Path, left: str, name: str) -> Outcome:
    """The full outer join of ``left`` with NetBox's interfaces, kept as a table, and its rows."""
    warehouse = Warehouse(home)
    folders = {
        "source": warehouse.current(warehouse.snapshots("librenms", "bench")),
        "target": warehouse.current(warehouse.snapshots("netbox", "netbox")),
        "desired": warehouse.current(warehouse.diffs("bench")),
    }
    con = connect(home / "tmp")
    begun, started = time.process_time(), time.perf_counter()
    con.execute(
        f"CREATE TABLE joined AS SELECT * FROM ({left}) l FULL JOIN ({_INTERFACES}) i"
        f" ON l.device = i.device_name AND l.{name} = i.name".format(**folders)
    )
    wall, cpu = time.perf_counter() - started, time.process_time() - begun
    row = con.execute("SELECT count(*) FROM joined").fetchone()
    return Outcome(wall, cpu, row[0] if row else 0)


def comparison(home: Path) -> Outcome:
    """The whole comparison, files written, and its changes."""
    config = Config.model_validate(CONFIG)
    marks: dict[str, tuple[float, float]] = {}

    def step(text: str) -> None:
        part = "desired" if text.startswith("desired") else "diff"
        marks.setdefault(part, (time.perf_counter(), time.process_time()))

    started, begun = time.perf_counter(), time.process_time()
    manifest = compare(Warehouse(home), config, config.endpoint("bench"), progress=step)
    wall, cpu = time.perf_counter() - started, time.process_time() - begun
    desired_wall, desired_cpu = (marks["diff"][at] - marks["desired"][at] for at in (0, 1))
    return Outcome(wall, cpu, manifest["counts"]["interfaces"]["update"], desired_wall, desired_cpu)


def main() -> int:
    interfaces = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    runs: dict[str, list[Measured]] = {"diff's join": [], "whole's join": [], "whole": []}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare(home, interfaces)
        for _ in range(ROUNDS):
            # A diff that is carried over from the round before would be no comparison.
            shutil.rmtree(home / "diffs", ignore_errors=True)
            runs["whole"].append(measure(comparison, home))
            runs["diff's join"].append(measure(plain_join, home, _DESIRED, "name"))
            runs["whole's join"].append(measure(plain_join, home, _PORTS, "ifName"))
    outcomes = {title: [run.result for run in found] for title, found in runs.items()}
    taken = {
        title: (median(o.wall for o in found), median(o.cpu for o in found))
        for title, found in outcomes.items()
    }
    whole = outcomes["whole"]
    taken["diff"] = (
        median(o.wall - o.desired_wall for o in whole),
        median(o.cpu - o.desired_cpu for o in whole),
    )
    changed, joined = whole[0].rows, [outcomes[title][0].rows for title in ("diff's join", "whole's join")]
    memory = max(run.peak_mb for run in runs["whole"])
    print(f"{interfaces} interfaces per side; joined {joined}, changes found {changed}; peak {memory} MB")
    ratios = {}
    for part in ("diff", "whole"):
        join = taken[f"{part}'s join"]
        wall, cpu = (mine / plain for mine, plain in zip(taken[part], join, strict=True))
        ratios[part] = max(wall, cpu)
        print(
            f"{part:6} {taken[part][0]:.2f} s wall, {taken[part][1]:.2f} s CPU;"
            f" its join {join[0]:.2f} s wall, {join[1]:.2f} s CPU; ratio {wall:.2f} wall, {cpu:.2f} CPU"
        )
    print(f"limits: {LIMIT} for the diff, {MEMORY_LIMIT_MB} MB")
    good = changed == interfaces // DIFFERS_EVERY and joined == [interfaces, interfaces]
    return 0 if good and ratios["diff"] <= LIMIT and memory <= MEMORY_LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
