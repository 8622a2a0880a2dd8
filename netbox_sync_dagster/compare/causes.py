"""Causes of rows: converts the comparison's cause documents to code, data and sentence.

SQL decides once: ``blocked('type_not_offered', {type: w.type})`` (sql/macros/causes.sql) is a text that holds the cause's code, its
action and its parameters as JSON. Such a text stays whole on its way through the stages, may be joined with others and may
be a parameter of another cause, whose name begins with ``because``. The sentence is made here, from the list in
sql/causes.sql, when a row is written.

In a sentence ``{name}`` is a parameter, and a part in brackets is left out where a parameter in it is null. A list is
joined with commas (``{names:and}``: 'a, b and c'; ``{names:ands}``: 'a and b and c'); an object of a list, {type, id, name},
reads 'name (id 7)' (``{objects:names}``: the name alone).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# The parameters whose texts are read for causes begin so: all others may come from outside, and are shown unchanged.
BECAUSE = "because"
_START = '{"cause":"'
_DECODER = json.JSONDecoder()
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class CauseKind:
    """A line of sql/causes.sql: the code, the action of rows with it, the sentence, what helps, the answers that a person
    can give, and the parameters that say what it is about (rows in which they agree ask the same question)."""

    code: str
    action: str
    sentence: str
    helps: str
    answers: tuple[str, ...]
    about: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """A decoded reason: the first cause's code and its parameters as JSON, and the whole as a sentence.

    If several causes are joined, ``subject`` is ``{"causes": [{"cause": code, ...parameters}, ...]}``.
    """

    cause: str | None
    subject: str | None
    sentence: str


@dataclass(frozen=True)
class SaidCause:
    """A cause of a row for people: its sentence, its code with the parameters in words (``unmapped (field: role)``),
    followed by those of the causes in it, and what a person can do."""

    sentence: str
    details: str
    helps: str


@cache
def cause_kinds() -> dict[str, CauseKind]:
    """The closed list of causes, by code."""
    with duckdb.connect() as con:
        rows = con.execute(read_sql("causes.sql")).fetchall()
    return {
        code: CauseKind(code, action, sentence, helps, tuple(answers), tuple(about))
        for code, action, sentence, helps, answers, about in rows
    }


def cause(code: str, **subject: Any) -> str:
    """The text of a cause, as blocked(), conflict(), ... of sql/macros/causes.sql make it; ``read_reason`` makes the sentence.

    ``subject``: the parameters; those whose name begins with ``because`` are texts of causes. Raises KeyError if the
    list has no such cause.
    """
    content: dict[str, Any] = {"cause": code, "action": cause_kinds()[code].action}
    for name, value in subject.items():
        if name.startswith(BECAUSE) and isinstance(value, str) and value.startswith(_START):
            document, end = _document(value, 0)
            content[name] = document if document is not None and end == len(value) else value
        else:
            content[name] = value
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def read_reason(text: str, action: str | None = None) -> Reason:
    """Decodes a ``reason`` or ``problem`` of the comparison.

    ``action``: the row's; of several causes the first with this action gives the row its code.
    """
    if _START not in text:
        return Reason(None, None, text)
    parts, documents = _taken_apart(text)
    sentence = "".join(part if isinstance(part, str) else _sentence(part) for part in parts)
    if not documents:
        return Reason(None, None, sentence)
    subjects = [_subject(document) for document in documents]
    subject = (
        subjects[0]
        if len(documents) == 1
        else {
            "causes": [
                {"cause": document["cause"], **said}
                for document, said in zip(documents, subjects, strict=True)
            ]
        }
    )
    first = next((one for one in documents if one["action"] == action), documents[0])
    return Reason(first["cause"], json.dumps(subject, ensure_ascii=False), sentence)


def said_causes(cause: str | None, subject: str | None) -> list[SaidCause]:
    """The causes of a diff's row, from its columns ``cause`` and ``subject``. Causes that this version does not know are
    left out."""
    if cause is None:
        return []
    said: dict[str, Any] = json.loads(subject) if subject else {}
    found = [{"cause": cause, **one} for one in said.get("causes", [said])]
    kinds = cause_kinds()
    return [
        SaidCause(_sentence(one), _details(one), kinds[one["cause"]].helps)
        for one in found
        if one["cause"] in kinds
    ]


def _details(document: dict[str, Any]) -> str:
    """The code and the parameters of a cause; ids of candidates are in ``candidates`` too."""
    inner, words = [], []
    for name, value in document.items():
        if name.startswith(BECAUSE):
            causes = value if isinstance(value, list) else [value]
            inner += [one for one in causes if isinstance(one, dict) and "cause" in one]
        elif name not in ("cause", "candidate_ids"):
            words.append(f"{name.replace('_', ' ')}: {_text(name, value)}")
    own = f"{document['cause']} ({', '.join(words)})" if words else str(document["cause"])
    return "; ".join([own, *map(_details, inner)])


def sentence_of(text: str | None) -> str | None:
    """Only the sentence; None for NULL."""
    return None if text is None else read_reason(text).sentence


def _taken_apart(text: str) -> tuple[list[str | dict[str, Any]], list[dict[str, Any]]]:
    """The text and the cause documents in it, in order."""
    parts: list[str | dict[str, Any]] = []
    documents = []
    position = 0
    while (start := text.find(_START, position)) >= 0:
        document, end = _document(text, start)
        if document is None:
            # Foreign text that only begins like one.
            parts.append(text[position:end])
        else:
            parts += [text[position:start], document]
            documents.append(document)
        position = end
    parts.append(text[position:])
    return parts, documents


def _document(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    """The cause document at ``start`` and where it ends."""
    try:
        document, end = _DECODER.raw_decode(text, start)
    except ValueError:
        return None, start + len(_START)
    return (document if document["cause"] in cause_kinds() else None), end


def _subject(document: dict[str, Any]) -> dict[str, Any]:
    """The parameters without nulls; a cause among them also as data."""
    said = {
        name: value
        for name, value in document.items()
        if name not in ("cause", "action") and value is not None
    }
    for name, value in said.items():
        if name.startswith(BECAUSE):
            inner = [value] if isinstance(value, dict) else _taken_apart(value)[1]
            read = [{"cause": one["cause"], **_subject(one)} for one in inner]
            said[name] = read[0] if len(read) == 1 else read or value
    return said


def _sentence(document: dict[str, Any]) -> str:
    template = cause_kinds()[document["cause"]].sentence
    known = {name: _text(name, value) for name, value in document.items() if value is not None}

    def kept(part: re.Match[str]) -> str:
        return part[1] if all(name in known for name, _ in _PLACE.findall(part[1])) else ""

    def filled(place: re.Match[str]) -> str:
        name, way = place.groups()
        value = document.get(name)
        if way == "and" and isinstance(value, list) and len(value) > 1:
            *before, last = map(str, value)
            return f"{', '.join(before)} and {last}"
        if way == "ands" and isinstance(value, list):
            return " and ".join(map(str, value))
        if way == "names" and isinstance(value, list):
            return ", ".join(str(one["name"]) for one in value)
        # An unknown parameter is shown as such: a reason must not disappear.
        return known.get(name, "?")

    return _PLACE.sub(filled, _OPTIONAL.sub(kept, template))


def parameter_text(value: Any) -> str:
    """A parameter of a cause in words."""
    return _text("", value)


def _text(name: str, value: Any) -> str:
    if name.startswith(BECAUSE) and isinstance(value, str):
        return read_reason(value).sentence
    if isinstance(value, dict) and "cause" in value:
        # One of another version has no sentence here.
        return _sentence(value) if value["cause"] in cause_kinds() else str(value["cause"])
    if isinstance(value, list):
        return ", ".join(_text("", item) for item in value if item is not None)
    if isinstance(value, dict):
        return f"{value['name']} (id {value['id']})"
    return str(value)
