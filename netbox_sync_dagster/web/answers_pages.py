"""The answers that people gave to an endpoint's questions, and their withdrawal."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass

from starlette.responses import Response

from netbox_sync_dagster.apply.changelog import MODELS
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.approve.resolve import withdraw_resolution
from netbox_sync_dagster.compare.plan import PlanHead, load_plan
from netbox_sync_dagster.sources.netbox.names import table_of
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.resolutions import Resolution, read_resolutions
from netbox_sync_dagster.web.pages import head_of
from netbox_sync_dagster.web.resolve_pages import compare_and_watch
from netbox_sync_dagster.web.visit import NotFound, Visit

STATES = {"valid": "green", "lapsed": "yellow", "withdrawn": "secondary", "expired": "secondary"}
_SHOWN = 500


@dataclass(frozen=True)
class _Given:
    """An answer in the list. ``may_withdraw``: it counts, and the person may change what it is about."""

    one: Resolution
    state: str
    may_withdraw: bool


def answers(visit: Visit) -> Response:
    """``GET /plans/{plan}/answers``: the answers of an endpoint, newest first; ``?state=`` only these."""
    head = head_of(visit)
    lapsed = set(head.manifest.get("lapsed") or ())
    known = _types(head)
    wanted = visit.request.query_params.get("state", "")
    seen = visit.rights.visible_types(MODELS)
    found = []
    hidden = 0
    for one in reversed(read_resolutions(visit.warehouse, head.endpoint)):
        types = _types_of(one, known)
        if not types <= seen:
            hidden += 1
            continue
        state = one.state(lapsed=lapsed)
        may = state in ("valid", "lapsed") and visit.rights.may_write_some(types)
        found.append(_Given(one, state, may))
    return visit.show(
        "resolve_answers.html",
        head=head,
        counts=Counter(item.state for item in found),
        state=wanted if wanted in STATES else "",
        answers=[item for item in found if wanted not in STATES or item.state == wanted][:_SHOWN],
        hidden=hidden,
        colours=STATES,
    )


def withdraw(visit: Visit) -> Response:
    """``POST /plans/{plan}/answers/{resolution}/withdraw``: withdraw an answer, and compare the endpoint again."""
    head = head_of(visit)
    wanted = visit.path("resolution")
    one = next(
        (item for item in read_resolutions(visit.warehouse, head.endpoint) if item.resolution_id == wanted),
        None,
    )
    types = _types_of(one, _types(head)) if one is not None else set()
    if one is None or not types <= visit.rights.visible_types(types):
        raise NotFound(f"there is no such answer about {head.endpoint} that you may see")
    if not visit.rights.may_write_some(types):
        raise ApprovalError(
            f"nothing was recorded: {visit.session.user} may change nothing in NetBox that this answer is about"
        )
    plan = load_plan(visit.warehouse, head.endpoint)
    withdraw_resolution(
        visit.warehouse,
        head.endpoint,
        one.resolution_id,
        who=visit.session.user,
        through="web",
        why=str(visit.form.get("why") or ""),
        login_by=visit.session.login_by,
    )
    return compare_and_watch(visit, plan, [], f"withdrawn: {one.said} (answer of {one.who})")


def _types(head: PlanHead) -> dict[str, set[str]]:
    """The object types of each resource in the plan."""
    found: dict[str, set[str]] = {}
    with closing(connections.reader()) as con:
        files = f"{connections.pattern(head.folder)}/*.parquet"
        sql = "SELECT DISTINCT resource, object_type FROM read_parquet(?)"
        for resource, object_type in con.execute(sql, [files]).fetchall():
            found.setdefault(resource, set()).add(object_type)
    return found


def _types_of(one: Resolution, known: dict[str, set[str]]) -> set[str]:
    """The object types that an answer is about; all where the plan has no rows of its resource any longer."""
    if one.word is not None:
        path = f"/{table_of(one.word.section).replace('_', '-')}"
        return {kind for kind in MODELS if kind.endswith(path)} or set(MODELS)
    types: set[str] = set()
    for resource in {item.resource for item in one.items}:
        types |= known.get(resource) or set(MODELS)
    return types
