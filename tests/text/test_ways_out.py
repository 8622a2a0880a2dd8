"""Every way from the product to a person goes through the functions that escape: nobody prints, logs or fails past them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import netbox_sync_dagster

ROOT = Path(netbox_sync_dagster.__file__).parent
# The lab is a set of servers and their own command; what it prints is its own.
MODULES = [file for file in sorted(ROOT.rglob("*.py")) if "lab" not in file.relative_to(ROOT).parts]

# What a call is written as, and the only modules that may make it.
ALLOWED = {
    "print": (),
    "input": ("cli/session.py",),
    "typer.echo": (),
    "click.echo": (),
    "sys.stdout.write": (),
    "sys.stderr.write": (),
    "Console": (),
    "Table": ("cli/console.py", "columns.py"),
    "tracebacks.print_exc": (),
    "traceback.print_exc": (),
    "traceback.print_exception": (),
    "traceback.format_exc": (),
    "Text.from_markup": (),
    "Text.from_ansi": (),
    # The second: a filter on what the HTTP libraries log.
    "logging.getLogger": ("defs/resources.py", "wire.py"),
    "dg.Failure": ("defs/shown.py",),
    "dg.SkipReason": ("defs/shown.py",),
    "dg.MetadataValue.md": ("defs/markdown.py",),
    "dg.MetadataValue.text": (),
    "dg.MetadataValue.json": (),
    "html.escape": ("text.py", "notify/channels.py"),
}
# Endings: whatever the object in front is called.
ALLOWED_ENDINGS = {
    ".file.write": ("cli/console.py",),
    ".print_exc": (),
    ".exception": (),
    "context.log.debug": (),
    "context.log.info": (),
    "context.log.warning": (),
    "context.log.error": (),
    ".from_markup": (),
}


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_module_speaks_past_the_functions_that_escape(file: Path) -> None:
    name = str(file.relative_to(ROOT))
    tree = ast.parse(file.read_text(encoding="utf-8"))
    wrong = [
        f"line {line}: {call}"
        for call, line in calls(tree)
        if name not in ALLOWED.get(call, (name,))
        or any(call.endswith(end) and name not in where for end, where in ALLOWED_ENDINGS.items())
    ]
    # A log that is handed on without its escapes.
    if name.startswith("defs/") and name != "defs/shown.py":
        wrong += [
            f"line {node.lineno}: {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "log" and ast.unparse(node) == "context.log"
        ]
    assert wrong == []


def test_every_metadata_that_dagster_gets_is_made_by_shown() -> None:
    """Events with metadata: either it is passed on from a function whose return is ``shown(...)``, or made so there."""
    makers = {}
    for file in MODULES:
        name = str(file.relative_to(ROOT))
        if name.startswith("defs/"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.endswith("_metadata"):
                    returned = [
                        ast.unparse(part.value)
                        for part in ast.walk(node)
                        if isinstance(part, ast.Return) and part.value
                    ]
                    makers[f"{name}:{node.name}"] = returned
    assert makers == {
        "defs/metadata.py:apply_metadata": ["shown(found)"],
        "defs/metadata.py:diff_metadata": ["shown(found)"],
        "defs/metadata.py:snapshot_metadata": ["shown(found)"],
        # Of a definition: names of our own tables and columns.
        "defs/table_metadata.py:table_metadata": [makers["defs/table_metadata.py:table_metadata"][0]],
        "defs/table_metadata.py:diff_table_metadata": [
            makers["defs/table_metadata.py:diff_table_metadata"][0]
        ],
    }


def test_a_way_past_them_is_found() -> None:
    tree = ast.parse(
        "print('x')\nsession.out.file.write(text)\nself._log.exception('x')\ncontext.log.info(name)"
    )
    found = [call for call, _ in calls(tree)]
    assert found == ["print", "session.out.file.write", "self._log.exception", "context.log.info"]
    assert "print" in ALLOWED
    assert [any(call.endswith(end) for end in ALLOWED_ENDINGS) for call in found[1:]] == [True, True, True]
