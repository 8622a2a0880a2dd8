"""``mappings``: prints source names without a NetBox object, as YAML to fill in, or adds them to the file."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import typer

from netbox_sync_dagster.approve.netbox_names import NamedObject, objects_of_section
from netbox_sync_dagster.cli.completion import complete_endpoints
from netbox_sync_dagster.cli.mapping_lines import (
    answered,
    defaults_that_do,
    kept_lines,
    lines_of_answers,
    lines_of_proposals,
    stanza,
    unresolved,
)
from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.config.new_lines import NewLines
from netbox_sync_dagster.storage.files import rewrite
from netbox_sync_dagster.storage.resolutions import valid_resolutions, words_of
from netbox_sync_dagster.text import Shown, quoted


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
    write: Annotated[
        bool,
        typer.Option("--write", help="Add the lines of --missing or --export to the configuration file."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --write: show the lines without writing them.")
    ] = False,
) -> None:
    """Print a config stanza for source names NetBox has no match for, with the number of objects.

    The names are from the current diff, and the most similar names of NetBox are proposed, of types only those of the same
    manufacturer. Fill in the right side with the name or slug of a NetBox object, add the lines to the endpoint in the
    configuration, and sync again. The lines load as printed: those to fill in are comments, and load without the # too.

    --write adds them to the file and changes nothing else in it. A name is mapped only to the one NetBox object that has
    the same name apart from case, spaces and punctuation (device types: with or without the manufacturer before it). The
    others are comments to fill in, with the most similar names. Existing lines stay.
    """
    session = session_of(context)
    chosen = session.endpoint(endpoint)
    if export and missing:
        raise CliError("--missing and --export exclude each other")
    if write and not (export or missing):
        raise CliError("--write needs --missing or --export")
    if export:
        words = words_of(valid_resolutions(session.warehouse, endpoint))
        if write:
            _write(session, chosen, lines_of_answers(chosen, words), dry_run=dry_run)
            return
        for line in answered(chosen, words):
            session.out.print(Shown(line), soft_wrap=True)
        return
    session.diffed([endpoint])
    rows = unresolved(session.warehouse, endpoint)

    @cache
    def objects(section: str) -> list[NamedObject]:
        return objects_of_section(session.warehouse, section)

    if write:
        new = lines_of_proposals(chosen, rows, objects)
        _write(session, chosen, new, dry_run=dry_run)
        for sentence in (*kept_lines(chosen, rows, objects), *defaults_that_do(chosen, rows, new)):
            session.out.print(Shown(sentence), soft_wrap=True)
        return
    for line in stanza(chosen, rows, objects, everything=not missing):
        session.out.print(Shown(line), soft_wrap=True)


def _write(session: Session, endpoint: Endpoint, new: dict[str, NewLines], *, dry_run: bool) -> None:
    """Add the lines to the configuration file, and say which. Raises UserError if that is not safe."""
    if not new:
        session.out.print(f"{session.config_path}: nothing to add for {endpoint.name}", soft_wrap=True)
        return
    # With the parser of YAML, which help does not need.
    from netbox_sync_dagster.config.merge import merge_mappings

    text = session.config_path.read_bytes().decode()
    merged = merge_mappings(session.config_path, text, endpoint.name, new)
    would = "would map" if dry_run else "mapped"
    left = dict.fromkeys(merged.left)
    for section, lines in new.items():
        for word, target in lines.mapped.items():
            session.out.print(Shown(f"{would} {section}: {quoted(word)}: {quoted(target)}"), soft_wrap=True)
    opened = [(section, line) for section, lines in new.items() for line in lines.open.values()]
    for section, line in opened:
        what = "has no place in braces, add it yourself" if (section, line) in left else "to fill in"
        session.out.print(Shown(f"{what}: {section}: {line}"), soft_wrap=True)
    if dry_run:
        session.out.print(f"{session.config_path}: nothing was written", soft_wrap=True)
    else:
        rewrite(session.config_path, merged.text.encode())
        session.out.print(
            f"{session.config_path}: the lines of {endpoint.name} are written; check them, then run: "
            f"netbox-sync sync {endpoint.name}",
            soft_wrap=True,
        )
