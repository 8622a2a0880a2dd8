"""Diffs as the version before wrote them: the decision on a field was called its verdict."""

from __future__ import annotations

from pathlib import Path

import duckdb

from netbox_sync_dagster.storage.connections import quoted


def as_older_version(diff: Path) -> None:
    """Rewrite the tables of a diff."""
    for file in diff.glob("*.parquet"):
        beside = file.with_suffix(".older")
        with duckdb.connect() as con:
            con.execute(
                f"""COPY (SELECT * REPLACE (list_transform(fields, lambda f: {{field: f.field, before: f.before,
                        "after": f.after, verdict: f.decision, reason: f.reason, cause: f.cause}}) AS fields)
                    FROM read_parquet('{quoted(file)}')) TO '{quoted(beside)}' (FORMAT parquet, COMPRESSION zstd)"""
            )
        beside.replace(file)
