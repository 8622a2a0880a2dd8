"""Lists of the ledger for people: applies and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.plan import undo_name, undo_names
from netbox_sync_dagster.storage.connections import named_rows

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.storage import Warehouse

Rows = list[dict[str, Any]]


def list_applies(con: duckdb.DuckDBPyConnection, *, endpoint: str | None = None, limit: int) -> Rows:
    """The applies, newest first: the columns of ledger.applies. ``con`` has the views of ``storage.views``."""
    where, values = _of(endpoint)
    return named_rows(
        con.execute(f"select * from ledger.applies {where} order by seq desc limit {limit}", values)
    )


def name_undo_plans(warehouse: Warehouse, applies: Rows) -> None:
    """Set ``undo_plan`` of each apply: the name of the plan that was made to undo it, or None."""
    names = set(undo_names(warehouse)) if applies else set()
    for row in applies:
        name = undo_name(row["apply_id"])
        row["undo_plan"] = name if name in names else None


def list_decisions(con: duckdb.DuckDBPyConnection, *, endpoint: str | None = None, limit: int) -> Rows:
    """The decisions, newest first, a row for all changes that were decided together: approval_id, decided_at, who, through,
    login_by, decision, endpoint, comment, override, expires, changes (their number), example, seq."""
    where, values = _of(endpoint)
    found = con.execute(
        f"""select approval_id, any_value(decided_at) as decided_at, any_value(who) as who, any_value(through) as through,
                any_value(login_by) as login_by, any_value(decision) as decision, endpoint, any_value(comment) as comment,
                any_value(override) as override, any_value(expires) as expires, count(*) as changes,
                min(resource || ' ' || key || coalesce(' (only ' || array_to_string(fields, ', ') || ')', '')) as example, max(seq) as seq
            from ledger.approvals {where} group by approval_id, endpoint order by max(seq) desc limit {limit}""",
        values,
    )
    return named_rows(found)


def last_apply(con: duckdb.DuckDBPyConnection, endpoint: str | None) -> dict[str, Any] | None:
    """The newest apply that wrote something, reverts no other and was not reverted; None if there is none."""
    where, values = _of(endpoint)
    found = named_rows(
        con.execute(
            f"""select * from ledger.applies {where or "where true"} and undoes is null and applied > 0
                and apply_id not in (select undoes from ledger.applies where undoes is not null and applied > 0)
                order by seq desc limit 1""",
            values,
        )
    )
    return found[0] if found else None


def last_undo(con: duckdb.DuckDBPyConnection, endpoint: str | None) -> dict[str, Any] | None:
    """The newest apply that wrote something, if it reverts another; else None."""
    where, values = _of(endpoint)
    found = named_rows(
        con.execute(
            f"select * from ledger.applies {where or 'where true'} and applied > 0 order by seq desc limit 1",
            values,
        )
    )
    return found[0] if found and found[0]["undoes"] is not None else None


def _of(endpoint: str | None) -> tuple[str, list[str]]:
    return ("where endpoint = ?", [endpoint]) if endpoint else ("", [])
