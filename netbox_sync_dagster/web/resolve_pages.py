"""Answering questions on the page: the forms, what an answer would cover, and what followed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.approve.resolve import (
    NEEDS_REASON,
    Answer,
    Question,
    ResolveError,
    end_of,
    questions_of,
    resolve,
    same_question,
    suggestions,
)
from netbox_sync_dagster.compare.plan import DiffRow, Plan, is_undo, load_plan
from netbox_sync_dagster.storage.resolutions import Word
from netbox_sync_dagster.text import visible
from netbox_sync_dagster.web.comparisons import Comparison
from netbox_sync_dagster.web.pages import head_of, read_rows
from netbox_sync_dagster.web.query import RowQuery
from netbox_sync_dagster.web.questions import content_of, questions_of_rows, refusals, shown_to
from netbox_sync_dagster.web.running import stream_of
from netbox_sync_dagster.web.visit import NotFound, Visit

_SHOWN = 100
_LONGEST_REASON = 2_000


@dataclass(frozen=True)
class _Given:
    """An answer as the form has it. ``everyone``: for all rows that ask the same."""

    diff_id: str
    resource: str
    key: str
    field: str | None
    content: str
    everyone: bool
    confirmed: bool
    answer: Answer
    why: str

    @classmethod
    def read(cls, form: Any) -> _Given:
        def text(name: str) -> str:
            return str(form.get(name) or "").strip()

        kind = text("answer")
        number = text("netbox_id")
        if kind == "pick" and not (number.isascii() and number.isdecimal() and len(number) < 19):
            raise ResolveError("choose one of the NetBox objects, or give the id of one: an id is a number")
        return cls(
            diff_id=text("diff_id"),
            resource=text("resource"),
            # A key may begin or end with a space.
            key=str(form.get("key") or ""),
            field=text("field") or None,
            content=text("content"),
            everyone=text("scope") == "all",
            confirmed=text("confirmed") == "1",
            answer=Answer(
                kind,
                netbox_id=int(number) if kind == "pick" else None,
                value=text("value") or None if kind in ("map", "value") else None,
                always=kind == "keep" and text("always") == "1",
                until=end_of(text("until")) if kind == "acknowledge" else None,
                # A name may begin or end with a space.
                word=Word(text("section"), str(form.get("word") or ""))
                if kind == "map" and text("section")
                else None,
            ),
            why=text("why")[:_LONGEST_REASON],
        )


def questions(visit: Visit) -> Response:
    """``GET /plans/{plan}/questions``: what the rows ask that the filters leave, equal questions once."""
    head = head_of(visit)
    query = RowQuery.read(visit.request.query_params)
    found, matching = read_rows(visit, head, lambda rows: rows.page(query))
    asked = questions_of_rows(one.row for one in found)
    if query.cause:
        asked = [one for one in asked if query.cause in (one.cause, one.row.cause)]
    return visit.show(
        "resolve_questions.html",
        head=head,
        query=query,
        matching=matching,
        questions=shown_to(visit, head.name, asked),
    )


def answer(visit: Visit) -> Response:
    """``POST /plans/{plan}/answer``: record an answer, and compare the endpoint again.

    An answer to several rows, or to a page that a newer diff has overtaken, is shown first and recorded when confirmed.
    """
    head = head_of(visit)
    if is_undo(head.name):
        raise ApprovalError("a plan that reverts an apply asks nothing")
    given = _Given.read(visit.form)
    plan = load_plan(visit.warehouse, head.endpoint)
    asked = _visible(visit, questions_of(plan))
    one = next((item for item in asked if _is_meant(item, given)), None)
    newer = given.diff_id != plan.diff_id
    if one is None:
        raise ApprovalError(
            f"{visible(given.resource, 40)} {visible(given.key, 200)} does not ask this"
            + (" any longer: a newer diff was made since you opened the page" if newer else "")
            + "; nothing was recorded"
        )
    meant = same_question(asked, one) if given.everyone else [one]
    refused = refusals(visit.rights, meant)
    allowed = [item for number, item in enumerate(meant) if number not in refused]
    if not allowed:
        raise ApprovalError(f"nothing was recorded: {next(iter(refused.values()))}")
    if newer or (given.everyone and not given.confirmed):
        return visit.show(
            "resolve_preview.html",
            head=head,
            diff_id=plan.diff_id,
            one=one,
            given=given,
            newer=newer,
            # What was shown is not what is asked now.
            changed=content_of(one) != given.content,
            content=content_of(one),
            rows=[item.row for item in allowed[:_SHOWN]],
            number=len(allowed),
            refused=sorted(set(refused.values()))[:5],
            left_out=len(refused),
            needs_reason=NEEDS_REASON,
            form=visit.form,
        )
    if given.answer.kind == "map":
        # A name means the same for every row.
        allowed = [one]
    recorded = resolve(
        visit.warehouse,
        visit.config.endpoint(head.endpoint),
        plan,
        allowed,
        given.answer,
        who=visit.session.user,
        through="web",
        why=given.why,
        login_by=visit.session.login_by,
    )
    number = f"{len(allowed)} row{'s' if len(allowed) != 1 else ''}"
    said = f"recorded: {recorded.answer} for {number}{recorded.how_long}"
    if given.answer.kind == "map":
        what = given.answer.word.kind if given.answer.word is not None else "name"
        said = f"recorded: map for every row with this {what}"
    return compare_and_watch(visit, plan, allowed, said)


def compare_and_watch(visit: Visit, before: Plan, asked: list[Question], said: str) -> Response:
    """Begin to compare the endpoint again, and lead to the page that shows what follows."""
    run = visit.state.comparisons.start(visit.config, before, asked, who=visit.session.user, said=said)
    return visit.go(f"/comparisons/{quote(run.key)}")


def watch(visit: Visit) -> Response:
    """``GET /comparisons/{key}``: how far the comparison is; then what followed from the answer."""
    run = _run(visit)
    followed = run.followed
    rows: list[DiffRow] = []
    gone: list[DiffRow] = []
    if followed is not None:
        seen = visit.rights.visible_types({row.object_type for row in (*followed.rows, *followed.gone)})
        rows = [row for row in followed.rows if row.object_type in seen]
        gone = [row for row in followed.gone if row.object_type in seen]
    return visit.show(
        "resolve_followed.html",
        run=run,
        seen=len(run.lines),
        rows=rows[:_SHOWN],
        gone=gone[:_SHOWN],
        number=len(rows) + len(gone),
        suggestions=suggestions(visit.warehouse, run.endpoint) if followed is not None else [],
    )


def events(visit: Visit) -> Response:
    """``GET /comparisons/{key}/events``: server-sent events, one per step, then ``end``."""
    run = _run(visit)
    return stream_of(visit.request, run.lines, lambda: run.done)


def _visible(visit: Visit, asked: list[Question]) -> list[Question]:
    seen = visit.rights.visible_types({one.row.object_type for one in asked})
    return [one for one in asked if one.row.object_type in seen]


def _is_meant(one: Question, given: _Given) -> bool:
    return (one.row.resource, one.row.key, one.field) == (given.resource, given.key, given.field)


def _run(visit: Visit) -> Comparison:
    run = visit.state.comparisons.find(visit.path("key"))
    if run is None or run.who != visit.session.user:
        raise NotFound("this server knows of no such comparison that you started")
    return run
