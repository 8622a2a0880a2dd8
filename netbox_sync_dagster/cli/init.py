"""``init``: the first configuration file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.cli.session import CliError, Session, session_of
from netbox_sync_dagster.config.template import SCHEMA_FILE, json_schema, template
from netbox_sync_dagster.sources.registry import sources


def init(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="The file to write; default: the file of --config.")
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    schema: Annotated[
        bool,
        typer.Option("--schema", help=f"Also write {SCHEMA_FILE}, for completion in editors."),
    ] = False,
    example: Annotated[
        str | None,
        typer.Option("--example", help="Copy an example of a source beside the file, e.g. ansible-facts."),
    ] = None,
    custom_links: Annotated[
        bool,
        typer.Option(
            "--custom-links", help="Print NetBox custom links to the review page, and write nothing."
        ),
    ] = False,
) -> None:
    """Write a commented configuration to start from.

    With --schema alone beside an existing configuration, only the schema is written; with --example only the example.
    """
    session = session_of(context)
    if custom_links:
        _print_custom_link(session)
        return
    file = path or session.config_path
    if file.is_dir():
        file = file / "netbox_sync.yaml"
    if example is not None:
        _copy_example(session, example, file.parent, force=force)
        return
    schema_file = file.parent / SCHEMA_FILE
    if file.exists() and not force:
        if not schema:
            raise CliError(f"{file} already exists; use --force to replace it")
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(template(), encoding="utf-8")
        session.out.print(f"wrote {file}; edit it, set the tokens it names in the environment, then run:")
        session.out.print(f"  netbox-sync --config {file} check")
    if schema:
        schema_file.write_text(json_schema(), encoding="utf-8")
        session.out.print(f"wrote {schema_file}")


def _copy_example(session: Session, name: str, folder: Path, *, force: bool) -> None:
    """Copy the example into ``folder``. Raises CliError where there is none of that name, or its folder exists."""
    known = {key: path for source in sources().values() for key, path in source.examples().items()}
    if name not in known:
        raise CliError(f"no example '{name}'; there are: {', '.join(known)}")
    place = folder / name
    if place.exists() and not force:
        raise CliError(f"{place} already exists; use --force to replace its files")
    shutil.copytree(known[name], place, dirs_exist_ok=True)
    session.out.print(f"wrote {place}; its README.md says how to use it")


def _print_custom_link(session: Session) -> None:
    """A custom link that NetBox shows on devices and virtual machines. Raises CliError without web.public_url."""
    address = session.config.web.link("object")
    if address is None:
        raise CliError(
            f"{session.config_path}: set web.public_url to the address of the review page; the links lead there"
        )
    session.out.print("In NetBox, under Customization > Custom Links, add:")
    for name, value in (
        ("Name", "netbox-sync"),
        ("Object types", "DCIM > Device, Virtualization > Virtual Machine"),
        ("Link text", "Review sync"),
        ("Link URL", f"{address}?name={{{{ object.name|urlencode }}}}"),
    ):
        session.out.print(f"  {name:12}  {value}", soft_wrap=True)
