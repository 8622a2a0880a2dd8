"""Answers to what the comparison does not guess: conflicts, blocked rows and drifts are questions, and a person decides.

An answer writes nothing to NetBox. It is recorded in the ledger (``storage/resolutions.py``) and read by the next
comparison, which may then show a change; that change is approved and guarded like any other. An answer counts only for
exactly the question that was asked: if the candidates or values change, it lapses.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from netbox_sync_dagster.approve.netbox_names import names_of_section, netbox_rows
from netbox_sync_dagster.approve.people import me
from netbox_sync_dagster.approve.records import THROUGH, ApprovalError
from netbox_sync_dagster.compare.causes import cause_kinds
from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff, Plan
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.sources.netbox.names import table_of
from netbox_sync_dagster.storage import NETBOX, Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.resolutions import (
    Item,
    Resolution,
    Word,
    read_resolutions,
    write_resolution,
    write_withdrawal,
)
from netbox_sync_dagster.text import visible

# What each answer means, in the order in which people are offered them.
ANSWERS = {
    "pick": "it is this NetBox object",
    "create": "it is a new object",
    "map": "the name means this NetBox object",
    "value": "this value is right",
    "move": "move it here",
    "take": "the source's value is right",
    "keep": "NetBox's value is right",
    "leave": "do not change it",
    "acknowledge": "known; show it again after a date, or when it changes",
}
# Answers that hide a row must say why.
NEEDS_REASON = ("keep", "leave", "acknowledge")
# Answers that depend on what would be written, not only on what is asked.
_OF_CONTENT = ("take", "keep", "leave", "acknowledge")


class ResolveError(ApprovalError):
    """An answer is not possible; the sentence says why and what to do."""


@dataclass(frozen=True)
class Answer:
    """What a person says. ``netbox_id`` belongs to pick, ``value`` to map and value, ``word`` to map (which of the names, where
    a row asks for several), ``always`` to keep (whatever the source says from now on), ``until`` to acknowledge."""

    kind: str
    netbox_id: int | None = None
    value: str | None = None
    always: bool = False
    until: datetime | None = None
    word: Word | None = None


@dataclass(frozen=True)
class Question:
    """What a row, or one field of it, asks. ``answers``: those that are possible; ``candidates``: ids of NetBox objects
    that it may be; ``values``: those to choose from; ``words``: the names to map."""

    row: DiffRow
    field: str | None
    cause: str
    sentence: str
    answers: tuple[str, ...]
    candidates: tuple[int, ...] = ()
    values: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    # Rows in which these agree ask the same.
    about: str = ""

    @property
    def name(self) -> tuple[str, str]:
        """Resource and key of its row."""
        return self.row.resource, self.row.key

    @property
    def asks(self) -> tuple[str, str | None, str, str]:
        """Equal for questions that ask the same, which may be answered together."""
        return self.row.resource, self.field, self.cause, self.about


def questions_of(plan: Plan) -> list[Question]:
    """What the rows of a diff and their fields ask, in the order of the rows."""
    return [question for row in plan.rows for question in questions_of_row(row)]


def questions_of_row(row: DiffRow) -> Iterator[Question]:
    """What a row asks, and what its fields do."""
    if row.questions is None:
        return
    asked = json.loads(row.questions)
    if "" in asked and row.cause is not None:
        # A row that only repeats what its fields ask is left as a whole.
        of_fields = any(name for name in asked)
        kinds = () if of_fields else cause_kinds()[row.cause].answers
        yield _question(row, None, (row.cause, row.reason), (*kinds, "acknowledge"))
    for field in row.fields:
        if field.name in asked and field.cause is not None:
            yield _question(row, field.name, (field.cause, field.reason), _answers_to(field))


def _answers_to(field: FieldDiff) -> tuple[str, ...]:
    kinds = cause_kinds()[str(field.cause)].answers
    # Without a value of the source there is nothing to take.
    return tuple(kind for kind in kinds if kind != "take" or field.after is not None)


def resolve(
    warehouse: Warehouse,
    endpoint: Endpoint,
    plan: Plan,
    asked: Sequence[Question],
    answer: Answer,
    *,
    who: str,
    through: str,
    why: str = "",
    run: str | None = None,
    login_by: str = "",
) -> Resolution:
    """Record one answer to one or several questions of the current diff; it is on disk when this returns.

    Nothing is compared: call ``sync.compare_again`` to see what follows. ``through`` is cli, dagster or web. Raises
    ResolveError, and records nothing, if a question does not take this answer, or the answer names nothing that exists.
    """
    if not who.strip():
        raise ResolveError("an answer needs the name of the person who gives it")
    if through not in THROUGH or answer.kind not in ANSWERS:
        raise ResolveError(
            f"the answer must be one of {', '.join(ANSWERS)} (found: '{visible(answer.kind, 40)}')"
        )
    if not asked:
        raise ResolveError("no row asks this; see netbox-sync resolve without an answer")
    if answer.kind in NEEDS_REASON and not why.strip():
        raise ResolveError(f"'{answer.kind}' needs a reason: say why (--why)")
    for question in asked:
        if answer.kind not in question.answers:
            raise ResolveError(
                f"{question.row.resource} {visible(question.row.key, 120)}"
                f"{f', {question.field}' if question.field else ''} cannot be answered with '{answer.kind}'; possible:"
                f" {', '.join(question.answers) or 'nothing'}"
            )
    _check(warehouse, endpoint, asked, answer)
    first = asked[0]
    actor = me(who, through, run, login_by)
    one = Resolution(
        resolution_id=warehouse.new_id(),
        endpoint=plan.endpoint,
        at=now(),
        who=who.strip(),
        through=through,
        answer=answer.kind,
        cause=first.cause,
        sentence=first.sentence,
        items=() if answer.kind == "map" else tuple(_item(question, answer) for question in asked),
        word=_meant_word(asked, answer) if answer.kind == "map" else None,
        netbox_id=answer.netbox_id,
        value=answer.value,
        why=why.strip(),
        until=answer.until,
        diff_id=plan.diff_id,
        by=actor.to_json(),
    )
    write_resolution(warehouse, one)
    return one


def withdraw_resolution(
    warehouse: Warehouse,
    endpoint: str,
    resolution_id: str,
    *,
    who: str,
    through: str,
    why: str = "",
    run: str | None = None,
    login_by: str = "",
) -> Resolution:
    """Withdraw an answer; returns it. ``resolution_id`` may be its first characters. Raises ResolveError."""
    if not who.strip():
        raise ResolveError("a withdrawal needs the name of the person who makes it")
    found = [
        one
        for one in read_resolutions(warehouse, endpoint)
        if resolution_id and one.resolution_id.startswith(resolution_id)
    ]
    if len(found) != 1:
        number = "no answer" if not found else f"{len(found)} answers"
        raise ResolveError(
            f"{number} of '{endpoint}' begin with '{visible(resolution_id, 40)}'; see netbox-sync resolutions"
        )
    if found[0].withdrawn_by is not None:
        raise ResolveError(f"{found[0].withdrawn_by} has withdrawn this answer already")
    by = me(who, through, run, login_by)
    line = {
        "at": now().isoformat(),
        "who": who.strip(),
        "through": through,
        "by": by.to_json(),
        "why": why.strip(),
    }
    write_withdrawal(warehouse, endpoint, found[0].resolution_id, line)
    return found[0]


def same_question(asked: Sequence[Question], one: Question) -> list[Question]:
    """The questions with the same cause and parameters as ``one``, which may be answered together; those of acknowledged
    rows only if ``one`` is one of these."""
    return [
        other
        for other in asked
        if other.asks == one.asks and (other.row.action != "acknowledged" or one.row.action == "acknowledged")
    ]


def grouped(asked: Iterable[Question]) -> list[list[Question]]:
    """The questions, those that ask the same together, in the order of the first of each."""
    groups: dict[tuple[str, str | None, str, str], list[Question]] = {}
    for one in asked:
        groups.setdefault(one.asks, []).append(one)
    return [same_question(group, group[0]) for group in groups.values()]


def end_of(text: str | None) -> datetime | None:
    """The end of an acknowledgement: the end of this day (UTC), or so many days from now. None without a text. Raises
    ResolveError."""
    if not text:
        return None
    if text.endswith("d") and text[:-1].isascii() and text[:-1].isdecimal() and len(text) < 6:
        return now() + timedelta(days=int(text[:-1]))
    try:
        day = datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise ResolveError(
            f"{visible(text, 40)}: give a day (2027-01-31) or a number of days (30d)"
        ) from None
    return day.replace(tzinfo=now().tzinfo) + timedelta(days=1)


def suggestions(warehouse: Warehouse, endpoint: str) -> list[str]:
    """Settings that would say once what people have said five times or more."""
    counts: dict[tuple[str, str], int] = {}
    for one in read_resolutions(warehouse, endpoint):
        if one.state() == "valid":
            counts[one.cause, one.answer] = counts.get((one.cause, one.answer), 0) + max(len(one.items), 1)
    return [
        f"'{answer}' was answered {number} times to '{cause}'. {cause_kinds()[cause].helps}"
        for (cause, answer), number in sorted(counts.items())
        if number >= 5 and cause in cause_kinds() and answer != "acknowledge"
    ]


def _question(
    row: DiffRow, field: str | None, asked: tuple[str | None, str | None], answers: tuple[str, ...]
) -> Question:
    """``asked``: the cause and its sentence."""
    cause, sentence = str(asked[0]), asked[1] or ""
    said_of_row: dict[str, Any] = json.loads(row.subject) if row.subject else {}
    said = said_of_row
    if field is not None or "causes" in said:
        said = next((one for one in said.get("causes", [said]) if one.get("cause", cause) == cause), said)
    words = tuple(dict.fromkeys(_words_of(said_of_row if field is None else said)))
    possible = tuple(kind for kind in dict.fromkeys(answers) if kind != "map" or words)
    about: dict[str, Any] = {name: said.get(name) for name in cause_kinds()[cause].about}
    if "map" in possible:
        # Other names are another question.
        about["words"] = [(word.section, word.word) for word in words]
    values = said.get("vids") or said.get("names") or []
    return Question(
        row,
        field,
        cause,
        sentence,
        possible,
        tuple(said.get("candidate_ids") or ()),
        tuple(map(str, values)) if "value" in possible else (),
        words,
        json.dumps(about, sort_keys=True, ensure_ascii=False),
    )


def _words_of(said: Any) -> Iterator[Word]:
    """The names to map: the pairs of section and word among the parameters and the causes in them."""
    if isinstance(said, dict):
        if isinstance(said.get("section"), str) and isinstance(said.get("word"), str):
            yield Word(said["section"], said["word"])
        else:
            yield from _words_of(list(said.values()))
    elif isinstance(said, list):
        for item in said:
            yield from _words_of(item)


def _meant_word(asked: Sequence[Question], answer: Answer) -> Word:
    """The name that the answer maps. Raises ResolveError if that is not one name of all these questions."""
    if answer.word is not None:
        if all(answer.word in question.words for question in asked):
            return answer.word
        raise ResolveError(
            f"not all of these rows ask what the {answer.word.kind} '{visible(answer.word.word, 80)}' means"
        )
    words = list(dict.fromkeys(word for question in asked for word in question.words))
    if len(words) != 1:
        names = ", ".join(f"{word.kind} '{visible(word.word, 80)}'" for word in words[:5])
        raise ResolveError(
            f"these rows ask for several names; say of which section the name is (--section), or select fewer rows: {names}"
            + (f" and {len(words) - 5} more" if len(words) > 5 else "")
        )
    return words[0]


def _item(question: Question, answer: Answer) -> Item:
    asked = json.loads(question.row.questions or "{}")[question.field or ""]
    text = asked["whole"] if answer.kind in _OF_CONTENT else asked["cause"]
    if answer.kind == "keep" and answer.always:
        text = None
    return Item(question.row.resource, question.row.key, question.field, text)


def _check(warehouse: Warehouse, endpoint: Endpoint, asked: Sequence[Question], answer: Answer) -> None:
    if answer.kind == "pick":
        _check_pick(warehouse, asked, answer)
    elif answer.netbox_id is not None:
        raise ResolveError(f"only 'pick' names a NetBox object, not '{answer.kind}'")
    if answer.kind == "map":
        _check_word(warehouse, endpoint, asked, answer)
    elif answer.kind == "value":
        for question in asked:
            if answer.value not in question.values:
                raise ResolveError(
                    f"the value must be one of {', '.join(visible(value, 80) for value in question.values)}"
                )
    elif answer.value is not None:
        raise ResolveError(f"'{answer.kind}' takes no value")
    if answer.word is not None and answer.kind != "map":
        raise ResolveError(f"only 'map' names a name of the source, not '{answer.kind}'")
    if answer.until is not None and answer.kind != "acknowledge":
        raise ResolveError("only 'acknowledge' has an end")
    if answer.until is not None and answer.until <= now():
        raise ResolveError(f"the end has passed: {answer.until:%Y-%m-%d %H:%M} UTC")


def _check_pick(warehouse: Warehouse, asked: Sequence[Question], answer: Answer) -> None:
    if len(asked) > 1:
        raise ResolveError(
            f"one NetBox object cannot be {len(asked)} objects of the source: pick for each alone"
        )
    question = asked[0]
    if answer.netbox_id is None:
        raise ResolveError("'pick' needs the id of the NetBox object")
    if question.candidates and answer.netbox_id not in question.candidates:
        raise ResolveError(
            f"{answer.netbox_id} is none of the candidates: {', '.join(map(str, question.candidates))}"
        )
    if not netbox_rows(warehouse, question.row.resource, "id", "WHERE id = ?", [answer.netbox_id]):
        raise ResolveError(f"NetBox has no {question.row.resource} with the id {answer.netbox_id}")


def _check_word(warehouse: Warehouse, endpoint: Endpoint, asked: Sequence[Question], answer: Answer) -> None:
    word = _meant_word(asked, answer)
    if not (answer.value or "").strip():
        raise ResolveError("'map' needs the name of a NetBox object")
    table = table_of(word.section)
    if word.section not in type(endpoint.mappings).model_fields:
        raise ResolveError(f"{endpoint.name} has no mappings of '{visible(word.section, 40)}'")
    if table not in NETBOX or table in endpoint.policies.may_create:
        return
    found = names_of_section(warehouse, word.section)
    target = str(answer.value)
    if target.lower() not in {value.lower() for values in found for value in values if value}:
        names = sorted({values[0] for values in found if values[0]})
        near = difflib.get_close_matches(target, names, n=3, cutoff=0.6)
        raise ResolveError(
            f"NetBox has no {table} '{visible(target, 80)}'"
            + (f"; did you mean {' or '.join(visible(name, 80) for name in near)}?" if near else "")
        )
