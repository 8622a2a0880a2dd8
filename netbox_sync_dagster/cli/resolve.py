"""``resolve``: answers what the comparison asks, by options or question by question in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from netbox_sync_dagster.approve.asked import QuestionFilter, answerable, word_in
from netbox_sync_dagster.approve.resolve import (
    ANSWERS,
    NEEDS_REASON,
    Answer,
    Question,
    ResolveError,
    end_of,
    grouped,
    questions_of,
    resolve,
)
from netbox_sync_dagster.cli.changes import MARKS
from netbox_sync_dagster.cli.completion import complete_endpoints, complete_resources
from netbox_sync_dagster.cli.console import LONGEST, write_json
from netbox_sync_dagster.cli.decisions import WhoOption, YesOption
from netbox_sync_dagster.cli.filters import (
    RowFilter,
    allowed_values,
    check_keys,
    check_names,
    known_names,
    listed,
)
from netbox_sync_dagster.cli.following import show_following
from netbox_sync_dagster.cli.session import CliError, DryRunOption, Session, name_of, session_of
from netbox_sync_dagster.compare.causes import cause_kinds
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage.resolutions import FROM_NOW_ON, Resolution
from netbox_sync_dagster.text import visible

# The letters of the answers in the terminal.
_LETTERS = {
    **{"p": "pick", "c": "create", "m": "map", "v": "value", "o": "move"},
    **{"t": "take", "k": "keep", "l": "leave", "a": "acknowledge"},
}


@dataclass(frozen=True)
class Desk:
    """What all steps need: the endpoint, its diff, and who answers."""

    session: Session
    endpoint: Endpoint
    plan: Plan
    who: str


def resolve_command(
    context: typer.Context,
    endpoint: Annotated[str, typer.Argument(help="The endpoint.", autocompletion=complete_endpoints)],
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Keys of rows, as shown by diff; default: all that ask.", show_default=False),
    ] = None,
    *,
    resource: Annotated[
        list[str] | None, typer.Option(help="Only rows of this resource.", autocompletion=complete_resources)
    ] = None,
    cause: Annotated[list[str] | None, typer.Option(help="Only rows with this cause.")] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Only rows of this device, virtual machine or cluster.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="Answer what this field asks.")] = None,
    pick: Annotated[int | None, typer.Option(help="It is the NetBox object with this id.")] = None,
    create: Annotated[bool, typer.Option("--create", help="It is a new object.")] = False,
    map_to: Annotated[
        str | None, typer.Option("--map", help="The source's name means this NetBox object, everywhere.")
    ] = None,
    section: Annotated[
        str | None,
        typer.Option(
            help="With --map: which of several names, by its section of the mappings (roles, sites)."
        ),
    ] = None,
    value: Annotated[str | None, typer.Option(help="Of several values this one is right.")] = None,
    move: Annotated[bool, typer.Option("--move", help="Move it here.")] = False,
    take: Annotated[bool, typer.Option("--take", help="The source's value is right, this once.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="NetBox's value is right, this once.")] = False,
    always: Annotated[
        bool, typer.Option("--always", help="With --keep: whatever the source says from now on.")
    ] = False,
    leave: Annotated[bool, typer.Option("--leave", help="Do not change it.")] = False,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Known: count it apart until it changes, or --until.")
    ] = False,
    until: Annotated[
        str | None,
        typer.Option(help="With --acknowledge: the last day (2027-01-31), or a number of days (30d)."),
    ] = None,
    why: Annotated[
        str, typer.Option(help="The reason; recorded. Required by --keep, --leave, --acknowledge.")
    ] = "",
    who: WhoOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the questions as JSON.")] = False,
) -> None:
    """Answer what the comparison does not guess: conflicts, blocked rows and drifts.

    Without an answer it asks question by question in a terminal, and elsewhere lists the questions with the answers that
    each takes. Rows with the same cause are answered together if the filters select them. An answer is recorded, and
    the endpoint compared again from the snapshots that are there; the changes that follow are approved as always.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    chosen = session.endpoint(endpoint)
    plan = load_plan(session.warehouse, endpoint)
    check_names(
        session.warehouse, [plan], RowFilter(devices=tuple(device or ()), fields=(field,) if field else ())
    )
    check_keys(plan, keys or ())
    wanted = QuestionFilter(
        tuple(keys or ()),
        allowed_values("--resource", resource, RESOURCES),
        known_names("--cause", listed(cause), cause_kinds()),
        tuple(device or ()),
        field,
    )
    asked = [one for one in questions_of(plan) if wanted.takes(one)]
    given = {
        "pick": pick is not None,
        "create": create,
        "map": map_to is not None,
        "value": value is not None,
        "move": move,
        "take": take,
        "keep": keep,
        "leave": leave,
        "acknowledge": acknowledge,
    }
    kinds = [kind for kind, is_given in given.items() if is_given]
    if len(kinds) > 1:
        raise CliError(f"one answer at a time: --{' and --'.join(kinds)} are {len(kinds)}")
    if (until is not None and not acknowledge) or (always and not keep):
        raise CliError("--until belongs to --acknowledge, --always to --keep")
    if section is not None and map_to is None:
        raise CliError("--section belongs to --map")
    if not kinds:
        if as_json:
            write_json(session.out, {"questions": [_document(one) for one in asked]})
        elif session.interactive and asked:
            ask_questions(Desk(session, chosen, plan, name_of(who)), asked)
        else:
            _list(session, asked)
        return
    able = answerable(asked, kinds[0])
    word = word_in(able, section) if section is not None else None
    answer = Answer(kinds[0], pick, map_to if map_to is not None else value, always, _end(until), word)
    _answer(
        Desk(session, chosen, plan, name_of(who)),
        able,
        answer,
        why,
        yes=yes or dry_run,
    )


def _answer(desk: Desk, asked: list[Question], answer: Answer, why: str, *, yes: bool) -> None:
    session = desk.session
    if not asked:
        session.out.print("no row asks this; nothing recorded")
        return
    _list(session, asked)
    meaning = f"{ANSWERS[answer.kind]}{FROM_NOW_ON if answer.always else ''}"
    if not (yes or session.ask(f"Answer {_rows(len(asked))} with '{answer.kind}' ({meaning})?")):
        session.out.print("nothing recorded")
        return
    recorded = _record(desk, asked, answer, why)
    session.out.print(f"{_recorded(session)}: {answer.kind} for {_rows(len(asked))}{recorded.how_long}")
    show_following(desk.session, desk.endpoint, desk.plan, desk.who, asked)


def _record(desk: Desk, asked: Sequence[Question], answer: Answer, why: str) -> Resolution:
    warehouse = desk.session.warehouse
    return resolve(warehouse, desk.endpoint, desk.plan, asked, answer, who=desk.who, through="cli", why=why)


def _recorded(session: Session) -> str:
    return "would record" if session.is_dry_run else "recorded"


def _list(session: Session, asked: Sequence[Question]) -> None:
    """The questions, equal ones as one line with their number."""
    if not asked:
        session.out.print("nothing is asked")
        return
    in_fields = {one.name for one in asked if one.field is not None}
    # What only repeats the question of a field of the row is said with it.
    groups = grouped(one for one in asked if one.field is not None or one.name not in in_fields)
    for same in groups:
        _show(session, same[0], len(same))
    number = len({one.name for one in asked})
    session.out.print(f"{len(groups)} question{'s' if len(groups) != 1 else ''}, {_rows(number)}")


def _show(session: Session, one: Question, number: int) -> None:
    mark, style = MARKS.get(one.row.action, ("?", "cyan"))
    head = f"{mark} {one.row.resource}  {visible(one.row.key, LONGEST)}"
    more = f"  and {number - 1} more" if number > 1 else ""
    session.out.print(Text.assemble((head, style), (more, "dim")), soft_wrap=True)
    of_field = f"{one.field}: " if one.field else ""
    session.out.print(f"      {of_field}{visible(one.sentence, LONGEST)}", soft_wrap=True)
    if one.candidates:
        session.out.print(f"      NetBox ids: {', '.join(map(str, one.candidates))}", soft_wrap=True)
    if one.values:
        values = ", ".join(visible(text, 80) for text in one.values)
        session.out.print(f"      values: {values}", soft_wrap=True)
    if len(one.words) > 1:
        names = ", ".join(f"{word.kind} '{visible(word.word, 80)}' ({word.section})" for word in one.words)
        session.out.print(f"      names to map: {names}", soft_wrap=True)
    whole = "" if one.field is None else "; of the whole row: acknowledge"
    session.out.print(
        f"      cause {one.cause}; answers: {', '.join(one.answers)}{whole}", style="dim", soft_wrap=True
    )


def ask_questions(desk: Desk, asked: list[Question]) -> None:
    """Ask question by question, equal ones once, and record each answer; compare the endpoint again at the end."""
    answered: list[Question] = []
    for same in grouped(asked):
        _show(desk.session, same[0], len(same))
        said = _ask_one(desk, same)
        if said is None:
            break
        answered += said
    if not answered:
        desk.session.out.print("nothing recorded")
        return
    show_following(desk.session, desk.endpoint, desk.plan, desk.who, answered)


def _ask_one(desk: Desk, same: list[Question]) -> list[Question] | None:
    """The questions that were answered; None to end."""
    session, one = desk.session, same[0]
    letters = {letter: kind for letter, kind in _LETTERS.items() if kind in one.answers}
    while True:
        said = session.answer(f"answer? [{','.join([*letters, 's', 'q', '?'])}] ").lower()
        if said == "q":
            return None
        if said in ("", "s"):
            return []
        if said not in letters:
            for letter, kind in letters.items():
                session.out.print(f"{letter}  {kind}: {ANSWERS[kind]}")
            session.out.print("s  skip this question")
            session.out.print("q  end")
            continue
        kind = letters[said]
        if kind == "map":
            if _map_names(desk, one):
                return same
            continue
        try:
            answer = _details(session, one, kind)
            meant = [one]
            if (
                len(same) > 1
                and kind != "pick"
                and session.ask(f"The same for all {len(same)} rows that ask this?")
            ):
                meant = same
            why = session.answer("why? ") if kind in NEEDS_REASON else ""
            recorded = _record(desk, meant, answer, why)
        except ResolveError as error:
            session.out.print(visible(str(error), LONGEST), style="red", soft_wrap=True)
            continue
        session.out.print(f"{_recorded(session)}: {kind} for {_rows(len(meant))}{recorded.how_long}")
        return meant


def _map_names(desk: Desk, one: Question) -> int:
    """Ask what each of the row's names is called in NetBox, and record it; how many were recorded."""
    session, recorded = desk.session, 0
    for word in one.words:
        while name := session.answer(
            f"{word.kind} '{visible(word.word, 80)}' is called in NetBox (nothing: leave it): "
        ).strip():
            try:
                _record(desk, [one], Answer("map", value=name, word=word), "")
            except ResolveError as error:
                session.out.print(visible(str(error), LONGEST), style="red", soft_wrap=True)
                continue
            session.out.print(f"{_recorded(session)}: map {word.kind} for every row with this name")
            recorded += 1
            break
    return recorded


def _details(session: Session, one: Question, kind: str) -> Answer:
    if kind == "pick":
        hint = f" ({', '.join(map(str, one.candidates))})" if one.candidates else ""
        number = session.answer(f"id of the NetBox object{hint}: ")
        if not number.isascii() or not number.isdecimal():
            raise ResolveError("an id is a number")
        return Answer(kind, netbox_id=int(number))
    if kind == "value":
        return Answer(kind, value=session.answer(f"which of {', '.join(one.values)}: "))
    if kind == "keep":
        return Answer(kind, always=session.ask("From now on, whatever the source says?"))
    if kind == "acknowledge":
        return Answer(kind, until=end_of(session.answer("until (2027-01-31, 30d, or nothing): ")))
    return Answer(kind)


def _end(until: str | None) -> datetime | None:
    try:
        return end_of(until)
    except ResolveError as error:
        raise CliError(f"--until {error}") from None


def _document(one: Question) -> dict[str, Any]:
    return {
        "resource": one.row.resource,
        "key": one.row.key,
        "field": one.field,
        "action": one.row.action,
        "cause": one.cause,
        "reason": one.sentence,
        "answers": list(one.answers),
        "candidates": list(one.candidates),
        "values": list(one.values),
        "section": one.words[0].section if one.words else None,
        "word": one.words[0].word if one.words else None,
        "words": [{"section": word.section, "word": word.word} for word in one.words],
    }


def _rows(number: int) -> str:
    return f"{number} row{'s' if number != 1 else ''}"
