"""Source names without a NetBox object, as lines of YAML."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

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

Row = tuple[str, str | None, int, str, bool]
# NetBox's objects by section.
Objects = Callable[[str], list[NamedObject]]


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
                line = f"    # the file says {_text(known[word.lower()])}:{line[3:]}"
            lines.append(line)
    return (
        ["mappings:", *lines]
        if lines
        else [f"# {endpoint.name}: no name was mapped with netbox-sync resolve"]
    )


def unresolved(warehouse: Warehouse, endpoint: str) -> list[Row]:
    """(section, name, number of objects, an example, whether its mapping has no match), the most frequent first."""
    file = warehouse.current(warehouse.diffs(endpoint)) / "desired" / "unresolved.parquet"
    if not file.exists():
        # The diff of an older version.
        return []
    con = connections.connect()
    try:
        con.execute(read_sql("natural.sql"))
        return con.execute(
            """SELECT section, word, owners, example, is_mapped FROM read_parquet(?)
               ORDER BY section, word IS NULL, owners DESC, natural_order(word), word""",
            [connections.pattern(file)],
        ).fetchall()
    finally:
        con.close()


def stanza(endpoint: Endpoint, rows: list[Row], objects: Objects, *, everything: bool) -> list[str]:
    """The lines of YAML, which load as printed: what is still to be filled in is a comment.

    ``everything``: include the configured mappings.
    """
    configured: dict[str, dict[str, Any]] = {
        section: content for section, content in endpoint.mappings if isinstance(content, dict)
    }
    lines: list[str] = []
    advice: list[str] = []
    for section, known in configured.items():
        found = [row for row in rows if row[0] == section]
        wrong = {str(word).lower() for _, word, _, _, is_mapped in found if is_mapped}
        filled = [
            f"    {_text(word)}: {_text(str(target))}"
            for word, target in known.items()
            if everything and word.lower() not in wrong
        ]
        open_lines = []
        for _, word, owners, example, is_mapped in found:
            what = _count(section, owners, example)
            if word is None:
                default = _DEFAULTS.get(section, section)
                advice.append(f"# {what}: {endpoint.name} has no value; set defaults.{default}")
                continue
            note = "; no such object in NetBox" if is_mapped else ""
            open_lines.append(f"    # {_text(word)}: {_proposed(word, objects(section))}  # {what}{note}")
        if open_lines and section in _DEFAULTS:
            open_lines.append(f"    # or for all of them: defaults.{_DEFAULTS[section]}")
        if filled or open_lines:
            lines += [f"  {section}:" if filled else f"  # {section}:", *filled, *open_lines]
    if lines:
        is_open = all(line.lstrip().startswith("#") for line in lines)
        lines.insert(
            0, "# mappings:   # remove the # of the lines that you fill in" if is_open else "mappings:"
        )
    if not lines and not advice:
        return [f"# {endpoint.name}: nothing is missing"]
    return [*lines, *advice]


def lines_of_proposals(endpoint: Endpoint, rows: list[Row], objects: Objects) -> dict[str, NewLines]:
    """The same as lines for the file, by section: a name that only one object has is mapped, the others are open.

    Names that the file maps already are left out.
    """
    found: dict[str, NewLines] = {}
    for section, word, owners, example, is_mapped in rows:
        if word is None or is_mapped or not isinstance(getattr(endpoint.mappings, section, None), dict):
            continue
        new = found.setdefault(section, NewLines())
        if fit := only_fit(section, word, objects(section)):
            new.mapped[word] = fit
        else:
            proposed = _proposed(word, objects(section))
            new.open[word] = f"{_text(word)}: {proposed}  # {_count(section, owners, example)}"
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
    for section, word, _, _, is_mapped in rows:
        if is_mapped and word is not None:
            known = {str(one).lower(): target for one, target in getattr(endpoint.mappings, section).items()}
            target = str(known.get(word.lower(), ""))
            near = _proposed(target, objects(section))
            meant = "" if near == '""' else f"; the most similar names are {near}"
            sentences.append(
                f"mappings.{section}: {_text(word)}: {_text(target)}: NetBox has no such object; "
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
            f"{section}: {_count(section, owners, example)} has no value in the source; set defaults.{default}"
            for of, word, owners, example, _ in rows
            if of == section and word is None
        ]
    return sentences


def _count(section: str, owners: int, example: str) -> str:
    return f"{owners} {_OBJECTS.get(section, 'object')}{'s' if owners != 1 else ''}, e.g. {visible(example, 200)}"


def _proposed(word: str, objects: list[NamedObject]) -> str:
    """The names of NetBox that are most like this one, to choose from."""
    by_lower = {one.names[0].lower(): one.names[0] for one in objects if one.names[0]}
    near = difflib.get_close_matches(word.lower(), by_lower, n=2, cutoff=0.5)
    return " or ".join(_text(by_lower[name]) for name in near) or '""'


def _text(word: str) -> str:
    """The name as a YAML scalar."""
    return quoted(word)
