"""The list of causes is closed: what SQL names is in it, with its action, and what is in it is named."""

from __future__ import annotations

import re

from netbox_sync_dagster.compare.causes import cause_kinds
from netbox_sync_dagster.sqlfiles import sql_root

_ROOT = sql_root()


def test_every_cause_that_sql_names_is_listed_with_its_action() -> None:
    kinds = cause_kinds()
    actions = "|".join(sorted({kind.action for kind in kinds.values()}))
    call = re.compile(rf"\b({actions})\('([a-z0-9_]+)'")
    named = {
        (code, action)
        for path in _ROOT.rglob("*.sql")
        for action, code in call.findall(re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8")))
    }
    assert len(named) > 80
    assert named - {(kind.code, kind.action) for kind in kinds.values()} == set()


def test_every_listed_cause_is_named_somewhere() -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in _ROOT.rglob("*.sql") if path.name != "causes.sql"
    )
    assert [code for code in cause_kinds() if f"'{code}'" not in text] == []


def test_a_cause_says_what_helps_and_how_to_answer_it() -> None:
    for kind in cause_kinds().values():
        assert kind.helps.endswith(".") and kind.helps[0].isupper(), kind.code
        assert set(kind.answers) <= {"pick", "create", "map", "value", "move", "take", "keep", "leave"}, (
            kind.code
        )
