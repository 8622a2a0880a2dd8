"""The list of commands. The module of a command is imported when the command runs or shows its own help."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

_PACKAGE = "netbox_sync_dagster.cli"
_COMMENT = re.compile(r"--(?:\s|[^\n]*\n)")
# ``lab`` and ``demo`` parse their options themselves.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@dataclass(frozen=True)
class Entry:
    """A command: its module in this package, its function there, and what it does in at most 58 characters."""

    module: str
    function: str
    summary: str
    settings: dict[str, Any] | None = None
    takes_sql: bool = False

    def read(self, arguments: list[str]) -> list[str]:
        """The arguments as Click takes them: SQL that begins with a comment is not an option."""
        if not self.takes_sql:
            return arguments
        return [f" {text}" if _COMMENT.match(text) else text for text in arguments]

    @property
    def callback(self) -> Callable[..., None]:
        """The function."""
        function: Callable[..., None] = getattr(import_module(f"{_PACKAGE}.{self.module}"), self.function)
        return function


COMMANDS = {
    "init": Entry("init", "init", "Write a commented configuration to start from."),
    "check": Entry("check", "check", "Check the configuration, NetBox and the endpoints."),
    "sync": Entry("sync", "sync", "Read the endpoints and NetBox, and compare."),
    "diff": Entry("diff", "diff", "Show what would change in NetBox."),
    "show": Entry("show", "show", "Show one row of a diff with all that is known about it."),
    "review": Entry("review", "review", "Decide change by change in the terminal."),
    "resolve": Entry("resolve", "resolve_command", "Answer conflicts, blocked rows and drifts."),
    "adopt": Entry("adopt", "adopt", "Take over objects that have other names in NetBox."),
    "resolutions": Entry("resolutions", "resolutions", "List answers of resolve and adopt, or withdraw one."),
    "approve": Entry("approve", "approve", "Approve changes, by id, by filter or from a file."),
    "reject": Entry("reject", "reject", "Reject changes, by id or by filter."),
    "withdraw": Entry("withdraw", "withdraw", "Withdraw approvals and rejections."),
    "apply": Entry("apply", "apply", "Write the approved changes to NetBox."),
    "undo": Entry("undo", "undo", "Plan to revert an apply."),
    "applies": Entry("applies", "applies", "List what was written to NetBox."),
    "approvals": Entry("approvals", "approvals", "List approvals, rejections and withdrawals."),
    "history": Entry("history", "history", "Show what was decided about and written to an object."),
    "freeze": Entry("freeze", "freeze", "Stop all applies."),
    "unfreeze": Entry("freeze", "unfreeze", "Allow applies again."),
    "status": Entry("status", "status", "Show the status of every endpoint."),
    "mappings": Entry("mappings", "mappings", "Print source names that NetBox has no match for."),
    "metrics": Entry("metrics", "metrics_command", "Print metrics for Prometheus."),
    "clean": Entry("clean", "clean_command", "Remove data that retention no longer keeps."),
    "restore": Entry("restore", "restore_command", "Make an older snapshot current."),
    "web": Entry("web", "web", "Serve the review page."),
    "notify": Entry("notify", "notify_command", "Send new events to the channels in notifications."),
    "sql": Entry("sql", "sql", "Query snapshots, diffs and the ledger with SQL.", takes_sql=True),
    "lab": Entry("lab", "lab", "Run lab servers for experiments.", PASS_ON),
    "demo": Entry("demo", "demo", "Run all steps on lab servers.", PASS_ON),
}
LEDGER = {
    "verify": Entry("ledger_verify", "verify_command", "Check that the ledger was not modified."),
    "accept": Entry("ledger_accept", "accept_command", "Accept a modified ledger."),
}
RULES = {
    "check": Entry("rules_check", "check_command", "Run the rules over the current snapshots."),
    "test": Entry("rules_examples", "run_tests", "Run the rules on example rows."),
}


class LazyCommand(TyperCommand):
    """A command that is imported when it is called. Lists of commands show its summary."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.summary, rich_markup_mode=None)
        self._entry = entry

    @cached_property
    def command(self) -> Any:
        """The command itself."""
        one = typer.Typer(
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        one.command(self.name, context_settings=self._entry.settings)(self._entry.callback)
        return get_command(one)

    def make_context(self, info_name: str | None, args: list[str], *arguments: Any, **options: Any) -> Any:
        """The context of the command itself, which runs it and completes its arguments."""
        return self.command.make_context(info_name, self._entry.read(args), *arguments, **options)


def add_commands(group: TyperGroup, entries: dict[str, Entry]) -> None:
    """Add the commands to a group, in this order."""
    for name, entry in entries.items():
        group.add_command(LazyCommand(name, entry))
