"""The rows of all endpoints' plans in one list."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from netbox_sync_dagster.compare.plan import PlanHead, read_head
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.web.pages import listed, view_of
from netbox_sync_dagster.web.plans import PlanRows
from netbox_sync_dagster.web.query import ACTIONS, STATES, RowQuery
from netbox_sync_dagster.web.visit import Visit

_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("hidden", "resources", "rows", "objects", "causes", "by_endpoint"), ()),
    **{"totals": dict.fromkeys(ACTIONS, 0), "matching": 0, "pages": 0, "applied": 0},
}


def changes(visit: Visit) -> Response:
    """``GET /changes``: the rows of all endpoints' plans, with the filters of a plan and the endpoint. Decisions are made in
    the plan of an endpoint, to which the page leads with the same filters."""
    query = RowQuery.read(visit.request.query_params)
    view = view_of(visit)
    heads = _heads(visit)
    rights = visit.rights

    def look(con: Any) -> dict[str, Any]:
        rows = PlanRows(con, visit.warehouse, heads, rights.visible_types)
        return {**listed(rows, query, view), "by_endpoint": rows.counts("endpoint", query)}

    content = ask(visit.warehouse, look) if heads else _EMPTY
    return visit.show(
        "changes.html",
        query=query,
        view=view,
        endpoints=[head.name for head in heads],
        partial=[head for head in heads if head.shows_only is not None and query.endpoint in ("", head.name)],
        actions=ACTIONS,
        states=STATES,
        known_resources=RESOURCES,
        **content,
    )


def _heads(visit: Visit) -> list[PlanHead]:
    found = []
    for endpoint in visit.config.endpoints:
        try:
            found.append(read_head(visit.warehouse, endpoint.name))
        except WarehouseError:
            continue
    return found
