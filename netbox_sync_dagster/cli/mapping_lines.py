"""Source names without a NetBox object, as lines of YAML."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, NamedTuple

from netbox_sync_dagster.approve.netbox_names import NamedObject
from netbox_sync_dagster.cli.mapping_fits import only_fit
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.config.new_lines import NewLines
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import Warehouse, connections
from netbox_sync_dagster.text import quoted, visible

# The key in `defaults` for each section of `mappings`.
_DEFAULTS = {
    "sites": "site",
    "roles": "role",
    "device_types": "device_type",
    "manufacturers": "manufacturer",
    "platforms": "platform",
    "vrfs": "vrf",
}
_OBJECTS = {"vrfs": "interface"}

# Sections whose objects have a manufacturer, and those whose objects always have one.
_MADE = ("device_types", "module_types", "platforms")
_TYPES = ("device_types", "module_types")

# The likeness from which on a name is proposed: FortiOS is like fortios-7, and not like timos.
_ALIKE = 0.7

# NetBox's objects by section.
Objects = Callable[[str], list[NamedObject]]


class Row(NamedTuple):
    """A name of the source without a NetBox object; ``word``: None where the source has none. ``owners``: the number of
    objects that use it; ``makers``: the names that NetBox has for their manufacturers, empty: unknown."""

    section: str
    word: str | None
    owners: int
    example: str
    is_mapped: bool
    makers: tuple[str, ...]


def answered(endpoint: Endpoint, words: list[tuple[str, str, str]]) -> list[str]:
    """The lines of YAML for names that people have mapped. A line of the file wins: such an answer is a comment."""
    lines: list[str] = []
    for section in dict.fromkeys(section for section, _, _ in words):
        configured = getattr(endpoint.mappings, section, None) or {}
        known = {str(word).lower(): str(target) for word, target in configured.items()}
        lines.append(f"  {section}:")
        for _, word, target in sorted(one for one in words if one[0] == section):
            line = f"    {_text(word)}: {_text(target)}"
            if word.lower() in known:
                line = f"    # {line.strip()}  # the file says {_text(known[word.lower()])}"
            lines.append(line)
    return (
        ["mappings:", *lines]
        if lines
        else [f"# {endpoint.name}: no name was mapped with netbox-sync resolve"]
    )


def unresolved(warehouse: Warehouse, endpoint: str) -> list[Row]:
    """The names of the current diff without a NetBox object, the most frequent first."""
    file = warehouse.current(warehouse.diffs(endpoint)) / "desired" / "unresolved.parquet"
    if not file.exists():
        # The diff of an older version.
        return []
    con = connections.connect()
    try:
        con.execute(read_sql("natural.sql"))
        found = con.execute(
            # The diffs of older versions have no manufacturers.
            """SELECT section, word, owners, example, is_mapped, coalesce(manufacturers, [])
               FROM (SELECT NULL::VARCHAR[] AS manufacturers WHERE false UNION ALL BY NAME FROM read_parquet(?))
               ORDER BY section, word IS NULL, owners DESC, natural_order(word), word""",
            [connections.pattern(file)],
        ).fetchall()
        return [Row._make((*columns, tuple(makers))) for *columns, makers in found]
    finally:
        con.close()


def stanza(endpoint: Endpoint, rows: list[Row], objects: Objects, *, everything: bool) -> list[str]:
    """The lines of YAML, which load as printed: what is still to be filled in is a comment, and loads without the #.

    ``everything``: include the configured mappings.
    """
    configured: dict[str, dict[str, Any]] = {
        section: content for section, content in endpoint.mappings if isinstance(content, dict)
    }
    lines: list[str] = []
    for section, known in configured.items():
        found = [row for row in rows if row.section == section]
        wrong = {str(row.word).lower() for row in found if row.is_mapped}
        filled = [
            f"    {_text(word)}: {_text(str(target))}"
            for word, target in known.items()
            if everything and word.lower() not in wrong
        ]
        open_lines = [f"    # {_open_line(row, objects)}" for row in found if row.word is not None]
        if filled or found:
            head = f"{section}:" if filled or open_lines else f"{section}: {{}}"
            lines += [
                f"  {'' if filled else '# '}{head}{_default_for(endpoint, found)}",
                *filled,
                *open_lines,
            ]
    if not lines:
        return [f"# {endpoint.name}: nothing is missing"]
    is_open = all(line.lstrip().startswith("#") for line in lines)
    return ["# mappings:   # remove the # of the lines that you fill in" if is_open else "mappings:", *lines]


def _default_for(endpoint: Endpoint, found: list[Row]) -> str:
    """The comment about the setting of ``defaults`` that would do instead, or is needed."""
    if not found or found[0].section not in _DEFAULTS:
        return ""
    setting = f"defaults.{_DEFAULTS[found[0].section]}"
    for row in found:
        if row.word is None:
            return f"  # {_count(row)}: {endpoint.name} has no value; set {setting}"
    return f"  # or for all of them: {setting}"


def _open_line(row: Row, objects: Objects) -> str:
    """The line to fill in, for a name that the source has. It is YAML: only one name is proposed, others are a comment."""
    word = str(row.word)
    first, *others = _proposed(row, word, objects(row.section)) or [""]
    notes = [f"or {_text(name)}" for name in others] + [_count(row)]
    if row.is_mapped:
        notes.append("no such object in NetBox")
    if not first and row.section in _TYPES:
        makers = " or ".join(visible(name, 60) for name in row.makers)
        notes.append(f"NetBox has no similar one of {makers}" if makers else "its manufacturer is unknown")
    return f"{_text(word)}: {_text(first)}  # {'; '.join(notes)}"


def lines_of_proposals(endpoint: Endpoint, rows: list[Row], objects: Objects) -> dict[str, NewLines]:
    """The same as lines for the file, by section: a name that only one object has is mapped, the others are open.

    Names that the file maps already are left out.
    """
    found: dict[str, NewLines] = {}
    for row in rows:
        section, word = row.section, row.word
        if word is None or row.is_mapped or not isinstance(getattr(endpoint.mappings, section, None), dict):
            continue
        new = found.setdefault(section, NewLines())
        if fit := only_fit(section, word, objects(section), row.makers):
            new.mapped[word] = fit
        else:
            new.open[word] = _open_line(row, objects)
    return _in_order(endpoint, found)


def lines_of_answers(endpoint: Endpoint, words: list[tuple[str, str, str]]) -> dict[str, NewLines]:
    """Names that people have mapped and the file does not map, by section."""
    found: dict[str, NewLines] = {}
    for section, word, target in words:
        configured = getattr(endpoint.mappings, section, None) or {}
        if word.lower() not in {str(one).lower() for one in configured}:
            found.setdefault(section, NewLines()).mapped[word] = target
    return _in_order(endpoint, found)


def _in_order(endpoint: Endpoint, found: dict[str, NewLines]) -> dict[str, NewLines]:
    """The sections in the order of the configuration."""
    return {section: found[section] for section, _ in endpoint.mappings if section in found}


def kept_lines(endpoint: Endpoint, rows: list[Row], objects: Objects) -> list[str]:
    """Sentences about mappings of the file whose NetBox object does not exist."""
    sentences = []
    for row in rows:
        if row.is_mapped and row.word is not None:
            configured = getattr(endpoint.mappings, row.section)
            known = {str(one).lower(): target for one, target in configured.items()}
            target = str(known.get(row.word.lower(), ""))
            near = " or ".join(map(_text, _proposed(row, target, objects(row.section))))
            meant = f"; the most similar names are {near}" if near else ""
            sentences.append(
                f"mappings.{row.section}: {_text(row.word)}: {_text(target)}: NetBox has no such object; "
                f"the line stays{meant}"
            )
    return sentences


def defaults_that_do(endpoint: Endpoint, rows: list[Row], new: dict[str, NewLines]) -> list[str]:
    """Sentences about settings of ``defaults`` that would do instead of the lines to fill in."""
    sentences = []
    for section, default in _DEFAULTS.items():
        if getattr(endpoint.defaults, default):
            # Set since the diff was made.
            continue
        number = len(new[section].open) if section in new else 0
        if number:
            names = "1 name has" if number == 1 else f"{number} names have"
            sentences.append(
                f"{section}: {names} no match; if one value fits all such objects, set defaults.{default} instead"
            )
        sentences += [
            f"{section}: {_count(row)} has no value in the source; set defaults.{default}"
            for row in rows
            if row.section == section and row.word is None
        ]
    return sentences


def _count(row: Row) -> str:
    what = _OBJECTS.get(row.section, "object")
    return f"{row.owners} {what}{'s' if row.owners != 1 else ''}, e.g. {visible(row.example, 200)}"


def _proposed(row: Row, word: str, objects: list[NamedObject]) -> list[str]:
    """The names of NetBox that are most like this word, to choose from; types only of the same manufacturer."""
    named = {
        one.names[0].lower(): one.names[0]
        for one in objects
        if one.names[0] and _may_be(row, word, one.manufacturer)
    }
    return [named[name] for name in difflib.get_close_matches(word.lower(), named, n=2, cutoff=_ALIKE)]


def _may_be(row: Row, word: str, maker: str) -> bool:
    """Whether the row may mean an object of this manufacturer. That of a type has to be known, or be named in the word."""
    if row.section not in _MADE or maker in row.makers:
        return True
    if row.section == "platforms" and (not maker or not row.makers):
        return True
    return not row.makers and bool(maker) and word.lower().startswith(f"{maker.lower()} ")


def _text(word: str) -> str:
    """The name as a YAML scalar."""
    return quoted(word)
