"""docs/promises.md names tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_promise_names_its_tests() -> None:
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\d+)\. .*$", text, flags=re.MULTILINE)[1:]
    promises = dict(zip(parts[::2], parts[1::2], strict=True))
    assert list(promises) == [str(number) for number in range(1, 15)]
    missing = []
    for number, part in promises.items():
        named = re.findall(r"`((?:lab/)?tests/[\w/]+\.py)::(\w+)`", part)
        assert named, f"promise {number} names no test"
        for path, name in named:
            file = ROOT / path
            tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.parse("")
            if name not in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]:
                missing.append(f"{number}: {path}::{name}")
    assert missing == []
