"""Metadata of the assets themselves: the columns of their tables and what these mean."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import dagster as dg

from netbox_sync_dagster.defs.diff_sql import DiffSql
from netbox_sync_dagster.defs.sql_comments import comment_of
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS, FIELD_STRUCT, SYSTEMS, Columns

# Origins of a field that its description names.
_ORIGINS_SHOWN = 6


def table_metadata(system: str, name: str) -> dict[str, Any]:
    """Definition metadata of a snapshot table."""
    view = f"{system}.{name}"
    columns: Columns = {"endpoint": "VARCHAR", "snapshot_id": "VARCHAR", **SYSTEMS[system][name].columns}
    schema = [
        dg.TableColumn(column, kind, description=comment_of(f"{view}.{column}"))
        for column, kind in columns.items()
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns=schema),
        "in DuckDB": f"SELECT * FROM {view}",
    }


def table_description(system: str, name: str, text: str) -> str:
    """``text``, and what the SQL says about the table."""
    comment = comment_of(f"{system}.{name}")
    return f"{text} {comment}." if comment else text


def diff_table_metadata(resource: str, sql: DiffSql) -> dict[str, Any]:
    """Definition metadata of a diff: its columns and the origin of each NetBox field."""
    lineage = sql.column_lineage
    # As separate columns: lineage is per column, and only Dagster+ draws it.
    fields = [
        dg.TableColumn(
            name, FIELD_STRUCT.removesuffix("[]"), description=f"In `fields`. From {_origins(deps)}."
        )
        for name, deps in (lineage.deps_by_column if lineage is not None else {}).items()
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns=[*_diff_columns(), *fields]),
        **({"dagster/column_lineage": lineage} if lineage is not None else {}),
        "in DuckDB": f"SELECT * FROM diff.{resource}",
    }


@cache
def _diff_columns() -> list[dg.TableColumn]:
    """The columns that all diffs have."""
    return [
        dg.TableColumn(name, kind, description=comment_of(f"diff.changes.{name}"))
        for name, kind in DIFF_COLUMNS.items()
    ]


def _origins(deps: Sequence[dg.TableColumnDep]) -> str:
    names = [f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps]
    more = f" and {len(names) - _ORIGINS_SHOWN} more" if len(names) > _ORIGINS_SHOWN else ""
    return ", ".join(names[:_ORIGINS_SHOWN]) + more
