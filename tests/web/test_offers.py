"""The page offers what can be done, says what cannot and why, and counts what is still to do."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.web.conftest import PASSWORD, Site, Visitor
from tests.web.test_rights import VIEW, VM


def _visitor(site: Site, user: str = "anna") -> Visitor:
    visitor = site.visitor()
    visitor.log_in(user)
    return visitor


def _buttons(visitor: Visitor) -> list[str]:
    """The decisions that the page offers."""
    found = re.findall(r'<button[^>]*name="decision" value="(\w+)"([^>]*)>', visitor.page)
    return [decision for decision, more in found if "hidden" not in more.split()]


def _apply(visitor: Visitor) -> str | None:
    """What the page says about an apply that it refuses; None where it offers one."""
    [button] = re.findall(r'<button[^>]* id="apply"([^>]*)>', visitor.page)
    why = re.findall(r'id="why-not-apply">([^<]*)<', visitor.page)
    assert ("disabled" in button, len(why)) in ((True, 1), (False, 0))
    return why[0] if why else None


def _configure(site: Site, **policies: Any) -> None:
    content = json.loads(site.config_path.read_text())
    content["endpoints"][0]["policies"] |= policies
    site.config_path.write_text(json.dumps(content))


def _id(site: Site, key: str) -> str:
    return next(row.change_id for row in site.plan().changes if row.key == key)


def test_rows_that_ask_something_are_not_offered_for_approval(drifted: Site) -> None:
    anna = _visitor(drifted)
    text = anna.open("/plans/paris", action="drifted")
    assert "None of 1 rows" not in text
    assert "It cannot be approved: 1 drifted row asks something first. See what they ask" in text
    assert _buttons(anna) == []
    text = anna.open("/plans/paris")
    assert "None of 2 rows can be approved: 1 blocked and 1 drifted rows ask something first." in text
    assert _buttons(anna) == []


def test_a_mixed_list_says_how_many_can_be_approved(site: Site) -> None:
    anna = _visitor(site)
    assert "15 of 16 rows can be approved: 1 blocked row asks something first." in anna.open("/plans/paris")
    assert _buttons(anna) == ["approve", "reject"]
    vm = {"resource": "virtual_machines"}
    assert "2 rows can be approved." in anna.open("/plans/paris", **vm)
    anna.approve("paris", _id(site, "web1"))
    assert "2 rows can be approved: 1 of them approved already." in anna.open("/plans/paris", **vm)
    assert _buttons(anna) == ["approve", "reject", "withdraw"]
    anna.open("/plans/paris")
    fields = {"id": _id(site, "db1"), "decision": "reject", "diff_id": anna.value("diff_id")}
    anna.send("/plans/paris/review", **fields)
    anna.send("/plans/paris/decide", key=anna.value("key"), comment="not ours")
    assert "1 of 2 rows can be approved again: 1 rejected." in anna.open("/plans/paris", **vm)
    assert "1 row can be withdrawn." in anna.open("/plans/paris", state="rejected")
    assert _buttons(anna) == ["withdraw"]


def test_an_apply_is_offered_where_it_writes_something(site: Site) -> None:
    site.netbox.add_user("tagger", PASSWORD, permissions={**VIEW, "extras.tag": {"view", "add"}})
    anna, tagger = _visitor(site), _visitor(site, "tagger")
    anna.open("/plans/paris")
    assert _apply(anna) == "No approved change is waiting to be applied."
    anna.approve("paris", _id(site, "web1"))
    anna.open("/plans/paris")
    assert _apply(anna) is None
    assert "Apply what is approved (6)" in anna.text
    tagger.open("/plans/paris")
    assert _apply(tagger) == (
        "6 of the 6 approved changes are not for you to write: tagger has no right to add extras.customfield in NetBox."
    )
    anna.open("/ledger")
    anna.send("/freeze", message="incident 4711")
    anna.open("/plans/paris")
    assert _apply(anna) == "Applies are frozen."
    # Only superusers freeze and lift it.
    assert "Allow applies again" in anna.text
    assert "A superuser of NetBox can lift it." in tagger.open("/")
    assert "Allow applies again" not in tagger.text
    anna.send("/unfreeze")
    assert "tagger is not known as a superuser." in tagger.open("/ledger")


def test_an_apply_is_not_offered_to_whoever_approved_alone(site: Site) -> None:
    _configure(site, second_approver=True)
    site.netbox.add_user("bob", PASSWORD, superuser=True)
    anna, bob = _visitor(site), _visitor(site, "bob")
    anna.approve("paris", _id(site, "web1"))
    anna.open("/plans/paris")
    assert _apply(anna) == (
        "Approved by anna alone; policies.second_approver asks for another person to approve or to apply it."
    )
    bob.open("/plans/paris")
    assert _apply(bob) is None


def test_nothing_can_be_approved_by_people_outside_the_groups(site: Site) -> None:
    _configure(site, approvers={"groups": ["net-team"]})
    anna = _visitor(site)
    why = "policies.approvers asks for approvals of the groups net-team, and NetBox does not show that anna is in one of them"
    assert f"Nothing can be approved: {why}. 2 rows can be rejected." in anna.open(
        "/plans/paris", resource="virtual_machines"
    )
    assert _buttons(anna) == ["reject"]
    assert f"It cannot be approved: {why}." in anna.open(
        "/plans/paris/row", resource="virtual_machines", key="web1"
    )
    assert _buttons(anna) == ["reject"]
    anna.open("/plans/paris")
    fields = {"id": _id(site, "web1"), "decision": "approve", "diff_id": anna.value("diff_id")}
    anna.send("/plans/paris/review", **fields)
    assert 'id="record" disabled' in anna.page


def test_what_was_applied_is_counted_apart(site: Site) -> None:
    anna = _visitor(site)
    anna.approve("paris", _id(site, "web1"))
    anna.apply("paris")
    text = anna.open("/plans/paris")
    assert "+ create 7 ~ update 2 # blocked 1 6 applied since this sync" in text
    assert "custom fields 3" not in text
    assert "9 of 10 rows can be approved: 1 blocked row asks something first." in text
    assert _apply(anna) == "No approved change is waiting to be applied."
    assert "Nothing is left that matches. 1 applied since this sync" in anna.open(
        "/plans/paris", resource="virtual_machines", text="web1"
    )
    assert "+ create applied virtual machines web1" in anna.open("/plans/paris", state="applied")
    assert _buttons(anna) == []
    overview = anna.open("/")
    assert "What waits for me 9 changes of paris to decide on" in overview
    assert "6 applied since this sync" in overview
    assert "6 applied since this sync" in anna.open("/changes")
    assert "1 applied since this sync" in anna.open("/object", name="web1")
    export = "/plans/paris/export.csv?resource=virtual_machines"
    assert "web1" not in anna.http.get(export).text
    assert "create,virtual_machines,web1" in anna.http.get(f"{export}&state=applied").text


def test_deletes_are_ticked_or_filtered(in_step: Site) -> None:
    anna = _visitor(in_step)
    anna.open("/ledger")
    apply_id = anna.page.partition("/ledger/applies/")[2].partition('"')[0]
    undo = f"/plans/undo-{apply_id}"
    anna.open(f"/ledger/applies/{apply_id}")
    anna.send(f"/ledger/applies/{apply_id}/undo")
    in_step.netbox.add_user("viewer", PASSWORD, permissions=VIEW)
    viewer = _visitor(in_step, "viewer")
    assert "It cannot be undone: viewer may write nothing of what this apply wrote." in viewer.open(
        f"/ledger/applies/{apply_id}"
    )
    assert 'id="undo" disabled' in viewer.page
    text = anna.open(undo, resource="virtual_machines")
    assert "2 rows can be approved: 2 deletes only if ticked, or filtered by delete." in text
    assert _buttons(anna) == ["approve", "reject"]
    assert 'data-all="0"' in anna.page
    text = anna.open(undo, resource="virtual_machines", action="delete")
    assert "all that match Approve… Reject…" in text
    assert "2 rows can be approved." in text


def test_people_are_offered_what_netbox_lets_them_write(site: Site) -> None:
    site.netbox.add_user("viewer", PASSWORD, permissions=VIEW)
    site.netbox.add_user("vms", PASSWORD, permissions={**VIEW, VM: {"view", "add"}})
    viewer, vms = _visitor(site, "viewer"), _visitor(site, "vms")
    text = viewer.open("/plans/paris", resource="virtual_machines")
    assert "None of 2 rows can be approved: 2 not for you to write in NetBox." in text
    assert _buttons(viewer) == []
    row = {"resource": "virtual_machines", "key": "web1"}
    assert "NetBox does not let viewer create virtual machines." in viewer.open("/plans/paris/row", **row)
    assert _buttons(viewer) == []
    assert "2 rows can be approved." in vms.open("/plans/paris", resource="virtual_machines")
    vms.open("/plans/paris/row", **row)
    assert _buttons(vms) == ["approve", "reject"]
