"""The comparison of a million interfaces a side, beside what plain DuckDB and pandas need for the same changes.

    python benchmarks/diff_interfaces.py [interfaces] [mix ...]

An endpoint's whole comparison, all resources, decided by the policies, with all files written. Six mixes:

- same      compared again, nothing has changed since the last two diffs
- again     the same, with a new snapshot of the source; NetBox was read incrementally
- few       0.1 % of the interfaces have another description
- each      1 % have another description, 1 % are new, 1 % are gone from the source
- many      10 % have another description
- first     NetBox has the devices and no interface; a fifth as many interfaces

The peers read the same snapshots, join them by device and name, read the id from NetBox's custom field, find the interfaces
whose id, description, MTU, speed or state differ, the new and the removed ones, and write these with before and after to a
Parquet file. They find no duplicates, decide nothing, compute no change id and keep no desired tables. diffsync, where it is installed, compares the same interfaces as
objects in memory, without reading or writing; only for the mix first, as it takes a minute for more.

Each in a separate process, in turns, all with the same memory limit for DuckDB; medians of the rounds, in CPU seconds (user
and system). Fails where a mix takes more than LIMITS times plain DuckDB, the first sync is not FASTER times faster than
diffsync, or the comparison takes more memory than MEMORY_LIMIT_MB.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pyarrow as pa
from apart import measure

from netbox_sync_dagster.compare.database import connect
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage import Warehouse, write_snapshot

# The first value makes pyarrow load pandas. A process that compares has written a snapshot before.
pa.scalar(0)

PORTS_PER_DEVICE = 100
LIMITS = {"same": 1.3, "again": 1.3, "few": 3.0, "each": 3.0, "many": 3.0, "first": 3.0}
FASTER = 4.0
MEMORY_LIMIT_MB = 1024
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


class Mix(NamedTuple):
    """Every how many interfaces one differs, is new and is gone; 0: none."""

    differs: int = 0
    new: int = 0
    gone: int = 0
    share: float = 1.0


MIXES = {
    "same": Mix(differs=1000),
    "again": Mix(differs=1000),
    "few": Mix(differs=1000),
    "each": Mix(differs=100, new=100, gone=100),
    "many": Mix(differs=10),
    "first": Mix(new=1, share=0.2),
}

_PORT_NAME = "'Gi' || (n % {ports}) // 48 || '/' || (n % {ports}) % 48"
_LIBRENMS = {
    "devices": """SELECT n + 1 AS device_id, 'sw' || n AS hostname, 'sw' || n AS sysName, 'ios' AS os,
        'SER' || n AS serial, true AS status, false AS ignore, false AS disabled, 'X' AS hardware
        FROM range({devices}) t(n)""",
    "ports": """SELECT n + 1 AS port_id, n // {ports} + 1 AS device_id, {name} AS ifName, {name} AS ifDescr,
        'port ' || n AS ifAlias, 'ethernetCsmacd' AS ifType, 1000000000 AS ifSpeed, 1500 AS ifMtu,
        NULL AS ifPhysAddress, 'up' AS ifAdminStatus, 0 AS ifVrf, false AS ignore, false AS deleted
        FROM range({devices} * {ports}) t(n) WHERE {gone} = 0 OR n % {gone} <> 2""",
}
_NETBOX = {
    "devices": """SELECT n + 1 AS id, '2026-01-01T00:00:00+00:00' AS last_updated, 'sw' || n AS name,
        'active' AS status, 1 AS site_id, 1 AS device_type_id, 1 AS role_id, 'SER' || n AS serial,
        '{{"librenms_id":{{"bench":' || (n + 1) || '}}}}' AS cf FROM range({devices}) t(n)""",
    "interfaces": """SELECT n + 1 AS id, '2026-01-01T00:00:00+00:00' AS last_updated, n // {ports} + 1 AS device_id,
        {name} AS name, '1000base-t' AS type, true AS enabled, 1500 AS mtu, 1000000 AS speed,
        CASE WHEN {differs} > 0 AND n % {differs} = 0 THEN 'old' ELSE 'port ' || n END AS description, NULL AS mode,
        []::BIGINT[] AS tagged_vlan_ids, false AS mark_connected,
        '{{"librenms_id":{{"bench":' || (n + 1) || '}}}}' AS cf FROM range({devices} * {ports}) t(n)
        WHERE {new} = 0 OR ({new} > 1 AND n % {new} <> 1)""",
    "custom_fields": """SELECT 1 AS id, 'librenms_id' AS name, 'json' AS type,
        ['dcim.device', 'dcim.interface'] AS object_types""",
}


def prepare(home: Path, interfaces: int, mix: Mix = MIXES["few"]) -> None:
    """Write both snapshots."""
    warehouse = Warehouse(home)
    for system, endpoint, tables in (("librenms", "bench", _LIBRENMS), ("netbox", "netbox", _NETBOX)):
        with write_snapshot(warehouse, system, endpoint):
            pass
        folder = warehouse.current(warehouse.snapshots(system, endpoint))
        con = connect(home / "tmp")
        for table, sql in tables.items():
            query = sql.format(
                devices=interfaces // PORTS_PER_DEVICE,
                ports=PORTS_PER_DEVICE,
                name=_PORT_NAME.format(ports=PORTS_PER_DEVICE),
                differs=mix.differs,
                new=mix.new,
                gone=mix.gone,
            )
            file = folder / f"{table}.parquet"
            con.execute(f"CREATE OR REPLACE TABLE shape AS FROM read_parquet('{file}')")
            con.execute(f"INSERT INTO shape BY NAME {query}")
            con.execute(f"COPY shape TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        con.close()


def read_again(home: Path) -> None:
    """Write both snapshots again, with the same rows: that of NetBox with links, as an incremental read does."""
    warehouse = Warehouse(home)
    for system, endpoint in (("librenms", "bench"), ("netbox", "netbox")):
        before = warehouse.current(warehouse.snapshots(system, endpoint))
        with write_snapshot(warehouse, system, endpoint):
            pass
        now = warehouse.current(warehouse.snapshots(system, endpoint))
        for file in before.glob("*.parquet"):
            (now / file.name).unlink()
            (os.link if system == "netbox" else shutil.copyfile)(file, now / file.name)


def ours(home: Path) -> dict[str, int]:
    """The rows of the comparison by action, of interfaces."""
    config = Config.model_validate(CONFIG)
    manifest = compare(Warehouse(home), config, config.endpoint("bench"))
    counts: dict[str, int] = manifest["counts"].get("interfaces", {})
    return counts


# Before and after of what differs, for each pair of a port and an interface.
_FIELDS = """[{{'field': 'description', 'before': i.description, 'after': l.ifAlias}},
    {{'field': 'mtu', 'before': i.mtu::VARCHAR, 'after': l.ifMtu::VARCHAR}},
    {{'field': 'speed', 'before': i.speed::VARCHAR, 'after': (l.ifSpeed // 1000)::VARCHAR}},
    {{'field': 'enabled', 'before': i.enabled::VARCHAR, 'after': (l.ifAdminStatus = 'up')::VARCHAR}},
    {{'field': 'id', 'before': i.claim, 'after': l.port_id::VARCHAR}}]"""
_CHANGES = f"""
    SELECT coalesce(l.device || ' ' || l.ifName, i.device_name || ' ' || i.name) AS key, i.id AS netbox_id,
        i.last_updated, CASE WHEN i.id IS NULL THEN 'create' WHEN l.port_id IS NULL THEN 'gone' ELSE 'update' END AS action,
        list_filter({_FIELDS}, lambda f: f.before IS DISTINCT FROM f.after) AS fields
    FROM (SELECT p.*, d.sysName AS device FROM '{{source}}/ports.parquet' p
          JOIN '{{source}}/devices.parquet' d USING (device_id)) l
    FULL JOIN (SELECT i.*, d.name AS device_name, json_extract_string(i.cf, '$.librenms_id.bench') AS claim FROM '{{target}}/interfaces.parquet' i
          JOIN '{{target}}/devices.parquet' d ON d.id = i.device_id) i
      ON l.device = i.device_name AND l.ifName = i.name
    WHERE i.id IS NULL OR l.port_id IS NULL OR i.description IS DISTINCT FROM l.ifAlias
       OR i.mtu IS DISTINCT FROM l.ifMtu OR i.speed IS DISTINCT FROM l.ifSpeed // 1000
       OR i.enabled IS DISTINCT FROM (l.ifAdminStatus = 'up') OR i.claim IS DISTINCT FROM l.port_id::VARCHAR"""


def _folders(home: Path) -> dict[str, Path]:
    warehouse = Warehouse(home)
    return {
        "source": warehouse.current(warehouse.snapshots("librenms", "bench")),
        "target": warehouse.current(warehouse.snapshots("netbox", "netbox")),
    }


def plain_duckdb(home: Path) -> dict[str, int]:
    """The changes by plain DuckDB, written to a file; their number by action."""
    con = connect(home / "tmp")
    con.execute(f"CREATE TABLE changes AS {_CHANGES.format(**_folders(home))}")
    con.execute(f"COPY changes TO '{home}/plain.parquet' (FORMAT parquet, COMPRESSION zstd)")
    return dict(con.execute("SELECT action, count(*) FROM changes GROUP BY action").fetchall())


def plain_pandas(home: Path) -> dict[str, int]:
    """The same by pandas."""
    import pandas as pd

    folders = _folders(home)
    ports = pd.read_parquet(
        folders["source"] / "ports.parquet",
        columns=["port_id", "device_id", "ifName", "ifAlias", "ifMtu", "ifSpeed", "ifAdminStatus"],
    ).merge(
        pd.read_parquet(folders["source"] / "devices.parquet", columns=["device_id", "sysName"]),
        on="device_id",
    )
    interfaces = pd.read_parquet(
        folders["target"] / "interfaces.parquet",
        columns=["id", "last_updated", "device_id", "name", "description", "mtu", "speed", "enabled"],
    ).merge(
        pd.read_parquet(folders["target"] / "devices.parquet", columns=["id", "name"]).rename(
            columns={"id": "device_id", "name": "device"}
        ),
        on="device_id",
    )
    joined = ports.merge(
        interfaces,
        left_on=["sysName", "ifName"],
        right_on=["device", "name"],
        how="outer",
        indicator=True,
        suffixes=("_l", ""),
    )
    both = joined["_merge"] == "both"
    differs = both & (
        (joined["ifAlias"] != joined["description"])
        | (joined["ifMtu"] != joined["mtu"])
        | (joined["ifSpeed"] // 1000 != joined["speed"])
        | ((joined["ifAdminStatus"] == "up") != joined["enabled"])
    )
    changes = joined[~both | differs]
    changes.astype({"_merge": str}).to_parquet(home / "pandas.parquet", compression="zstd")
    found = changes["_merge"].value_counts()
    counts = {"create": found["left_only"], "gone": found["right_only"], "update": int(differs.sum())}
    return {action: int(number) for action, number in counts.items() if number}


def by_diffsync(home: Path) -> dict[str, int]:
    """The interfaces as objects of diffsync; its own time is that of the comparison of the two trees."""
    import diffsync

    class Interface(diffsync.DiffSyncModel):
        _modelname = "interface"
        _identifiers = ("device", "name")
        _attributes = ("description", "mtu", "speed", "enabled")
        device: str
        name: str
        description: str
        mtu: int
        speed: int
        enabled: bool

    class Side(diffsync.Adapter):
        interface = Interface
        top_level = ("interface",)

    sides = Side(), Side()
    con = connect(home / "tmp")
    folders = _folders(home)
    queries = (
        f"""SELECT d.sysName, p.ifName, p.ifAlias, p.ifMtu, p.ifSpeed // 1000, p.ifAdminStatus = 'up'
            FROM '{folders["source"]}/ports.parquet' p JOIN '{folders["source"]}/devices.parquet' d USING (device_id)""",
        f"""SELECT d.name, i.name, i.description, i.mtu, i.speed, i.enabled
            FROM '{folders["target"]}/interfaces.parquet' i
            JOIN '{folders["target"]}/devices.parquet' d ON d.id = i.device_id""",
    )
    names = ("device", "name", "description", "mtu", "speed", "enabled")
    for side, query in zip(sides, queries, strict=True):
        for row in con.execute(query).fetchall():
            side.add(Interface(**dict(zip(names, row, strict=True))))
    summary: dict[str, int] = sides[1].diff_from(sides[0]).summary()
    return {action: number for action, number in summary.items() if number and action != "no-change"}


def run_mix(name: str, interfaces: int, rounds: int = ROUNDS) -> dict[str, dict[str, Any]]:
    """CPU seconds, peak memory (MB) and counts of all ways, for one mix."""
    mix = MIXES[name]
    size = int(interfaces * mix.share)
    ways = {"ours": ours, "duckdb": plain_duckdb, "pandas": plain_pandas}
    if name == "first" and importlib.util.find_spec("diffsync"):
        ways["diffsync"] = by_diffsync
    taken: dict[str, list[Any]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare(home, size, mix)
        unchanged = name in ("same", "again")
        if unchanged:
            # The diff that is carried over, and one that shows that nothing depends on an earlier one.
            measure(ours, home)
            measure(ours, home)
        for _ in range(rounds):
            if name == "again":
                read_again(home)
            if not unchanged:
                shutil.rmtree(home / "diffs", ignore_errors=True)
            for way, function in ways.items():
                taken[way].append(measure(function, home))
    return {
        way: {
            "cpu": median(one.cpu for one in found),
            "wall": median(one.wall for one in found),
            "peak": max(one.peak_mb for one in found),
            "counts": found[-1].result,
        }
        for way, found in taken.items()
    }


def main() -> int:
    interfaces = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    good = True
    for name in sys.argv[2:] or MIXES:
        found = run_mix(name, interfaces)
        mine, plain = found["ours"], found["duckdb"]
        ratio = mine["cpu"] / plain["cpu"]
        fits = ratio <= LIMITS[name] and mine["peak"] <= MEMORY_LIMIT_MB
        if "diffsync" in found:
            fits = fits and found["diffsync"]["cpu"] >= FASTER * mine["cpu"]
        good = good and fits
        times = ", ".join(f"{way} {one['cpu']:.2f} s ({one['peak']} MB)" for way, one in found.items())
        print(
            f"{name:6}{int(interfaces * MIXES[name].share):>10} interfaces: {times};"
            f" {ratio:.2f} times DuckDB, limit {LIMITS[name]}{'' if fits else ': MISSED'}"
            f"; rows {mine['counts']}; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        if plain["counts"].get("update", 0) != mine["counts"].get("update", 0):
            raise SystemExit(f"{name}: plain DuckDB found {plain['counts']}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
