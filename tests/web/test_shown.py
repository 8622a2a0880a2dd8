"""How the page shows reasons: each cause once, its parameters in words."""

from __future__ import annotations

import json
from typing import Any

from netbox_sync_dagster.compare.causes import cause, read_reason
from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff
from netbox_sync_dagster.web.shown import SaidReason, inline, parameters, reasons_of


def row(text: str) -> DiffRow:
    """A blocked row with this reason, as the comparison writes it."""
    said = read_reason(text, "blocked")
    head: dict[str, Any] = dict.fromkeys(("parent", "netbox_id", "target", "last_updated"))
    return DiffRow(
        **{"endpoint": "nms", "diff_id": "d", "change_id": "", "resource": "devices", "action": "blocked"},
        **{"key": "sw1", "object_type": "dcim/devices", "fields": (), "depends_on": ()},
        **head,
        reason=said.sentence,
        cause=said.cause,
        subject=said.subject,
    )


def unmapped(field: str, word: str, section: str) -> str:
    return cause("unmapped", field=field, word=word, because=cause("no_mapping", section=section, word=word))


def test_joined_causes_are_listed_one_by_one() -> None:
    text = f"{unmapped('role', 'node', 'roles')}; site: {unmapped('site', 'paris', 'sites')}"
    assert reasons_of(row(text)) == [
        SaidReason(
            'no role: map roles: "node"',
            "unmapped (field: role, word: node); no_mapping (section: roles, word: node)",
            "Map the word, set a default, or allow the object to be created.",
        ),
        SaidReason(
            'site: no site: map sites: "paris"',
            "unmapped (field: site, word: paris); no_mapping (section: sites, word: paris)",
            "Map the word, set a default, or allow the object to be created.",
        ),
    ]


def test_a_reason_that_is_not_from_the_list_is_a_sentence() -> None:
    assert reasons_of(row("a rule says so")) == [SaidReason("a rule says so", None)]


def test_causes_of_another_version_are_left_out() -> None:
    old = row(unmapped("role", "node", "roles"))
    changed = DiffRow(**{**old.__dict__, "cause": "no_such_cause", "subject": json.dumps({"word": "x"})})
    assert reasons_of(changed) == [SaidReason(old.reason or "", None)]


def test_candidates_are_named_and_their_ids_not_repeated() -> None:
    candidates = [
        {"type": "dcim/devices", "id": 7, "name": "sw1"},
        {"type": "dcim/devices", "id": 9, "name": "SW1"},
    ]
    text = cause("several_devices", evidence="name", candidates=candidates, candidate_ids=[7, 9])
    [reason] = reasons_of(row(text))
    assert reason.details == "several_devices (evidence: name, candidates: sw1 (id 7), SW1 (id 9))"


def test_shared_parameters_are_words() -> None:
    assert parameters('30, ["lyo","par"]') == "30, lyo, par"
    assert parameters('[{"type":"dcim/devices","id":7,"name":"sw1"}]') == "sw1 (id 7)"
    assert parameters("[vmid 101] {x") == "[vmid 101] {x"


def test_short_values_are_compared_as_a_whole_and_long_ones_by_letter() -> None:
    def marked(before: str, after: str) -> str:
        return str(inline(FieldDiff("x", before, after, "update", None)))

    assert marked("off", "on") == "<del>&#34;off&#34;</del> <ins>&#34;on&#34;</ins>"
    assert (
        marked("2026-11-29", "2026-11-30")
        == "<del>&#34;2026-11-29&#34;</del> <ins>&#34;2026-11-30&#34;</ins>"
    )
    assert marked("rack 4 in the hall of Paris", "rack 5 in the hall of Paris") == (
        "&#34;rack <del>4</del><ins>5</ins> in the hall of Paris&#34;"
    )
