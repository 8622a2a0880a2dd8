"""What was decided and written, by whom, and how to take it back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import duckdb
from starlette.responses import Response

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.apply.changelog import MODELS
from netbox_sync_dagster.approve.ledger_lists import list_applies, list_decisions, name_undo_plans
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_dagster.storage.connections import named_rows
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.web.visit import NotFound, Visit

_SHOWN = 200
_CHANGES_SHOWN = 1_000


def ledger(visit: Visit) -> Response:
    """``GET /ledger``: applies and decisions, newest first; ``?endpoint=`` of one endpoint."""
    endpoint = visit.request.query_params.get("endpoint", "")

    def look(con: duckdb.DuckDBPyConnection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return (
            list_applies(con, endpoint=endpoint, limit=_SHOWN),
            list_decisions(con, endpoint=endpoint, limit=_SHOWN),
        )

    try:
        applies, decisions = ask(visit.warehouse, look)
        name_undo_plans(visit.warehouse, applies)
    except WarehouseError:
        applies, decisions = [], []
    if visit.rights.visible_types(MODELS) != MODELS.keys():
        # A decision does not say of which types its objects are.
        for decision in decisions:
            decision["example"] = ""
    return visit.show(
        "ledger.html",
        applies=applies,
        decisions=decisions,
        endpoint=endpoint,
        may_freeze=visit.rights.is_superuser,
    )


def one_apply(visit: Visit) -> Response:
    """``GET /ledger/applies/{apply_id}``: every change of one apply, with its verdict."""
    apply_id = visit.path("apply_id")

    def look(con: duckdb.DuckDBPyConnection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        applies = named_rows(con.execute("select * from ledger.applies where apply_id = ?", [apply_id]))
        sql = f"select * from ledger.verdicts where apply_id = ? order by seq limit {_CHANGES_SHOWN}"
        return applies, named_rows(con.execute(sql, [apply_id]))

    applies, verdicts = ask(visit.warehouse, look)
    if not applies:
        raise NotFound("the ledger has no such apply")
    name_undo_plans(visit.warehouse, applies)
    types = {verdict["object_type"] for verdict in verdicts}
    seen = visit.rights.visible_types(types)
    return visit.show(
        "one_apply.html",
        apply=applies[0],
        why_no_undo=_why_no_undo(visit, applies[0], verdicts),
        verdicts=[verdict for verdict in verdicts if verdict["object_type"] in seen],
        hidden=sum(verdict["object_type"] not in seen for verdict in verdicts),
    )


def _why_no_undo(visit: Visit, apply: dict[str, Any], verdicts: list[dict[str, Any]]) -> str | None:
    """Why no plan can be made that reverts the apply, or None."""
    if not apply["applied"] and not apply["uncertain"] and apply["finished"]:
        return "it wrote nothing"
    return _why_not_his(visit, {verdict["object_type"] for verdict in verdicts})


def _why_not_his(visit: Visit, types: set[str]) -> str | None:
    if not types or visit.rights.may_write_some(types):
        return None
    return f"{visit.session.user} may write nothing of what this apply wrote"


def undo(visit: Visit) -> Response:
    """``POST /ledger/applies/{apply_id}/undo``: make the plan that takes an apply back, and show it."""
    apply_id = visit.path("apply_id")
    sql = "select distinct object_type from ledger.verdicts where apply_id = ?"
    types = {kind for (kind,) in ask(visit.warehouse, lambda con: con.execute(sql, [apply_id]).fetchall())}
    if why := _why_not_his(visit, types):
        raise ApprovalError(why)
    plan = plan_undo(visit.warehouse, visit.config.netbox, apply_id)
    return visit.go(
        f"/plans/{quote(plan.name, safe='')}",
        "this plan reverts the apply: approve and apply it like any other",
    )
