"""What is listed after an answer: every row that is new, different or gone, the answered ones first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netbox_sync_dagster.approve.followed import differences
from netbox_sync_dagster.approve.resolve import Question
from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff, Plan


def row(key: str, action: str = "drifted", **more: Any) -> DiffRow:
    empty: dict[str, Any] = dict.fromkeys(
        ("parent", "netbox_id", "target", "last_updated", "reason", "cause", "questions")
    )
    given = {**empty, "fields": (), "depends_on": (), **more}
    return DiffRow("paris", "1", "", "interfaces", action, key, object_type="dcim/interfaces", **given)


def plan(*rows: DiffRow) -> Plan:
    return Plan("paris", "1", {}, rows)


def field(decision: str) -> FieldDiff:
    return FieldDiff("description", "old", "new", decision, "changed in NetBox")


def test_new_and_gone_rows_are_listed_whatever_their_action() -> None:
    asked = row("old-erp net0", "conflict")
    other = row("zz", "conflict")
    followed = differences(
        plan(asked, other, row("eth9", "blocked")),
        plan(row("eth1"), row("old-erp ens19 (gone)"), replace(asked, action="update"), other),
        [Question(asked, None, "near_name", "it may be ens18", ("pick",))],
        {},
    )
    assert [(one.key, one.action) for one in followed.rows] == [
        ("old-erp net0", "update"),
        ("eth1", "drifted"),
        ("old-erp ens19 (gone)", "drifted"),
    ]
    assert [one.key for one in followed.gone] == ["eth9"]
    assert followed.before == {"conflict": 2, "blocked": 1}
    assert followed.after == {"drifted": 2, "update": 1, "conflict": 1}


def test_a_row_that_asks_again_or_about_another_field_is_different() -> None:
    before = plan(
        row("same", "update", last_updated="2026-11-30T10:00:00Z"),
        row("field", "update", fields=(field("keep"),)),
        row("asks", "update"),
        row("reason", "blocked", reason="no role"),
        row("object", "update", netbox_id=1),
    )
    after = plan(
        row("same", "update", last_updated="2026-11-30T11:00:00Z"),
        row("field", "update", fields=(field("drifted"),)),
        row("asks", "update", questions='{"description": {"cause": "a", "whole": "b"}}'),
        row("reason", "blocked", reason="no site"),
        row("object", "update", netbox_id=2),
    )
    assert [one.key for one in differences(before, after, [], {}).rows] == [
        "field",
        "asks",
        "reason",
        "object",
    ]
    assert differences(before, before, [], {}).rows == ()


def test_what_an_apply_settled_did_not_follow_from_the_answer() -> None:
    new, there = {"ref": "vlans", "key": "70 in fra", "name": "70"}, {"id": 12, "name": "70 PRINTERS"}
    other = {"id": 13, "name": "70 PRINTERS"}

    def uses(key: str, *vlans: Any) -> DiffRow:
        return row(key, "update", fields=(FieldDiff("tagged_vlans", [], list(vlans)),))

    before = plan(
        replace(row("70 in fra", "create", netbox_id=None), resource="vlans", change_id="a1"),
        replace(row("eth1", "update"), change_id="a2"),
        replace(row("eth2", "update"), change_id="a3"),
        uses("eth3", new),
        uses("eth4", new),
        row("eth5", "conflict"),
    )
    after = plan(uses("eth3", there), uses("eth4", other))
    followed = differences(before, after, [], {"a1": 12, "a2": 1})
    assert [one.key for one in followed.rows] == ["eth4"]
    assert [one.key for one in followed.gone] == ["eth2", "eth5"]
