"""*Refresh now*: reads one device or virtual machine, and compares the endpoint."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.responses import Response

from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.approve.source_objects import object_of
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.text import visible
from netbox_sync_dagster.web.pages import head_of
from netbox_sync_dagster.web.refreshes import Refresh
from netbox_sync_dagster.web.running import stream_of
from netbox_sync_dagster.web.visit import NotFound, Visit


def may_refresh(visit: Visit, object_type: str) -> bool:
    """Whether the person may view all objects of the type, and write some of them."""
    rights = visit.rights
    return object_type in rights.visible_types([object_type]) and rights.may_write_some([object_type])


def start(visit: Visit) -> Response:
    """``POST /plans/{plan}/refresh``: read the object ``name`` of this endpoint, and compare the endpoint."""
    head = head_of(visit)
    name = str(visit.form.get("name") or "")
    endpoint = visit.config.endpoint(head.endpoint)
    found = ask(visit.warehouse, lambda con: object_of(con, endpoint, head, name))
    if found is None or found.word is None:
        raise NotFound(f"endpoint '{head.endpoint}' shows no '{visible(name, 80)}' that can be read alone")
    if not may_refresh(visit, found.object_type):
        raise ApprovalError(
            f"only those who may change objects like this one can have it read again, and {visit.session.user} may not"
        )
    run = visit.state.refreshes.start(
        visit.config, head.endpoint, name, found.source_id, found.object_type, who=visit.session.user
    )
    return visit.go(f"/refreshes/{quote(run.key)}")


def watch(visit: Visit) -> Response:
    """``GET /refreshes/{key}``: how far it is; one that has ended well leads back to the object."""
    run = _run(visit)
    if run.done and run.error is None:
        rows = "no differences" if not run.found else f"{run.found} row{'s' if run.found != 1 else ''}"
        notice = f"read {visible(run.name, 80)} from {run.endpoint}: {rows}"
        return visit.go(f"/object?{urlencode({'name': run.name})}", notice)
    return visit.show("refresh.html", run=run, seen=len(run.lines))


def events(visit: Visit) -> Response:
    """``GET /refreshes/{key}/events``: server-sent events, one per step, then ``end``."""
    run = _run(visit)
    return stream_of(visit.request, run.lines, lambda: run.done)


def _run(visit: Visit) -> Refresh:
    run = visit.state.refreshes.find(visit.path("key"))
    if run is None or (run.who != visit.session.user and not may_refresh(visit, run.object_type)):
        raise NotFound("this server knows of no such refresh that you may see")
    return run
