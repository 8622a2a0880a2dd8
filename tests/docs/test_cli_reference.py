"""docs/cli-reference.md holds every command with its arguments and options, as the command line has them.

After a change of the commands: python -m tests.docs.test_cli_reference
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterator
from typing import Any

from netbox_sync_dagster.cli.app import command_line
from tests.docs.test_commands import ROOT, parser_of

PAGE = ROOT / "docs" / "cli-reference.md"
HEAD = """# Command line reference

Every command with its arguments and options, from the program itself. For how to use them see
[the command line](cli.md).
"""


def _cell(text: str) -> str:
    """Text in a cell of a table: placeholders in angle brackets stay text, variables do not become markup."""
    text = re.sub(r"\s+", " ", text).strip()
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _section(title: str, usage: str, text: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    """The section of one command."""
    yield f"## {title}\n"
    yield f"```text\n{usage}\n```\n"
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        # Signs at the start of a line are not a list.
        yield re.sub(r"^([-+])", r"\\\1", paragraph, flags=re.MULTILINE).rstrip() + "\n"
    yield from _table(rows)


def _table(rows: list[tuple[str, str]]) -> Iterator[str]:
    if rows:
        yield "| option | meaning |\n|---|---|\n" + "".join(
            f"| `{left}` | {_cell(right)} |\n" for left, right in rows
        )


def _name(argument: Any) -> str:
    """An argument as in the usage: [NAME] where it may be left out, NAME... where it may be repeated."""
    name = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _option(option: Any, context: Any) -> str:
    """An option with its placeholder."""
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag or option.count:
        return names
    kind = option.get_help_record(context)[0].rpartition(" ")[2]
    placeholder = "NUMBER" if "int" in kind or "float" in kind else "FILE" if "path" in kind else "TEXT"
    return f"{names} {option.metavar or placeholder}"


def _meaning(parameter: Any, context: Any) -> str:
    record = parameter.get_help_record(context)
    text = (record[1] if record else parameter.help or "").replace("[required]", "")
    return text + (" Can be repeated." if getattr(parameter, "multiple", False) else "")


def _rows(command: Any, context: Any) -> list[tuple[str, str]]:
    """Arguments and options with what they mean."""
    return [
        (
            _option(one, context) if one.param_type_name == "option" else _name(one).strip("[]"),
            _meaning(one, context),
        )
        for one in command.params
        if not getattr(one, "hidden", False)
    ]


def _command(name: str, lazy: Any) -> Iterator[str]:
    command = lazy.command
    context = command.context_class(command, info_name=f"netbox-sync {name}")
    if command.context_settings.get("ignore_unknown_options"):
        yield from _self_parsed(name, parser_of(command))
        return
    arguments = [_name(one) for one in command.params if one.param_type_name == "argument"]
    usage = " ".join(["netbox-sync", name, *arguments, "[OPTIONS]"])
    yield from _section(name, usage, command.help or "", _rows(command, context))


def _self_parsed(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """The section of ``lab`` or ``demo``."""
    rows = []
    for action in parser._actions:
        if action.dest != "help":
            flag = action.nargs == 0
            text = action.help or ""
            meaning = text[:1].upper() + text[1:] or f"Default: {action.default}"
            rows.append(
                (", ".join(action.option_strings) + ("" if flag else f" {action.dest.upper()}"), meaning)
            )
    yield from _section(name, f"netbox-sync {name} [OPTIONS]", parser.description or "", rows)


def page() -> str:
    """The page in Markdown."""
    group: Any = command_line()
    context = group.context_class(group, info_name="netbox-sync")
    parts = [HEAD]
    parts += _section(
        "Options of all commands",
        "netbox-sync [OPTIONS] COMMAND",
        "They come before the command.",
        _rows(group, context),
    )
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            for inner, one in command.commands.items():
                parts += _command(f"{name} {inner}", one)
        else:
            parts += _command(name, command)
    return "\n".join(parts)


def test_the_page_says_what_the_command_line_has() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.test_cli_reference"


def test_every_option_says_what_it_means() -> None:
    assert re.findall(r"^\| `([^`]+)` \| +\|$", page(), re.MULTILINE) == []


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
