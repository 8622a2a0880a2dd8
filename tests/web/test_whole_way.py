"""From a difference to an applied change and back, as a person goes it."""

from __future__ import annotations

from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.storage.views import ask
from tests.support import NetBox
from tests.web.conftest import Site


def _ids(site: Site, *wanted: tuple[str, str], plan: str = "paris") -> list[str]:
    return [
        row.change_id for row in load_plan(site.warehouse, plan).changes if (row.resource, row.key) in wanted
    ]


def test_a_virtual_machine_is_approved_applied_and_taken_back(site: Site) -> None:
    anna = site.visitor()
    assert "paris" in anna.log_in()
    text = anna.approve("paris", *_ids(site, ("virtual_machines", "web1")), comment="wanted since May")
    assert "approved" in text
    assert "ended" in anna.apply("paris")
    assert "applied" in anna.text
    names = [row["name"] for row in site.netbox.store.rows("virtualization.virtualmachine")]
    assert names == ["web1"]

    [(apply_id,)] = ask(
        site.warehouse, lambda con: con.execute("select apply_id from ledger.applies").fetchall()
    )
    anna.open(f"/ledger/applies/{apply_id}")
    assert f"undo-{apply_id}" in anna.send(f"/ledger/applies/{apply_id}/undo")
    undo = f"undo-{apply_id}"
    # It is found again from the apply, and in the ledger.
    assert "Open its undo plan" in anna.open(f"/ledger/applies/{apply_id}")
    assert f"{apply_id} its undo plan" in anna.open("/ledger")
    anna.approve(undo, *[row.change_id for row in load_plan(site.warehouse, undo).changes])
    anna.apply(undo)
    assert [row["name"] for row in site.netbox.store.rows("virtualization.virtualmachine")] == []


def test_the_ledger_says_who_decided_why_and_how_the_person_was_known(site: Site) -> None:
    anna = site.visitor()
    anna.log_in()
    anna.approve("paris", *_ids(site, ("virtual_machines", "db1")), comment="wanted since May")
    sql = "select distinct who, through, login_by, comment from ledger.approvals"
    assert ask(site.warehouse, lambda con: con.execute(sql).fetchall()) == [
        ("anna", "web", "password", "wanted since May")
    ]
    assert "wanted since May" in anna.open("/ledger")


def test_what_somebody_edited_meanwhile_is_not_overwritten(grown: Site) -> None:
    site, anna = grown, grown.visitor()
    anna.log_in()
    anna.approve("paris", *_ids(site, ("virtual_machines", "web1")))
    netbox = NetBox(site.netbox.url, site.netbox.token)
    vm = netbox.one("virtualization/virtual-machines", name="web1")
    netbox.edit("virtualization/virtual-machines", vm["id"], comments="do not touch")
    assert "stale" in anna.apply("paris")
    after = netbox.one("virtualization/virtual-machines", name="web1")
    assert (after["memory"], after["comments"]) == (vm["memory"], "do not touch")


def test_a_freeze_is_shown_and_stops_an_apply(site: Site) -> None:
    anna = site.visitor()
    anna.log_in()
    anna.approve("paris", *_ids(site, ("virtual_machines", "web1")))
    anna.open("/ledger")
    anna.send("/freeze", message="incident 4711")
    assert "anna froze all applies" in anna.open("/")
    assert "incident 4711; nothing was written" in anna.apply("paris")
    assert list(site.netbox.store.rows("virtualization.virtualmachine")) == []
    anna.send("/unfreeze")
    assert "applied" in anna.apply("paris")
