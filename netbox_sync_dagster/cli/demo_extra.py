"""Runs the commands ``lab`` and ``demo`` of ``netbox_sync_dagster.demo.commands``, which is imported only for them.

Its functions ``lab(arguments)`` and ``demo(arguments)`` get the command's arguments and return the exit code.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import typer

from netbox_sync_dagster.cli.session import CliError

_EXTRA = "the lab servers are an extra; install them with: pip install 'netbox-sync-dagster[demo]' (in a checkout: make setup)"


def run_extra(name: str, context: typer.Context) -> None:
    """Run the command with its arguments. Raises CliError if the extra is not installed."""
    try:
        commands = import_module("netbox_sync_dagster.demo.commands")
    except ModuleNotFoundError as error:
        if str(error.name).startswith("netbox_sync_dagster"):
            raise
        raise CliError(f"{_EXTRA} (missing: {error.name})") from None
    run: Callable[[list[str]], int] = getattr(commands, name)
    code = run(list(context.args))
    if code:
        raise typer.Exit(code)
