"""Checks on the current snapshots of every endpoint of a kind, and of NetBox."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import dagster as dg

from netbox_sync_dagster.defs.checks.findings import (
    ERROR,
    RULES,
    Finding,
    check_result,
    remembered_problems,
)
from netbox_sync_dagster.defs.keys import table_key
from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.storage import Manifest, Warehouse, WarehouseError, connections
from netbox_sync_dagster.storage.errors import Damaged
from netbox_sync_dagster.storage.files import tail
from netbox_sync_dagster.storage.tables import MAIN_TABLE
from netbox_sync_dagster.storage.versions import read_manifest
from netbox_sync_dagster.sync import is_empty

# References that must exist: (table, column, referred table, referred column).
_REFERENCES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    **{kind: source.references for kind, source in sources().items()},
    "netbox": (
        ("devices", "site_id", "sites", "id"),
        ("interfaces", "device_id", "devices", "id"),
        ("vm_interfaces", "virtual_machine_id", "virtual_machines", "id"),
        ("virtual_disks", "virtual_machine_id", "virtual_machines", "id"),
        ("contact_assignments", "contact_id", "contacts", "id"),
        ("contact_assignments", "role_id", "contact_roles", "id"),
        ("virtual_machines", "cluster_id", "clusters", "id"),
        ("vlans", "group_id", "vlan_groups", "id"),
    ),
}


def snapshot_results(
    warehouse: Warehouse, system: str, endpoints: Iterable[str]
) -> list[dg.AssetCheckResult]:
    """The results of ``snapshot_checks`` for the current snapshots of these endpoints."""
    found: dict[str, list[Finding]] = {
        name: [] for name in ("complete", "not_shrunken", "references", "nothing_rejected")
    }
    for name in endpoints:
        folder = warehouse.snapshots(system, name)
        try:
            path = warehouse.current(folder)
            manifest = Manifest(**read_manifest(path))
        except Damaged as error:
            found["complete"].append(Finding(name, str(error), ERROR))
            continue
        except WarehouseError:
            found["complete"].append(_failed_read(folder, name) or Finding(name, "not read yet", ERROR))
            continue
        found["complete"].append(_failed_read(folder, name) or _complete(manifest))
        shrunken = "; ".join(f"{part}: {text}" for part, text in sorted(manifest.shrunken.items()))
        found["not_shrunken"].append(Finding(name, shrunken))
        problems = remembered_problems(
            path,
            RULES,
            {"references": partial(_dangling, system, path), "rejected": partial(_rejected, manifest, path)},
        )
        found["references"].append(Finding(name, problems["references"]))
        found["nothing_rejected"].append(Finding(name, problems["rejected"]))
    main = table_key(system, MAIN_TABLE[system])
    keys = dict.fromkeys(found, main) | {"nothing_rejected": table_key(system, "rejected")}
    return [check_result(name, keys[name], findings) for name, findings in found.items()]


def _complete(manifest: Manifest) -> Finding:
    reasons = "; ".join(manifest.reasons)
    if is_empty(manifest):
        return Finding(manifest.endpoint, reasons or "nothing was there to read", ERROR)
    return Finding(manifest.endpoint, reasons)


def _failed_read(folder: Path, endpoint: str) -> Finding | None:
    """The last attempt to read the endpoint, if it failed."""
    try:
        last = json.loads(tail(folder / "attempts.jsonl")[-1])
    except (FileNotFoundError, IndexError, json.JSONDecodeError):
        return None
    if last["ok"]:
        return None
    return Finding(endpoint, f"the last read failed: {last['error']}", ERROR)


def _dangling(system: str, folder: Path) -> str:
    con = connections.reader()
    try:
        problems = []
        for name, column, other, other_column in _REFERENCES[system]:
            paths = [connections.pattern(folder / f"{table}.parquet") for table in (name, other)]
            row = con.execute(
                f"""SELECT count(*), min("{column}") FROM read_parquet(?) WHERE "{column}" IS NOT NULL
                    AND "{column}" NOT IN (
                        SELECT "{other_column}" FROM read_parquet(?) WHERE "{other_column}" IS NOT NULL)""",
                paths,
            ).fetchone()
            if row and row[0]:
                problems.append(f"{row[0]} rows of {name} have a {column} that {other} lacks, e.g. {row[1]}")
        return "; ".join(problems)
    finally:
        con.close()


def _rejected(manifest: Manifest, folder: Path) -> str:
    number = manifest.row_counts.get("rejected", 0)
    if not number:
        return ""
    con = connections.reader()
    try:
        row = con.execute(
            "SELECT source_table, row_key, reason FROM read_parquet(?) LIMIT 1",
            [connections.pattern(folder / "rejected.parquet")],
        ).fetchone()
    finally:
        con.close()
    first = f", e.g. {row[0]} {row[1]}: {row[2]}" if row else ""
    return f"{number} rows rejected{first} (all: SELECT * FROM sync.rejected)"
