"""What a person sees: the overview, a plan, a row, and everything about one object."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from starlette.responses import Response

from netbox_sync_dagster.approve.evidence import evidence
from netbox_sync_dagster.approve.leading import answers_behind
from netbox_sync_dagster.approve.limits import over_limit
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.approve.skipped import Skipped, skipped_of
from netbox_sync_dagster.approve.source_objects import SourceObject, object_of
from netbox_sync_dagster.approve.states import states
from netbox_sync_dagster.compare.plan import Plan, PlanHead, is_undo, load_plan, read_head
from netbox_sync_dagster.compare.plan_file import to_document
from netbox_sync_dagster.compare.values import difference
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.connections import named_rows
from netbox_sync_dagster.storage.resolutions import Resolution
from netbox_sync_dagster.storage.versions import read_manifest, versions
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.sync.next_sync import next_sync
from netbox_sync_dagster.text import json_text, markdown, visible
from netbox_sync_dagster.web.offers import closed_for, offer_for, offer_for_row
from netbox_sync_dagster.web.plans import Count, PlanRows, ShownRow
from netbox_sync_dagster.web.query import ACTIONS, PAGE_SIZE, STATES, RowQuery
from netbox_sync_dagster.web.questions import questions_of_rows, shown_to
from netbox_sync_dagster.web.shown import reasons_of
from netbox_sync_dagster.web.to_apply import apply_offer
from netbox_sync_dagster.web.visit import NotFound, Visit
from netbox_sync_dagster.web.waiting import Waiting, approvals_for, open_for, questions_for

_T = TypeVar("_T")

# Diffs that the line of an endpoint's drift shows.
_DRIFT_OVER = 30
_MOST_ROWS = 20_000
_VIEWS = ("rows", "objects", "causes")


def overview(visit: Visit) -> Response:
    """``GET /``: every endpoint's status, what waits, and the applies that run."""

    def look(con: duckdb.DuckDBPyConnection) -> tuple[list[dict[str, Any]], dict[str, int], dict[str, int]]:
        found = named_rows(
            con.execute(
                "select * from sync.status order by system = 'netbox', natural_order(endpoint), endpoint"
            )
        )
        return found, open_for(con, visit.rights), questions_for(con, visit.rights)

    try:
        found, open_changes, questions = ask(visit.warehouse, look, status=True)
    except WarehouseError:
        found, open_changes, questions = [], {}, {}
    # The query has downloaded what is read now, for all endpoints together.
    warehouse = visit.warehouse.as_downloaded()
    known = {endpoint.name: endpoint for endpoint in visit.config.endpoints}
    me = Actor(visit.session.user, "web", login_by=visit.session.login_by)
    moment, waiting = now(), []
    for row in found:
        name = row["endpoint"]
        endpoint = known.get(name) if row["system"] != "netbox" else None
        row["drift"] = [] if row["system"] == "netbox" else _drift(warehouse, name)
        row["next"] = next_sync(warehouse, endpoint, moment) if endpoint else None
        row["manual"] = endpoint is not None and endpoint.enabled and not endpoint.every
        if endpoint is not None:
            approvals = approvals_for(warehouse, endpoint, visit.rights, me, row["approved"] or 0)
            waiting.append(Waiting(name, open_changes.get(name, 0), approvals, questions.get(name, 0)))
    waiting = [item for item in waiting if item.open or item.approvals or item.questions]
    return visit.show("overview.html", endpoints=found, waiting=waiting, now=moment)


def _drift(warehouse: Warehouse, endpoint: str) -> list[int]:
    """How many rows each of the last diffs had, oldest first."""
    folder = warehouse.diffs(endpoint)
    numbers = []
    with suppress(FileNotFoundError):
        for name in versions(folder)[-_DRIFT_OVER:]:
            with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, WarehouseError):
                numbers.append(_rows_of(folder / name))
    return numbers


# A diff never changes, and the overview shows the last ones of every endpoint.
@lru_cache(maxsize=65_536)
def _rows_of(diff: Path) -> int:
    """The number of rows of a diff. Raises what its manifest causes if it cannot be read, and is read again."""
    counts = read_manifest(diff)["counts"]
    return sum(number for actions in counts.values() for number in actions.values())


def head_of(visit: Visit) -> PlanHead:
    """The plan that the address names. Raises NotFound."""
    name = visit.path("plan")
    if not is_undo(name) and name not in [endpoint.name for endpoint in visit.config.endpoints]:
        raise NotFound(f"there is no endpoint '{visible(name, 80)}' in the configuration")
    try:
        return read_head(visit.warehouse, name)
    except WarehouseError as error:
        raise NotFound(str(error)) from None


def read_rows(visit: Visit, head: PlanHead, look: Callable[[PlanRows], _T], *, status: bool = False) -> _T:
    """What ``look`` finds in the rows of the plan that the person may see; with ``status`` it may ask for ``sync.status``."""
    rights = visit.rights
    return ask(
        visit.warehouse,
        lambda con: look(PlanRows(con, visit.warehouse, [head], rights.visible_types)),
        status=status,
    )


def plan(visit: Visit) -> Response:
    """``GET /plans/{plan}``: its rows by resource, by device or VM, or by cause; the filters are in the address."""
    head = head_of(visit)
    query = RowQuery.read(visit.request.query_params)
    view = view_of(visit)
    closed = closed_for(visit, head)

    def look(rows: PlanRows) -> dict[str, Any]:
        offer = offer_for(rows.states(query), query, visit.rights, closed) if view == "rows" else None
        return {**listed(rows, query, view), "offer": offer, "approvals": rows.approvals()}

    content = read_rows(visit, head, look)
    load = cache(partial(_small_plan, visit, head))
    undo = is_undo(head.name)
    return visit.show(
        "plan.html",
        head=head,
        answers=_answers_behind(visit, load()) if undo else [],
        query=query,
        view=view,
        limits=_limits(visit, head, load),
        to_apply=apply_offer(visit, head, content.pop("approvals"), load),
        actions=ACTIONS,
        states=STATES,
        known_resources=RESOURCES,
        undo=undo,
        **content,
    )


def _answers_behind(visit: Visit, undo: Plan | None) -> list[Resolution]:
    """The answers that make the next sync propose again what an undo reverts, of those about objects that the person may
    see."""
    if undo is None:
        return []
    seen = visit.rights.visible_types({row.object_type for row in undo.changes})
    shown = [row for row in undo.rows if row.object_type in seen]
    return answers_behind(visit.warehouse, replace(undo, rows=tuple(shown)))


def view_of(visit: Visit) -> str:
    """Rows, or rows counted by object or by cause, as the address says."""
    view = visit.request.query_params.get("view", "rows")
    return view if view in _VIEWS else "rows"


def listed(rows: PlanRows, query: RowQuery, view: str) -> dict[str, Any]:
    """What a list of rows shows: one page of them, or their counts."""
    found, matching = rows.page(query) if view == "rows" else ([], 0)
    # The tabs count what the other filters leave.
    resources = rows.counts("resource", RowQuery.read({**query.filters, "resource": ""}))
    totals: dict[str, int] = dict.fromkeys(ACTIONS, 0)
    for count in resources:
        for action, number in count.actions.items() if query.resource in ("", count.name) else ():
            totals[action] += number
    if not query.action:
        # They are left out of the list, but not forgotten.
        totals["acknowledged"] = rows.number(replace(query, action="acknowledged"))
    return {
        "applied": 0 if query.state else rows.number(replace(query, state="applied")),
        "hidden": rows.hidden,
        "resources": resources,
        "totals": totals,
        "rows": found,
        "matching": matching,
        "pages": -(-matching // PAGE_SIZE),
        "objects": rows.counts("parent", query) if view == "objects" else [],
        "causes": rows.causes(query) if view == "causes" else [],
    }


def _limits(visit: Visit, head: PlanHead, load: Callable[[], Plan | None]) -> list[str]:
    """The sentences of the resources of which the plan changes too large a share."""
    policies = visit.config.endpoint(head.endpoint).policies
    counts = head.manifest.get("counts") or {}
    if not any(actions.get("update") or actions.get("delete") for actions in counts.values()):
        return []
    loaded = load()
    return list(over_limit(loaded, policies).values()) if loaded is not None else []


def _small_plan(visit: Visit, head: PlanHead) -> Plan | None:
    """The whole plan, unless reading it takes too long: about a second per 100,000 rows. What is decided is checked in any
    case."""
    counts = head.manifest.get("counts") or {}
    if sum(number for actions in counts.values() for number in actions.values()) > _MOST_ROWS:
        return None
    try:
        return load_plan(visit.warehouse, head.name)
    except WarehouseError:
        return None


def row(visit: Visit) -> Response:
    """``GET /plans/{plan}/row?resource=...&key=...``: fields, evidence, dependencies and history of one row."""
    head = head_of(visit)
    resource = visit.request.query_params.get("resource", "")
    key = visit.request.query_params.get("key", "")

    def look(rows: PlanRows) -> dict[str, Any]:
        found = rows.one(resource, key)
        if not found:
            for left_out in _skipped(visit, skipped_of(rows.con, head, key)):
                if left_out.resource == resource:
                    raise NotFound(f"{visible(key, 200)} is skipped: {visible(left_out.reason, 500)}")
            raise NotFound(
                f"the current plan of {head.name} has no row {visible(resource, 40)} {visible(key, 200)} that you may see; "
                "it may have been applied, or a newer diff does not have it"
            )
        needs, needed_by = rows.related(found[0].row)
        known = evidence(rows.con, visit.warehouse, visit.config, head, found[0].row)
        # A field that was emptied names the object that was deleted.
        types = {item["object_type"] for item in known["history"] if item["object_type"]}
        visible_types = {None, *visit.rights.visible_types(types)}
        known["history"] = [item for item in known["history"] if item["object_type"] in visible_types]
        return {"one": found[0], "needs": needs, "needed_by": needed_by, **known}

    content = read_rows(visit, head, look, status=True)
    one = content["one"]
    questions = shown_to(visit, head.name, questions_of_rows([one.row]))
    # The reason of a field that asks something is the title of its question.
    titles = {question.title for question in questions if question.one.field is not None}
    reasons = reasons_of(one.row)
    return visit.show(
        "row.html",
        head=head,
        offer=offer_for_row(visit, head, one),
        reasons=[reason for reason in reasons if reason.sentence not in titles],
        said={reason.sentence: reason for reason in reasons if reason.sentence in titles},
        questions=questions,
        **content,
    )


def one_object(visit: Visit) -> Response:
    """``GET /object?name=...``: everything that all endpoints say of one device, virtual machine or cluster, and what they skip
    of it."""
    name = visit.request.query_params.get("name", "")
    if not name:
        raise NotFound("name a device, virtual machine or cluster: /object?name=sw1")
    query = RowQuery(parent=name)
    parts = []
    for endpoint in visit.config.endpoints:
        try:
            head = read_head(visit.warehouse, endpoint.name)
        except WarehouseError:
            continue
        (found, matching), applied, resources, known, skipped = read_rows(
            visit, head, partial(_of_object, endpoint, head, name)
        )
        if known is not None and known.object_type not in visit.rights.visible_types([known.object_type]):
            known = None
        skipped = _skipped(visit, skipped)
        if matching or applied or known is not None or skipped:
            parts.append(
                {
                    "skipped": skipped,
                    "head": head,
                    "rows": found,
                    "matching": matching,
                    "applied": applied,
                    "query": query,
                    "resources": resources,
                    "known": known,
                    "may_refresh": known is not None
                    and known.word is not None
                    and visit.rights.may_write_some([known.object_type]),
                }
            )
    return visit.show("object.html", name=name, parts=parts)


def _skipped(visit: Visit, skipped: list[Skipped]) -> list[Skipped]:
    """Those that the person may see."""
    seen = visit.rights.visible_types({one.object_type for one in skipped if one.object_type is not None})
    return [one for one in skipped if one.object_type in seen]


def _of_object(
    endpoint: Endpoint, head: PlanHead, name: str, rows: PlanRows
) -> tuple[tuple[list[ShownRow], int], int, list[Count], SourceObject | None, list[Skipped]]:
    """(a page of the object's rows and how many there are, how many were applied since, how many of each resource, the object
    in the source, what is skipped of it)."""
    query = RowQuery(parent=name)
    known = object_of(rows.con, endpoint, head, name)
    applied = rows.number(replace(query, state="applied"))
    skipped = skipped_of(rows.con, head, name, parts=True)
    return rows.page(query), applied, rows.counts("resource", query), known, skipped


def export(visit: Visit) -> Response:
    """``GET /plans/{plan}/export.{csv,json,md}``: the rows that the filters leave; the JSON is a plan file."""
    head = head_of(visit)
    form = visit.path("form")
    query = RowQuery.read(visit.request.query_params)
    keys = read_rows(visit, head, lambda rows: rows.keys(query))
    loaded = load_plan(visit.warehouse, head.name)
    chosen = [item for item in loaded.rows if (item.resource, item.key) in keys]
    known = {change_id: state.state for change_id, state in states(visit.warehouse, loaded).items()}
    name = f"{head.name}-{head.diff_id}"
    if form == "json":
        content, kind = (
            json_text({"diffs": [to_document(loaded, chosen, known)]}, indent=2) + "\n",
            "application/json",
        )
    elif form == "csv":
        content, kind = _csv(chosen, known), "text/csv; charset=utf-8"
    elif form == "md":
        content, kind = _markdown(loaded, chosen, known), "text/markdown; charset=utf-8"
    else:
        raise NotFound("a plan is exported as csv, json or md")
    disposition = f'attachment; filename="{name}.{form}"'
    return Response(content, media_type=kind, headers={"Content-Disposition": disposition})


# A spreadsheet takes a cell that begins so for a formula; some read the wide forms of East Asian text too.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_COLUMNS = ("action", "resource", "key", "belongs to", "fields", "state", "cause", "reason", "change id")


def _cells(rows: Any, known: dict[str, str]) -> Any:
    for item in rows:
        fields = "; ".join(
            f"{field.name}: {difference(field.before, field.after)}"
            for field in item.fields
            if field.after is not None
        )
        state = known.get(item.change_id, "waiting") if item.is_change else ""
        yield (
            *(item.action, item.resource, item.key, item.parent or "", fields, state),
            *(item.cause or "", item.reason or "", item.change_id),
        )


def _csv(rows: Any, known: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows(
        [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in (str(visible(c)) for c in cells)]
        for cells in _cells(rows, known)
    )
    return out.getvalue()


def _markdown(plan: Plan, rows: Any, known: dict[str, str]) -> str:
    lines = [f"# {plan.name}: {len(rows)} rows of the diff {plan.diff_id}", ""]
    lines += ["| " + " | ".join(_COLUMNS) + " |", "|" + " --- |" * len(_COLUMNS)]
    lines += [
        "| " + " | ".join(markdown(cell, 400) for cell in cells) + " |" for cells in _cells(rows, known)
    ]
    return "\n".join(lines) + "\n"
