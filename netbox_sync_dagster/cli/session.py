"""State that all commands share: global options, the configuration, the warehouse, the consoles."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.cli.console import SafeConsole, make_console
from netbox_sync_dagster.errors import UserError

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import Plan
    from netbox_sync_dagster.config import Config, Endpoint
    from netbox_sync_dagster.storage import Warehouse

# Every command has a session; what it is asked for is imported then, so that help comes at once.


class CliError(UserError):
    """The command failed. The sentence says why and what to do. Exit code 1.

    ``more``: lines to show below it.
    """

    def __init__(self, sentence: str, more: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.more = tuple(more)


@dataclass
class Session:
    """The global options, and the objects that are created from them."""

    config_path: Path
    home: str
    no_color: bool = False
    # Whether what is recorded is recorded in a copy only.
    is_dry_run: bool = field(init=False, default=False)
    out: SafeConsole = field(init=False)
    err: SafeConsole = field(init=False)

    def __post_init__(self) -> None:
        self.out = make_console(no_color=self.no_color)
        self.err = make_console(stderr=True, no_color=self.no_color)

    @cached_property
    def config(self) -> Config:
        """The configuration file. Raises ConfigError with all its errors."""
        from netbox_sync_dagster.config import load_config

        return load_config(self.config_path)

    def check_named_config(self, context: typer.Context) -> None:
        """Raise ConfigError if the person named a configuration file that does not exist: a typing error, also where
        the command works without one."""
        source = context.find_root().get_parameter_source("config")
        if source is not None and source.name != "DEFAULT" and not self.config_path.exists():
            self.endpoints([])

    @cached_property
    def warehouse(self) -> Warehouse:
        """The warehouse, which may not exist yet."""
        from netbox_sync_dagster.config import ConfigError
        from netbox_sync_dagster.storage import Warehouse

        try:
            keep = self.config.retention
        except ConfigError:
            return Warehouse(self.home)
        return Warehouse(self.home, keep_snapshots=keep.snapshots, keep_diffs=keep.diffs)

    @cached_property
    def stored(self) -> Warehouse:
        """The warehouse for reading only, which needs no configuration."""
        from netbox_sync_dagster.storage import Warehouse

        return Warehouse(self.home)

    def start_dry_run(self, context: typer.Context, *, history: bool = False) -> None:
        """Work on a temporary copy of the warehouse from now on, which is removed when the command ends."""
        from shutil import rmtree

        from netbox_sync_dagster.storage import Warehouse
        from netbox_sync_dagster.storage.scratch import copy_to_scratch

        self.is_dry_run = True
        real = self.warehouse
        folder = copy_to_scratch(real, history=history)
        context.call_on_close(lambda: rmtree(folder, ignore_errors=True))
        self.__dict__["warehouse"] = self.__dict__["stored"] = Warehouse(
            folder, keep_snapshots=real.keep_snapshots, keep_diffs=real.keep_diffs
        )
        self.err.print(
            "dry run on a copy of the warehouse: nothing is recorded, nothing is written to NetBox"
        )

    def rules_folder(self) -> Path:
        """The folder of the user's rules. Raises CliError if there is none."""
        folder = self.config.rules.folder
        if folder is None:
            raise CliError(f"{self.config_path}: there is no folder of rules beside it")
        return Path(folder)

    def endpoints(self, names: list[str]) -> list[Endpoint]:
        """The endpoints with these names, default: all enabled ones. Raises CliError for an unknown name."""
        if not names:
            return [endpoint for endpoint in self.config.endpoints if endpoint.enabled]
        return [self.endpoint(name) for name in dict.fromkeys(names)]

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint with this name. Raises CliError."""
        try:
            return self.config.endpoint(name)
        except KeyError as error:
            raise CliError(f"{self.config_path}: {error.args[0]}") from None

    def plan(self, name: str) -> Plan:
        """The plan with this name: an endpoint's diff or an undo. Raises CliError and WarehouseError."""
        from netbox_sync_dagster.compare.plan import is_undo, load_plan

        if not is_undo(name):
            self.endpoint(name)
        plan = load_plan(self.warehouse, name)
        self.endpoint(plan.endpoint)
        return plan

    def compare_again(self, endpoint: Endpoint, who: str) -> None:
        """Compare an endpoint after an answer. Raises what ``sync.compare_again`` raises."""
        # The comparison, which takes longer to import than to ask.
        from netbox_sync_dagster.sync import compare_again

        for note in compare_again(self.warehouse, self.config, endpoint, who=who).notes:
            self.err.print(f"    {note}", style="yellow", soft_wrap=True)

    def diffed(self, names: list[str]) -> list[str]:
        """These endpoints, default: all that have a diff. Raises WarehouseError if one has none."""
        from netbox_sync_dagster.compare.plan import is_undo
        from netbox_sync_dagster.storage import WarehouseError

        folder = self.warehouse.home / "diffs"
        there = [
            name
            for name in self.warehouse.names(folder)
            if self.warehouse.storage.may_have_current(folder / name)
        ]
        for name in names:
            if name not in there and not is_undo(name):
                self._check_configured(name)
                known = f" (diffs exist for: {', '.join(there)})" if there else ""
                raise WarehouseError(f"there is no diff of '{name}' yet{known}; run: netbox-sync sync {name}")
        if not there and not names:
            raise WarehouseError(f"there is no diff in {self.warehouse.address} yet; run: netbox-sync sync")
        return list(dict.fromkeys(names)) or there

    def _check_configured(self, name: str) -> None:
        """Raise CliError if the configuration has no such endpoint. Without a configuration nobody knows."""
        from netbox_sync_dagster.config import ConfigError

        with suppress(ConfigError):
            self.endpoint(name)

    @property
    def interactive(self) -> bool:
        """Whether the command runs on a terminal and can ask questions."""
        return sys.stdin.isatty() and sys.stdout.isatty()

    def answer(self, question: str, *, closed: str = "q") -> str:
        """What the person answers; ``closed`` where the terminal is closed."""
        self.out.print(Text(question, "bold"), end="")
        try:
            return input().strip()
        except EOFError:
            self.out.print()
            return closed

    def ask(self, question: str, *, otherwise: str = "") -> bool:
        """Ask a yes/no question. Raises CliError without a terminal, with ``otherwise`` in its text."""
        if not self.interactive:
            raise CliError(f"not a terminal: {otherwise}use --yes to confirm")
        self.out.print(f"{question} [y/N] ", end="")
        try:
            answer = input()
        except EOFError:
            self.out.print()
            return False
        return answer.strip().lower() in ("y", "yes")


DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Show the result without recording it; asks nothing."),
]


def session_of(context: typer.Context) -> Session:
    """The session of a command."""
    session = context.obj
    assert isinstance(session, Session)
    return session


def name_of(who: str | None) -> str:
    """The name of ``--who``, or the default. Raises CliError for an empty name."""
    if who is not None and not who.strip():
        raise CliError("--who is empty; pass a name or omit it")
    return who.strip() if who is not None else default_who()


def default_who() -> str:
    """The name for decisions without ``--who``."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
