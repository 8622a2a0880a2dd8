"""``mappings``: prints source names without a NetBox object, as YAML to fill in."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from netbox_sync_dagster.approve.netbox_names import names_of_section
from netbox_sync_dagster.cli.completion import complete_endpoints
from netbox_sync_dagster.cli.session import CliError, session_of
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.storage import Warehouse, connections
from netbox_sync_dagster.storage.resolutions import valid_resolutions, words_of
from netbox_sync_dagster.text import Shown, quoted, visible

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


def mappings(
    context: typer.Context,
    endpoint: Annotated[
        str,
        typer.Argument(metavar="ENDPOINT", help="The endpoint's name.", autocompletion=complete_endpoints),
    ],
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only names without a NetBox object; default: all mappings.")
    ] = False,
    export: Annotated[
        bool,
        typer.Option("--export", help="Only the names that people have mapped with netbox-sync resolve."),
    ] = False,
) -> None:
    """Print a config stanza for source names NetBox has no match for, with the number of objects.

    The names are from the current diff, and the most similar names of NetBox are proposed. Fill in the right side with the
    name or slug of a NetBox object, add the lines to the endpoint in the configuration, and sync again. The lines load as
    printed: those to fill in are comments.
    """
    session = session_of(context)
    chosen = session.endpoint(endpoint)
    if export:
        if missing:
            raise CliError("--missing and --export exclude each other")
        for line in answered(chosen, words_of(valid_resolutions(session.warehouse, endpoint))):
            session.out.print(Shown(line), soft_wrap=True)
        return
    session.diffed([endpoint])
    rows = unresolved(session.warehouse, endpoint)

    @cache
    def names(section: str) -> list[str]:
        return [row[0] for row in names_of_section(session.warehouse, section)]

    for line in stanza(chosen, rows, names, everything=not missing):
        session.out.print(Shown(line), soft_wrap=True)


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
        return con.execute(
            """SELECT section, word, owners, example, is_mapped FROM read_parquet(?)
               ORDER BY section, word IS NULL, owners DESC, word""",
            [connections.pattern(file)],
        ).fetchall()
    finally:
        con.close()


def stanza(
    endpoint: Endpoint, rows: list[Row], names: Callable[[str], list[str]], *, everything: bool
) -> list[str]:
    """The lines of YAML, which load as printed: what is still to be filled in is a comment.

    ``everything``: include the configured mappings. ``names``: those of NetBox's objects, by section.
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
            what = f"{owners} {_OBJECTS.get(section, 'object')}{'s' if owners != 1 else ''}, e.g. {visible(example, 200)}"
            if word is None:
                default = _DEFAULTS.get(section, section)
                advice.append(f"# {what}: {endpoint.name} has no value; set defaults.{default}")
                continue
            note = "; no such object in NetBox" if is_mapped else ""
            open_lines.append(f"    # {_text(word)}: {_proposed(word, names(section))}  # {what}{note}")
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


def _proposed(word: str, names: list[str]) -> str:
    """The names of NetBox that are most like this one, to choose from."""
    by_lower = {name.lower(): name for name in names if name}
    near = difflib.get_close_matches(word.lower(), by_lower, n=2, cutoff=0.5)
    return " or ".join(_text(by_lower[name]) for name in near) or '""'


def _text(word: str) -> str:
    """The name as a YAML scalar."""
    return quoted(word)
