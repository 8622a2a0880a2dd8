"""The messages that docs/troubleshooting.md quotes are ones that the product has."""

from __future__ import annotations

import ast
import re

from tests.docs.commands import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"


def texts() -> str:
    """All texts of the product's code, what is filled in left out."""
    found = []
    for file in ROOT.glob("netbox_sync_dagster/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(part.value if isinstance(part, ast.Constant) else "\n" for part in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def unknown(page: str, known: str) -> list[str]:
    """Parts of quoted messages, between `...`, that the product does not have."""
    quoted = re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)
    parts = [part.strip(" ()") for message in quoted for part in message.split("...")]
    return [part for part in parts if len(part) > 3 and part not in known]


def test_quoted_messages_exist() -> None:
    page, known = PAGE.read_text(encoding="utf-8"), texts()
    assert page.count("```text") > 10
    assert unknown(page, known) == []


def test_a_message_that_does_not_exist_is_found() -> None:
    page = "```text\nTLS to ... failed miserably\n```"
    assert unknown(page, "TLS to \n failed (") == ["failed miserably"]
