"""Every command of the documentation is one that its program takes: the real parser reads it, with its real choices.

Commands are run as people would, page after page, by ``tests/test_demo.py`` (all steps, and the queries of docs/sql.md),
``tests/cli`` and ``tests/rules/test_recipes.py``.
"""

from __future__ import annotations

import argparse
import re
from pathlib import PurePath
from typing import Any
from unittest.mock import patch

import pytest

from netbox_sync_dagster.cli.app import command_line, is_usage
from netbox_sync_dagster.compare.causes import cause_kinds
from netbox_sync_dagster.config.resources import RESOURCES
from tests.docs.commands import ROOT, Shown, commands, pages, simple_commands

BINARIES = (".venv/bin/netbox-sync", "/opt/netbox-sync/.venv/bin/netbox-sync")
ACTIONS = {"create", "update", "delete", "conflict", "blocked", "drifted", "acknowledged"}
# What only looks like a command.
NOT_COMMANDS = {
    "docs/how-it-works.md: netbox-sync 2": "the name of a branch",
    "docs/cli.md: netbox-sync COMMAND --help": "stands for all commands",
    "docs/cli.md: netbox-sync --config FILE --home DIRECTORY COMMAND": "stands for all commands",
}
# Other programs that pages name, and why nothing here runs them.
ELSEWHERE = {
    ".": "of the shell",
    "ansible": "reads machines of the reader",
    "cd": "of the shell",
    "chgrp": "changes the reader's files",
    "curl": "asks the NetBox of the lab",
    "chmod": "changes the reader's files",
    "cp": "changes the reader's files",
    "dagster": "tests/defs start it",
    "dg": "starts what dagster starts; the package does not install it",
    "docker": "not on every machine; tests/test_deploy.py reads what it gets",
    "marimo": "a notebook; tests/cli/test_notebook.py runs its cells",
    "pveum": "Proxmox's own",
    "duckdb": "another program; tests/test_demo.py runs the queries of docs/sql.md",
    "export": "of the shell",
    "git": "fetches from elsewhere",
    "install": "changes the reader's system",
    "helm": "needs a cluster; tests/test_kubernetes.py checks the values",
    "kubectl": "needs a cluster; tests/test_kubernetes.py checks the manifests",
    "mkdir": "changes the reader's files",
    "openssl": "makes a secret of the reader's",
    "pip": "fetches from elsewhere",
    "python": "tests/test_demo.py and lab/tests run the lab; the rest is of DuckDB",
    "systemctl": "needs systemd",
    "tar": "writes the reader's backup",
    "uv": "fetches from elsewhere",
    "useradd": "changes the reader's system",
}


class Parser(Exception):
    """Carries the parser of a command that parses its options itself."""


def parser_of(command: Any) -> argparse.ArgumentParser:
    """The parser of ``lab`` or ``demo``, without running it."""

    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise Parser(parser)

    with patch.object(argparse.ArgumentParser, "parse_args", stop), pytest.raises(Parser) as found:
        command.main([], standalone_mode=False)
    return found.value.args[0]


def parse(words: list[str]) -> None:
    """Parse the words after ``netbox-sync`` as the command line does. Raises what it raises."""
    group: Any = command_line()
    context = group.make_context("netbox-sync", list(words))
    while hasattr(group, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, group, rest = group.resolve_command(context, rest)
        context = group.make_context(name, list(rest), parent=context)
    if context.ignore_unknown_options:
        parser_of(context.command).parse_args(context.args)
        return
    known = {"resource": set(RESOURCES), "action": ACTIONS, "cause": set(cause_kinds())}
    for option, values in known.items():
        given = context.params.get(option) or []
        given = [given] if isinstance(given, str) else given
        unknown = {part for value in given for part in value.split(",")} - values
        assert not unknown, f"no {option} {unknown}"


def own(shown: Shown) -> list[str] | None:
    """The words after ``netbox-sync``, wherever it is in the command; None where it only has this name."""
    for index in reversed(range(len(shown.words))):
        following = list(shown.words[index + 1 :])
        named = shown.words[index] in ("netbox-sync", *BINARIES) and following
        if named and (index == 0 or following[0] in command_line().commands):
            return following
    return None


OWN = {str(shown): shown for shown in commands() if own(shown) is not None}


@pytest.mark.parametrize("name", OWN)
def test_the_command_line_takes_the_command(name: str) -> None:
    words = own(OWN[name])
    if name in NOT_COMMANDS or words in (["--install-completion"], ["--show-completion"]):
        return
    try:
        parse(words or [])
    except Exception as error:
        kind = type(error).__name__
        if kind == "Exit" or (OWN[name].named and kind in ("MissingParameter", "BadOptionUsage")):
            return
        if not is_usage(error):
            raise
        pytest.fail(f"{name}: {error.format_message()}")  # type: ignore[attr-defined]


def test_what_only_looks_like_a_command_is_still_there() -> None:
    assert set(NOT_COMMANDS) <= set(OWN)


def test_the_pages_have_commands() -> None:
    """So that a change of the pages' format does not leave the test above without any."""
    assert len(OWN) > 100
    assert list(simple_commands("A=1 netbox-sync sql 'select 1; x' > out.csv && make demo  # all")) == [
        ("netbox-sync", "sql", "select 1; x"),
        ("make", "demo"),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["approve", "librenms", "--with-dependancies"], "No such option: --with-dependancies"),
        (["approve"], "Missing parameter: endpoint"),
        (["synk"], "No such command 'synk'"),
        (["ledger", "verity"], "No such command 'verity'"),
    ],
)
def test_a_command_that_does_not_exist_is_found(words: list[str], sentence: str) -> None:
    with pytest.raises(Exception, match=re.escape(sentence)) as found:
        parse(words)
    assert is_usage(found.value)


def test_a_value_that_does_not_exist_is_found() -> None:
    with pytest.raises(AssertionError, match="no resource"):
        parse(["approve", "librenms", "--resource", "devises"])


def test_other_programs_are_known_and_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for shown in commands():
        program = PurePath(shown.words[0]).name or shown.words[0]
        if program == "make":
            goals = [word for word in shown.words[1:] if not word.startswith(("-", "/")) and "=" not in word]
            assert set(goals) <= targets, shown
        elif program != "netbox-sync" and own(shown) is None:
            assert program in ELSEWHERE, shown


# Options of other programs that the text names.
OTHER_OPTIONS = {
    "--hookscript": "qm set",
    "--ip": "docker run",
    "--network": "docker run",
    "--rm": "docker run",
    "--tlsverify": "dockerd",
}


def test_options_in_the_text_exist() -> None:
    def options_of(command: Any) -> set[str]:
        if hasattr(command, "commands"):
            return {option for one in command.commands.values() for option in options_of(one)}
        parameters = (command.command if hasattr(command, "command") else command).params
        return {option for one in parameters for option in (*one.opts, *one.secondary_opts)}

    known = options_of(command_line()) | {
        one for parameter in command_line().params for one in parameter.opts
    }
    for name in ("lab", "demo"):
        parser = parser_of(command_line().commands[name].command)  # type: ignore[attr-defined]
        known |= {option for action in parser._actions for option in action.option_strings}
    used = {
        option
        for file in pages()
        for code in re.findall(r"`([^`\n]+)`", file.read_text(encoding="utf-8"))
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", code)
    }
    assert used - known - {"--help"} == set(OTHER_OPTIONS)
