"""The command ``netbox-sync``: global options, the list of commands, error handling."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from netbox_sync_dagster.cli.commands import COMMANDS, LEDGER, RULES, Entry, add_commands
from netbox_sync_dagster.cli.console import SafeConsole, make_console
from netbox_sync_dagster.cli.session import CliError, Session

# The configuration package loads pydantic: imported for an error, so that help comes at once.
INTERRUPTED = 130

HELP = """Keep NetBox in sync with LibreNMS, Proxmox VE and Docker, or with any table
that SQL can read.

The steps, in order:

\b
  init     write a configuration file to edit
  check    test every server: address, certificate, token, permissions
  sync     read the servers and NetBox, and compare
  diff     show what would change in NetBox, and the conflicts
  approve  choose the changes to write
  apply    write the approved changes
  undo     plan to revert an apply
  status   show the status of every endpoint

Only `apply` writes to NetBox, and only approved changes.
"""

app = typer.Typer(
    name="netbox-sync",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("netbox-sync-dagster")
    except PackageNotFoundError:
        number = "not installed"
    make_console().print(f"netbox-sync {number}")
    raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="NETBOX_SYNC_CONFIG", help="The configuration file.")
    ] = Path("netbox_sync.yaml"),
    home: Annotated[
        str,
        typer.Option(
            "--home",
            envvar="NETBOX_SYNC_HOME",
            help="The warehouse, which holds all tables: a directory, or s3://...",
        ),
    ] = "data",
    no_color: Annotated[bool, typer.Option("--no-color", help="Do not use colours.")] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", envvar="NETBOX_SYNC_TRACEBACK", hidden=True)
    ] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    context.obj = Session(config, home, no_color)


def _group(name: str, summary: str, entries: dict[str, Entry]) -> TyperGroup:
    """A command with subcommands."""
    part = typer.Typer(
        name=name,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    part.callback(help=summary)(_nothing)
    group = get_command(part)
    assert isinstance(group, TyperGroup)
    add_commands(group, entries)
    return group


def _nothing() -> None:
    """A group has no options."""


@cache
def command_line() -> TyperGroup:
    """The command with its subcommands."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    add_commands(group, COMMANDS)
    group.add_command(_group("ledger", "Check the ledger of decisions and writes.", LEDGER))
    group.add_command(_group("rules", "Check and test your own rules in SQL.", RULES))
    return group


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 success, 1 error, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    err = make_console(stderr=True, no_color="--no-color" in arguments)
    wants_traceback = "--traceback" in arguments or bool(os.environ.get("NETBOX_SYNC_TRACEBACK"))
    try:
        code = command_line()(args=arguments, prog_name="netbox-sync", standalone_mode=False)
        # Ctrl-C arrives as this exit code.
        if code == INTERRUPTED:
            err.print("interrupted")
        return code if isinstance(code, int) else 0
    except Exception as error:  # noqa: BLE001
        if is_usage(error):
            return _usage(error, err)
        from netbox_sync_dagster.explain import sentences_of

        sentences = sentences_of(error)
        if sentences is None:
            return _last_resort(error, err, wants_traceback)
        if wants_traceback:
            _show_traceback(error, err)
        for sentence in sentences:
            err.print(f"error: {sentence}", style="red", soft_wrap=True)
        for line in error.more if isinstance(error, CliError) else ():
            err.print(line, soft_wrap=True)
        return 1


def is_usage(error: Exception) -> bool:
    """Whether Click raised this, by its form: its classes are Click's or a copy inside Typer, depending on its release."""
    return type(error).__name__ == "Abort" or (
        hasattr(error, "format_message") and hasattr(error, "exit_code")
    )


def _usage(error: Any, err: SafeConsole) -> int:
    name = type(error).__name__
    if name == "Abort":
        err.print("interrupted")
        return INTERRUPTED
    context = getattr(error, "ctx", None)
    if name == "NoArgsIsHelpError" and context is not None:
        make_console().print_lines(context.get_help())
        return 0
    message = error.format_message()
    if message:
        hint = f" (help: {context.command_path} --help)" if context is not None else ""
        err.print(f"error: {message}{hint}", style="red", soft_wrap=True)
    return 1


def _show_traceback(error: BaseException, err: SafeConsole) -> None:
    from netbox_sync_dagster.config.secrets import redact
    from netbox_sync_dagster.text import traceback_lines

    for line in traceback_lines(error, redact):
        err.print(line, soft_wrap=True)


def _last_resort(error: Exception, err: SafeConsole, wants_traceback: bool) -> int:
    from netbox_sync_dagster.config.secrets import redact

    if wants_traceback:
        _show_traceback(error, err)
    err.print(
        f"error: this should not happen: {type(error).__name__}: {redact(str(error))}; for a report repeat with --traceback before "
        "the command",
        style="red",
        soft_wrap=True,
    )
    return 1
