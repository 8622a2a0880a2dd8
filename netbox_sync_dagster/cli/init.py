"""``init``: the first configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.cli.session import CliError, session_of
from netbox_sync_dagster.config.template import SCHEMA_FILE, json_schema, template


def init(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="The file to write; default: the file of --config.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    schema: Annotated[
        bool,
        typer.Option("--schema", help=f"Also write {SCHEMA_FILE}, for completion in editors."),
    ] = False,
) -> None:
    """Write a commented configuration to start from.

    With --schema alone beside an existing configuration, only the schema is written.
    """
    session = session_of(context)
    file = path or session.config_path
    if file.is_dir():
        file = file / "netbox_sync.yaml"
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
