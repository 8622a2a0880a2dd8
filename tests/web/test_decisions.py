"""Deciding on the page: comments, expiry, newer diffs, two people, stopping, and plan files."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.views import ask
from tests.apply.drafts import Draft
from tests.support import NetBox
from tests.web.conftest import PASSWORD, Site, Visitor


def _id(site: Site, key: str) -> str:
    [found] = [
        row.change_id for row in site.plan().changes if (row.resource, row.key) == ("virtual_machines", key)
    ]
    return found


def _anna(site: Site, user: str = "anna") -> Visitor:
    visitor = site.visitor()
    assert "paris" in visitor.log_in(user)
    return visitor


def _review(visitor: Visitor, *ids: str, decision: str = "approve", **more: Any) -> str:
    visitor.go_to("paris")
    fields = {"id": list(ids), "decision": decision, "diff_id": visitor.value("diff_id"), **more}
    return visitor.send("/plans/paris/review", **fields)


def _decide(visitor: Visitor, **fields: str) -> str:
    return visitor.send("/plans/paris/decide", key=visitor.value("key"), **fields)


def _configure(site: Site, **policies: Any) -> None:
    content = json.loads(site.config_path.read_text())
    content["endpoints"][0]["policies"] |= policies
    site.config_path.write_text(json.dumps(content))


def _publish(site: Site, draft: Draft, **manifest: Any) -> None:
    """The draft becomes the endpoint's current diff, instead of what the last sync found."""
    before, diffs = site.plan().manifest, site.warehouse.diffs("paris")
    last = site.warehouse.current(diffs)
    draft.publish(site.warehouse)
    folder = site.warehouse.current(diffs)
    (folder / "all.parquet").rename(folder / "virtual_machines.parquet")
    shutil.copytree(last / "desired", folder / "desired")
    for file in last.glob("*.parquet"):
        if not (folder / file.name).exists():
            shutil.copy(file, folder)
    write_json(folder / "manifest.json", {**before, **manifest, "diff_id": folder.name})


def _machines(site: Site) -> list[str]:
    return [row["name"] for row in site.netbox.store.rows("virtualization.virtualmachine")]


def test_reject_withdraw_and_expire(site: Site) -> None:
    anna, web1 = _anna(site), _id(site, "web1")
    _review(anna, web1, decision="reject")
    key = anna.value("key")
    assert "needs a comment" in _decide(anna, comment=" ")
    anna.go_to("paris")
    assert "rejected 1 change" in anna.send("/plans/paris/decide", key=key, comment="not ours")
    assert "1 + create rejected virtual machines withdraw the rejection first for example web1" in _review(
        anna, web1
    )
    _review(anna, web1, decision="withdraw")
    assert "withdrew the decisions on 1 change" in _decide(anna)
    for hours in ("0", "-1", "nan", "inf", "1e308", "tomorrow"):
        _review(anna, web1)
        assert "hours" in _decide(anna, hours=hours), hours
        assert anna.status == 409, hours
    assert "changes that it needs (below); without them it will be blocked" in _review(anna, web1)
    assert "approved 1 change" in _decide(anna, hours="0.0001")
    time.sleep(0.5)
    assert "no approved change is waiting" in anna.apply("paris")
    assert "approval expired" in anna.open("/plans/paris", state="approval expired")


def test_a_newer_diff_takes_what_is_unchanged(site: Site) -> None:
    anna, web1, db1 = _anna(site), _id(site, "web1"), _id(site, "db1")
    anna.open("/plans/paris")
    drawn = anna.value("diff_id")
    _review(anna, web1)
    late = anna.value("key")
    site.cluster.guests[101].maxmem = 8 * 2**30
    site.sync()
    anna.open("/plans/paris")
    text = anna.send("/plans/paris/review", id=[web1, db1], decision="approve", diff_id=drawn)
    assert "A newer diff was made since you opened the page. 1 of the picked changes differ" in text
    assert "Approve 1 change of paris" in text
    # What was shown before the newer diff is not recorded.
    anna.open("/plans/paris")
    assert "no longer in the current diff" in anna.send("/plans/paris/decide", key=late)


def test_two_people(site: Site) -> None:
    _configure(site, second_approver=True)
    site.netbox.add_user("bob", PASSWORD, superuser=True)
    anna, bob = _anna(site), _anna(site, "bob")
    ids = [row.change_id for row in site.plan().changes]
    assert "Another person has to approve this too" in _review(anna, *ids)
    _decide(anna)
    anna.apply("paris")
    assert _machines(site) == []
    assert "ended" in bob.apply("paris")
    assert sorted(_machines(site)) == ["db1", "web1"]


def test_a_stopped_apply_leaves_the_rest_approved(site: Site) -> None:
    anna = _anna(site)
    ids = [row.change_id for row in site.plan().changes]
    _review(anna, *ids)
    _decide(anna)
    site.netbox.fail_next(1, status=None, delay=3, method="POST")
    anna.open("/plans/paris")
    anna.send("/plans/paris/apply")
    path = anna.path
    lines: list[str] = []
    watching = threading.Thread(target=lambda: lines.append(anna.http.get(f"{path}/events").text))
    watching.start()
    assert "stopping" in anna.send(f"{path}/stop")
    watching.join(60)
    assert "event: end" in lines[0]
    assert "stopped" in anna.open(path)
    assert len(_machines(site)) < 2
    assert "ended" in anna.apply("paris")
    assert sorted(_machines(site)) == ["db1", "web1"]
    assert anna.http.get(f"{anna.path}/events").text.count('data: {"verdict": "applied"') > 0
    sql = "select count(*) from ledger.verdicts where verdict <> 'applied'"
    assert ask(site.warehouse, lambda con: con.execute(sql).fetchall()) == [(0,)]


def test_single_fields_and_deletes_apart(grown: Site) -> None:
    site, anna = grown, _anna(grown)
    anna.open("/ledger")
    apply_id = anna.page.partition("/ledger/applies/")[2].partition('"')[0]
    [row] = [row for row in site.plan().changes if row.key == "web1"]
    assert len(row.written) > 1
    name = row.written[0].name
    assert f"Only the field {name}." in _review(anna, row.change_id, field=name)
    assert "approved 1 change" in _decide(anna)
    assert "ended" in anna.apply("paris")
    site.sync()
    [left] = [row for row in site.plan().changes if row.key == "web1"]
    assert name not in [item.name for item in left.written]
    # Deletes are not among all that match.
    undo = f"/plans/undo-{apply_id}"
    anna.open("/ledger")
    anna.send(f"/ledger/applies/{apply_id}/undo")
    anna.open(undo)
    text = anna.send(f"{undo}/review", scope="filter", query="", decision="approve")
    assert "7 − delete several deletes are picked by the filter delete, or ticked one by one" in text


def test_a_part_shows_only_its_fields_and_what_it_needs(
    in_step: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site, anna = in_step, _anna(in_step)
    vm = NetBox(site.netbox.url, site.netbox.token).one("virtualization/virtual-machines", name="web1")
    draft = Draft("paris")
    tag = draft.create("tags", "infra", {"name": "infra", "slug": "infra", "color": "9e9e9e"})
    fields = {"tags": ([], ["infra"]), "memory": (vm["memory"], 512), "vcpus": (vm["vcpus"], 8)}
    whole = draft.update("virtual_machines", "web1", vm, fields, depends_on=[tag])
    _publish(site, draft)
    text = _review(anna, whole, field=["tags", "memory"])
    assert "Only the fields tags, memory." in text
    assert "and the change that it needs (below); without it it will be blocked" in text
    picked, _, needed = text.partition("Picked ")[2].partition("Needed by it ")
    assert picked.startswith("~ update virtual machines web1 tags")
    assert "memory" in picked
    assert "vcpus" not in picked
    assert needed.startswith("+ create tags infra")
    assert "approved 2 changes" in _decide(anna, with_dependencies="1")
    assert "~ update approved: tags, memory virtual machines" in anna.open("/plans/paris")
    assert f'value="{whole}" data-takes="approve reject withdraw"' in anna.page
    monkeypatch.setenv("NETBOX_SYNC_CONFIG", str(site.config_path))
    monkeypatch.setenv("NETBOX_SYNC_HOME", str(site.warehouse.home))
    for command, said in (
        (["diff", "paris"], "approved: tags, memory"),
        (["show", whole], "approved: tags, memory"),
        (["history", "virtual_machines", "web1"], "approve update virtual_machines web1 (only tags, memory)"),
        (["sql", "select part_of, fields from sync.parts"], f"{whole}"),
    ):
        assert run(command) == 0
        assert said in capsys.readouterr().out, command
    anna.open("/plans/paris/row", resource="virtual_machines", key="web1")
    assert "approve update (only tags, memory) by anna" in anna.text
    assert "Approved: tags, memory Withdraw…" in anna.text
    part = re.findall(r'name="id" value="([0-9a-f]{32})"', anna.page)[-1]
    assert part != whole
    anna.send("/plans/paris/review", id=part, decision="withdraw", diff_id=anna.value("diff_id"), query="")
    assert "withdrew the decisions on 1 change" in _decide(anna)
    assert "approved: tags, memory" not in anna.open("/plans/paris")
    _review(anna, whole, field=["tags", "memory"])
    _decide(anna)
    # The whole row is ticked in the list.
    anna.open("/plans/paris")
    anna.send("/plans/paris/review", id=whole, decision="withdraw", diff_id=anna.value("diff_id"), query="")
    assert "Picked ~ update virtual machines web1 tags" in anna.text
    assert "withdrew the decisions on 1 change" in _decide(anna)
    assert "approved: tags, memory" not in anna.open("/plans/paris")
    _review(anna, whole, field=["tags", "memory"])
    _decide(anna)
    anna.apply("paris")
    assert "applied: tags, memory" in anna.open("/plans/paris", state="waiting")
    now = NetBox(site.netbox.url, site.netbox.token).one("virtualization/virtual-machines", name="web1")
    assert [one["slug"] for one in now["tags"]] == ["infra"]
    assert (now["memory"], now["vcpus"]) == (512, vm["vcpus"])


def test_two_of_a_group(site: Site) -> None:
    _configure(site, approvers={"groups": ["net-team"], "at_least": 2})
    for name in ("bob", "carl"):
        site.netbox.add_user(name, PASSWORD, superuser=True, groups=["net-team"])
    anna, bob, carl = _anna(site), _anna(site, "bob"), _anna(site, "carl")
    ids = [row.change_id for row in site.plan().changes]
    assert "NetBox does not show that anna is in one of them" in _review(anna, *ids)
    assert "asks for approvals of the groups net-team" in _decide(anna)
    assert "2 people of net-team have to approve it" in _review(bob, *ids)
    _decide(bob)
    assert "asks for the approval of 2 people" in anna.apply("paris")
    assert _machines(site) == []
    _review(bob, *ids)
    _decide(bob)
    _review(carl, *ids)
    _decide(carl)
    assert "ended" in anna.apply("paris")
    assert sorted(_machines(site)) == ["db1", "web1"]


def test_a_limit_needs_a_reason(in_step: Site) -> None:
    site, anna = in_step, _anna(in_step)
    vm = NetBox(site.netbox.url, site.netbox.token).one("virtualization/virtual-machines", name="web1")
    draft = Draft("paris")
    ids = [
        draft.update("virtual_machines", f"vm{number}", {**vm, "id": number}, {"memory": (1, 2)})
        for number in range(103, 113)
    ]
    _publish(site, draft, existing={"virtual_machines": 12})
    sentence = "it updates or deletes 10 of the 12 virtual_machines in NetBox (83 %, limit 30 %): 3 may be approved without an override"
    assert sentence in _review(anna, *ids)
    assert sentence in _decide(anna, override="  ")
    assert anna.status == 409
    _review(anna, *ids)
    assert "approved 10 changes" in _decide(anna, override="memory upgrade, ticket 12")
    assert "override: memory upgrade, ticket 12" in anna.open("/ledger")


def test_netboxs_refusal_is_shown_as_text(site: Site) -> None:
    anna, web1 = _anna(site), _id(site, "web1")
    anna.approve("paris", web1)
    anna.apply("paris")
    vm = NetBox(site.netbox.url, site.netbox.token).one("virtualization/virtual-machines", name="web1")
    draft = Draft(endpoint="paris")
    # NetBox repeats a value that it refuses.
    change = draft.update(
        "virtual_machines", "web1", vm, {"status": ("active", "<script>alert(1)</script>\u202eno")}
    )
    _publish(site, draft)
    anna.approve("paris", change)
    text = anna.apply("paris")
    assert "failed" in text
    assert "is not a valid choice" in text
    pages = [anna.page, anna.http.get(f"{anna.path}/events").text]
    apply_id = anna.page.partition("/ledger/applies/")[2].partition('"')[0]
    anna.open(f"/ledger/applies/{apply_id}")
    assert "is not a valid choice" in anna.text
    for page in [*pages, anna.page]:
        assert "\u202e" not in page
    for page in (pages[0], anna.page):
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_an_exported_plan_file_is_taken_by_the_command_line(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    anna = _anna(site)
    answer = anna.http.get(
        "/plans/paris/export.json", params={"resource": "virtual_machines", "text": "web1"}
    )
    file = tmp_path / "plan.json"
    file.write_bytes(answer.content)
    monkeypatch.setenv("NETBOX_SYNC_CONFIG", str(site.config_path))
    monkeypatch.setenv("NETBOX_SYNC_HOME", str(site.warehouse.home))
    assert run(["approve", "paris", "--plan", str(file), "--who", "bob", "--yes"]) == 0, capsys.readouterr()
    assert [row.key for row in anna_approved(site)] == ["web1"]


def anna_approved(site: Site) -> list[Any]:
    by_id = site.plan().by_id()
    return [by_id[change_id] for change_id in approved(site.warehouse, "paris", site.plan())]


def test_a_cli_approver_beside_a_page_approver(site: Site) -> None:
    """A user of NetBox and one of the operating system may be one person, unless names are trusted."""
    _configure(site, second_approver=True)
    anna, plan = _anna(site), site.plan()
    ids = [row.change_id for row in plan.changes]
    _review(anna, *ids)
    _decide(anna)
    approve(site.warehouse, plan, ids, who="bob", through="cli", policies=site.config.endpoints[0].policies)
    assert "are two people is not known" in anna.apply("paris") or "only a name that was given" in anna.text
    assert _machines(site) == []
    _configure(site, trusted_names=True)
    _review(anna, *ids)
    _decide(anna)
    approve(site.warehouse, plan, ids, who="bob", through="cli", policies=site.config.endpoints[0].policies)
    assert "ended" in anna.apply("paris")
    assert sorted(_machines(site)) == ["db1", "web1"]


def test_what_is_left_out_and_why(site: Site) -> None:
    anna = _anna(site)
    _review(anna, _id(site, "db1"), decision="reject")
    _decide(anna, comment="not ours")
    anna.open("/plans/paris")
    fields = {"scope": "filter", "query": "", "decision": "approve", "diff_id": anna.value("diff_id")}
    text = anna.send("/plans/paris/review", **fields)
    assert "Approve 10 changes of paris 6 rows are left out: which and why" in text
    rest = text.partition("Left out Rows Action Resource Why ")[2]
    assert rest.startswith(
        '1 # blocked devices no device type: map device_types: "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", set'
    )
    assert "1 + create rejected virtual machines withdraw the rejection first for example db1" in rest
    assert "4 + create several needs create virtual_machines db1, which was rejected for example" in rest
    assert 'href="/plans/paris?resource=devices&amp;action=blocked&amp;cause=' in anna.page
    # What is to be withdrawn has a decision.
    text = anna.send("/plans/paris/review", **{**fields, "decision": "withdraw"})
    assert "Withdraw 1 change of paris 15 rows are left out" in text
    assert "14 + create several nobody has decided on it for example" in text


def test_needed_deletes_and_rejected_changes_are_named(in_step: Site) -> None:
    site, anna = in_step, _anna(in_step)
    netbox = NetBox(site.netbox.url, site.netbox.token)
    vm = netbox.one("virtualization/virtual-machines", name="web1")
    nic = netbox.one("virtualization/interfaces", virtual_machine_id=vm["id"])
    draft = Draft("paris")
    tag = draft.create("tags", "infra", {"name": "infra", "slug": "infra", "color": "9e9e9e"})
    gone = draft.delete("vm_interfaces", "web1 net0", nic)
    fields = {"tags": ([], ["infra"]), "memory": (vm["memory"], 512)}
    whole = draft.update("virtual_machines", "web1", vm, fields, depends_on=[tag, gone])
    _publish(site, draft)
    _review(anna, tag, decision="reject")
    _decide(anna, comment="no tags")
    text = _review(anna, whole)
    assert "Needed by it" not in text
    assert "2 rows are left out: which and why" in text
    assert (
        "1 + create rejected tags needed: withdraw the rejection, then approve it; until then, what needs it will be "
        "blocked for example infra" in text
    )
    assert (
        "1 − delete vm interfaces needed: approve this delete separately; until then, what needs it will be "
        "blocked for example web1 net0" in text
    )
    assert 'href="/plans/paris?action=delete&amp;state=waiting"' in anna.page


def test_dependencies_that_somebody_else_has_to_approve(site: Site) -> None:
    machine = {"virtualization.virtualmachine": {"view", "add"}}
    site.netbox.add_user("vms", PASSWORD, permissions=machine)
    vms = _anna(site, "vms")
    text = _review(vms, _id(site, "web1"))
    assert "Approve 1 change of paris" in text
    assert (
        "vms has no right to add extras.customfield in NetBox; what needs it will be blocked until somebody else approves it"
        in text
    )
