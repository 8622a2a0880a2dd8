"""Applying and watching: verdicts are shown line by line, and a button stops it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from netbox_sync_dagster.approve.freeze import check_frozen, freeze, unfreeze
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.compare.plan import is_undo, load_plan
from netbox_sync_dagster.web import shown
from netbox_sync_dagster.web.applies import RunningApply
from netbox_sync_dagster.web.dagster_runs import Dagster
from netbox_sync_dagster.web.pages import head_of
from netbox_sync_dagster.web.running import seen_before
from netbox_sync_dagster.web.to_apply import to_apply
from netbox_sync_dagster.web.visit import NotFound, Visit

_LONGEST_MESSAGE = 500


def start(visit: Visit) -> Response:
    """``POST /plans/{plan}/apply``: write what is approved of the plan, in the name of this person."""
    head = head_of(visit)
    check_frozen(visit.warehouse)
    plan = with_parts(visit.warehouse, load_plan(visit.warehouse, head.name))
    found = to_apply(visit, plan)
    if found.why_not is not None:
        raise ApprovalError(found.why_not)
    address = visit.config.web.dagster_url
    run = visit.state.applies.start(
        visit.config,
        head.name,
        plan.endpoint,
        who=visit.session.user,
        login_by=visit.session.login_by,
        # What others approve meanwhile was not looked at.
        only=found.rows,
        object_types={row.object_type for row in found.rows.values()},
        # Dagster applies an endpoint's own plan; a plan that reverts an apply is written by this process.
        dagster=None if address is None or is_undo(head.name) else Dagster(str(address)),
    )
    return visit.go(f"/applies/{run.key}")


def watch(visit: Visit) -> Response:
    """``GET /applies/{key}``"""
    run = _run(visit)
    return visit.show("apply.html", run=run, seen=len(run.verdicts), may_stop=_may_stop(visit, run))


def events(visit: Visit) -> Response:
    """``GET /applies/{key}/events``: server-sent events, one per verdict, then ``end``."""
    run = _run(visit)
    given = visit.request.headers.get("last-event-id") or visit.request.query_params.get("seen", "0")
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(
        _stream(run, seen_before(given)), media_type="text/event-stream", headers=headers
    )


async def _stream(run: RunningApply, seen: int) -> AsyncIterator[str]:
    async for number, verdict in run.news(seen):
        if verdict is None:
            yield ": still running\n\n"
            continue
        line = {
            "verdict": verdict.verdict,
            "colour": shown.VERDICTS[verdict.verdict],
            "text": f"{verdict.action} {verdict.resource} {shown.text(verdict.key)}",
            "message": shown.text(verdict.message),
            "done": number,
            "total": max(run.total, number),
        }
        yield f"id: {number}\ndata: {json.dumps(line)}\n\n"
    yield "event: end\ndata: {}\n\n"


def stop(visit: Visit) -> Response:
    """``POST /applies/{key}/stop``: no further request is sent; those under way end."""
    run = _run(visit)
    if not _may_stop(visit, run):
        raise ApprovalError("only those who may write what is applied can stop it")
    run.stop.set()
    return visit.go(f"/applies/{quote(run.key)}", "stopping after the requests under way")


def _run(visit: Visit) -> RunningApply:
    run = visit.state.applies.find(visit.path("key"))
    if run is None:
        raise NotFound("this server knows of no such apply; the ledger lists all of them")
    is_own = run.who == visit.session.user
    if not is_own and visit.rights.visible_types(run.object_types) != run.object_types:
        raise NotFound(
            "this apply writes objects that you may not view in NetBox; the ledger shows the others"
        )
    return run


def _may_stop(visit: Visit, run: RunningApply) -> bool:
    return visit.rights.may_write_some(run.object_types)


def freeze_applies(visit: Visit) -> Response:
    """``POST /freeze``: no apply begins until someone lifts it, whoever asks."""
    _check_superuser(visit)
    message = str(visit.form.get("message") or "")[:_LONGEST_MESSAGE]
    freeze(visit.warehouse, message, by=me(visit.session.user, "web", login_by=visit.session.login_by))
    return visit.go("/ledger", "applies are frozen")


def unfreeze_applies(visit: Visit) -> Response:
    """``POST /unfreeze``"""
    _check_superuser(visit)
    unfreeze(visit.warehouse, "", by=me(visit.session.user, "web", login_by=visit.session.login_by))
    return visit.go("/ledger", "applies are allowed again")


def _check_superuser(visit: Visit) -> None:
    if not visit.rights.is_superuser:
        raise ApprovalError(
            f"only a superuser of NetBox can freeze applies or allow them again here, and {visit.session.user} is not known as "
            "one"
        )
