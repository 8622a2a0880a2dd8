"""``mappings``: which of a source's words still need a NetBox object, as YAML to be filled in."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.storage import Warehouse, connections
from netbox_sync_dagster.text import Shown, quoted, visible

# What an endpoint's `defaults` call the object that stands in for a section's.
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
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's name.")],
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only the words that nothing maps yet; default: all of them.")
    ] = False,
) -> None:
    """Print the mappings of an endpoint that are still to be filled in, with how many objects need each.

    They are the words of the current diff for which NetBox has no object. Fill in the right side with the name
    or slug of a NetBox object, put the lines into the endpoint's part of the configuration, and sync again.
    """
    session = session_of(context)
    chosen = session.endpoint(endpoint)
    session.diffed([endpoint])
    rows = unresolved(session.warehouse, endpoint)
    for line in stanza(chosen, rows, everything=not missing):
        session.out.print(Shown(line), soft_wrap=True)


def unresolved(warehouse: Warehouse, endpoint: str) -> list[Row]:
    """(section, word, objects, one of them, whether it is mapped to nothing), the most wanted first."""
    file = warehouse.current(warehouse.diffs(endpoint)) / "desired" / "unresolved.parquet"
    if not file.exists():
        # A diff that an older version made.
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


def stanza(endpoint: Endpoint, rows: list[Row], *, everything: bool) -> list[str]:
    """The lines of YAML. ``everything``: the configured mappings too."""
    configured: dict[str, dict[str, Any]] = {
        section: content for section, content in endpoint.mappings if isinstance(content, dict)
    }
    lines: list[str] = []
    advice: list[str] = []
    for section, known in configured.items():
        found = [row for row in rows if row[0] == section]
        body: list[str] = []
        wrong = {str(word).lower() for _, word, _, _, is_mapped in found if is_mapped}
        if everything:
            body += [
                f"    {_text(word)}: {_text(str(target))}"
                for word, target in known.items()
                if word.lower() not in wrong
            ]
        for _, word, owners, example, is_mapped in found:
            what = f"{owners} {_OBJECTS.get(section, 'object')}{'s' if owners != 1 else ''}, e.g. {visible(example, 200)}"
            if word is None:
                default = _DEFAULTS.get(section, section)
                advice.append(f"# {what}: {endpoint.name} says nothing of it; set defaults.{default}")
                continue
            note = "; no such object in NetBox" if is_mapped else ""
            body.append(f"    {_text(word)}:   # {what}{note}")
        if body:
            lines += [f"  {section}:", *body]
    if lines:
        lines.insert(0, "mappings:")
    if not lines and not advice:
        return [f"# {endpoint.name}: nothing is missing"]
    return [*lines, *advice]


def _text(word: str) -> str:
    """A YAML scalar that reads back as the word."""
    return quoted(word)
