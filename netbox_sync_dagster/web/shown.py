"""How the page shows values: names instead of ids, foreign text with visible escapes. Jinja escapes the HTML."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from netbox_sync_dagster.compare.causes import parameter_text, said_causes
from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff
from netbox_sync_dagster.compare.values import display
from netbox_sync_dagster.text import in_one_unit, visible

LONGEST = 400
# action: (mark, Tabler colour)
MARKS = {
    "create": ("+", "green"),
    "update": ("~", "azure"),
    "delete": ("−", "red"),
    "conflict": ("!", "purple"),
    "blocked": ("#", "secondary"),
    "drifted": ("?", "cyan"),
    "acknowledged": ("=", "secondary"),
}
STATES = {
    "waiting": "secondary",
    "approved": "blue",
    "approval expired": "orange",
    "rejected": "red",
    "applied": "green",
}
VERDICTS = {
    "applied": "green",
    "stale": "yellow",
    "failed": "red",
    "blocked": "secondary",
    "uncertain": "purple",
}
_LONGEST_MARKED = 2_000
_SHORT = 20
_JSON = re.compile(r"[\[{]")
_DECODER = json.JSONDecoder()


def text(value: Any, longest: int | None = LONGEST) -> str:
    """Foreign text on one line, with escapes for what cannot be seen; empty for None."""
    return "" if value is None else str(visible(value, longest))


def value(item: Any, longest: int | None = LONGEST) -> str:
    """A value of a field as a person reads it."""
    return str(display(item, longest))


def shown_fields(row: DiffRow) -> list[FieldDiff]:
    """The fields of a row that say something: a create's empty ones do not."""
    return [
        item
        for item in row.fields
        if not (row.action == "create" and item.after is None and item.decision == "update")
    ]


class SaidReason(NamedTuple):
    """A part of a row's reason, the code and parameters of its cause, and what helps; a reason of another kind has none."""

    sentence: str
    details: str | None
    helps: str | None = None


def reasons_of(row: DiffRow) -> list[SaidReason]:
    """The reason of a row, a part for each cause whose sentence it contains in turn."""
    if row.reason is None:
        return []
    causes = said_causes(row.cause, row.subject)
    parts: list[SaidReason] = []
    position = 0
    for one in causes:
        start = row.reason.find(one.sentence, position)
        if start < 0:
            details = "; ".join(cause.details for cause in causes)
            return [SaidReason(row.reason, details, " ".join(dict.fromkeys(cause.helps for cause in causes)))]
        end = start + len(one.sentence)
        parts.append(SaidReason(row.reason[position:end].removeprefix("; "), one.details, one.helps))
        position = end
    if rest := row.reason[position:].removeprefix("; "):
        parts.append(SaidReason(rest, None))
    return parts


def parameters(text: str) -> str:
    """The parameters that rows with a cause share: lists and objects among them, which are JSON, in words."""
    parts, position = [], 0
    while match := _JSON.search(text, position):
        parts.append(text[position : match.start()])
        try:
            found, position = _DECODER.raw_decode(text, match.start())
            parts.append(parameter_text(found))
        except (ValueError, LookupError, TypeError):
            parts.append(text[match.start()])
            position = match.start() + 1
    return "".join([*parts, text[position:]])


def inline(item: FieldDiff) -> Markup:
    """Before and after in one line, what goes struck out and what comes underlined."""
    before, after = value(item.before, _LONGEST_MARKED), value(item.after, _LONGEST_MARKED)
    # In a short value, marked letters of two words look like one: offn.
    if max(len(before), len(after)) <= _SHORT:
        return Markup("<del>{}</del> <ins>{}</ins>").format(before, after)
    parts: list[Markup] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    # Texts that have little in common are easier to read one after the other.
    if matcher.quick_ratio() < 0.5:
        return Markup("<del>{}</del> <ins>{}</ins>").format(before, after)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            parts.append(escape(before[a:b]))
            continue
        if b > a:
            parts.append(Markup("<del>{}</del>").format(before[a:b]))
        if d > c:
            parts.append(Markup("<ins>{}</ins>").format(after[c:d]))
    return Markup("").join(parts)


def when(moment: datetime | None) -> str:
    """A time in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment is not None else ""


def age(moment: datetime | None) -> str:
    """How long ago, in one unit."""
    if moment is None:
        return ""
    return in_one_unit((datetime.now(UTC) - moment).total_seconds())


def until(moment: datetime) -> str:
    """How long until then, in one unit."""
    return in_one_unit((moment - datetime.now(UTC)).total_seconds())


def as_sentence(item: str) -> str:
    """A reason as a sentence; foreign text in it is escaped as ``text`` does."""
    shown = text(item, _LONGEST_MARKED)
    return f"{shown[:1].upper()}{shown[1:].removesuffix('.')}."


def words(name: str | None) -> str:
    """``virtual_machines`` -> ``virtual machines``."""
    return (name or "").replace("_", " ")


def sparkline(numbers: list[int], width: int = 160, height: int = 32) -> Markup:
    """A line of numbers over time as SVG; empty for fewer than two."""
    if len(numbers) < 2:
        return Markup("")
    top = max(*numbers, 1)
    step = (width - 4) / (len(numbers) - 1)
    points = " ".join(
        f"{2 + position * step:.1f},{height - 3 - number / top * (height - 6):.1f}"
        for position, number in enumerate(numbers)
    )
    return Markup(
        '<svg class="drift" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        'aria-label="differences in the last {n} diffs: from {a} to {b}">'
        '<polyline fill="none" stroke="currentColor" stroke-width="1.5" points="{p}"/></svg>'
    ).format(w=width, h=height, n=len(numbers), a=numbers[0], b=numbers[-1], p=points)
