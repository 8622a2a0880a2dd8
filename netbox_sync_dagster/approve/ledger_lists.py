"""Lists of the ledger for people: applies, decisions, and what happened to one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.storage.connections import named_rows

if TYPE_CHECKING:
    import duckdb

Rows = list[dict[str, Any]]


def list_applies(con: duckdb.DuckDBPyConnection, *, endpoint: str | None = None, limit: int) -> Rows:
    """The applies, newest first: the columns of ledger.applies. ``con`` has the views of ``storage.views``."""
    where, values = _of(endpoint)
    return named_rows(
        con.execute(f"select * from ledger.applies {where} order by seq desc limit {limit}", values)
    )


def list_decisions(con: duckdb.DuckDBPyConnection, *, endpoint: str | None = None, limit: int) -> Rows:
    """The decisions, newest first, a row for all changes that were decided together: approval_id, decided_at, who, through,
    login_by, decision, endpoint, comment, override, expires, changes (their number), example, seq."""
    where, values = _of(endpoint)
    found = con.execute(
        f"""select approval_id, any_value(decided_at) as decided_at, any_value(who) as who, any_value(through) as through,
                any_value(login_by) as login_by, any_value(decision) as decision, endpoint, any_value(comment) as comment,
                any_value(override) as override, any_value(expires) as expires, count(*) as changes,
                min(resource || ' ' || key) as example, max(seq) as seq
            from ledger.approvals {where} group by approval_id, endpoint order by max(seq) desc limit {limit}""",
        values,
    )
    return named_rows(found)


def history_of(
    con: duckdb.DuckDBPyConnection, resource: str, name: str, *, endpoint: str | None = None
) -> Rows:
    """What was decided about and written to an object, oldest first. ``name``: its key in diffs, or its id in NetBox.

    Columns: recorded_at, what (approve, reject, withdraw, or a verdict), action, endpoint, key, who, through, message (a comment or
    the verdict's), change_id, apply_id, netbox_id, fields (of what was applied: field, before and after as JSON), seq. A
    decision has no id of NetBox: it counts if an apply wrote an object with that id under the same key.
    """
    values = [resource, name, name, *([endpoint] if endpoint else [])]
    found = con.execute(
        f"""with of_endpoint as (from ledger.verdicts where resource = $1 {"and endpoint = $4" if endpoint else ""}),
            keys as (select distinct key from of_endpoint where key = $2 or netbox_id::varchar = $3)
            select recorded_at, verdict as what, action, endpoint, key, a.who, a.through, message, change_id, v.apply_id, netbox_id,
                fields, v.seq
            from of_endpoint v left join (select apply_id, who, through from ledger.applies) a using (apply_id)
            where v.key = $2 or netbox_id::varchar = $3
            union all by name
            select decided_at as recorded_at, decision as what, action, endpoint, key, who, through, comment as message, change_id, seq
            from ledger.approvals
            where resource = $1 and (key = $2 or key in (from keys)) {"and endpoint = $4" if endpoint else ""}
            order by seq, change_id""",
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


def _of(endpoint: str | None) -> tuple[str, list[str]]:
    return ("where endpoint = ?", [endpoint]) if endpoint else ("", [])
