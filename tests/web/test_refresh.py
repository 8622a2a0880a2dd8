"""*Refresh now*: one object is read and compared from its page; and the links to the source's own pages."""

from __future__ import annotations

import time

import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.storage.locks import HOOK, EndpointLock
from tests.support import NetBox
from tests.web.conftest import PASSWORD, Site, Visitor


def refresh(visitor: Visitor, name: str) -> str:
    """Press the button on the object's page, and read the page to which it leads in the end."""
    visitor.open("/object", name=name)
    visitor.send("/plans/paris/refresh", name=name)
    if visitor.path.startswith("/refreshes/"):
        # They end with the refresh.
        visitor.http.get(f"{visitor.path}/events")
        visitor.open(visitor.path)
    return visitor.text


def test_one_guest_is_read_and_compared(in_step: Site) -> None:
    site, anna = in_step, in_step.visitor()
    anna.log_in()
    assert "No differences." in anna.open("/object", name="web1")
    # What others see of the endpoint stays, and is not read.
    netbox = NetBox(site.netbox.url, site.netbox.token)
    db1 = netbox.one("virtualization/virtual-machines", name="db1")
    netbox.edit("virtualization/virtual-machines", db1["id"], memory=1024)
    assert "read web1 from paris: no differences" in refresh(anna, "web1")
    site.cluster.guests[101].maxmem = site.cluster.guests[102].maxmem = 8 * 2**30
    text = refresh(anna, "web1")
    assert anna.path == "/object"
    assert "read web1 from paris: 1 row" in text
    assert "memory 2048 → 8192" in text
    assert {(row.key, row.action) for row in site.plan().rows} == {
        ("pve1", "blocked"),
        ("web1", "update"),
        ("db1", "drifted"),
    }
    assert "This plan shows only" not in anna.open("/plans/paris")
    # The events of one that has ended come at once.
    key = next(iter(site.state.refreshes._runs))
    events = anna.http.get(f"/refreshes/{key}/events").text
    assert 'data: {"text": "paris: comparing"}' in events
    assert events.endswith("event: end\ndata: {}\n\n")
    assert "[web1]" not in refresh(anna, "web1")


def test_a_guest_that_was_renamed_or_removed(in_step: Site) -> None:
    site, anna = in_step, in_step.visitor()
    anna.log_in()
    web1 = site.cluster.guests[101]
    web1.name = web1.config["name"] = "shop"
    text = refresh(anna, "web1")
    assert "read shop from paris: 1 row" in text
    assert 'name "web1" → "shop"' in text
    del site.cluster.guests[102]
    anna.open("/object", name="db1")
    assert "vmid 102 is no longer in Proxmox" in refresh(anna, "db1")
    assert ("virtual_machines", "update", "shop") in {
        (row.resource, row.action, row.key) for row in site.plan().rows
    }


def test_a_sync_of_one_guest_alone_says_so_wherever_its_diff_is_shown(
    in_step: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--config", str(in_step.config_path), "--home", str(in_step.warehouse.home)]
    assert run([*place, "sync", "paris", "--guest", "web1"]) == 0
    synced = capsys.readouterr().out
    assert (run([*place, "diff"]), run([*place, "status"])) == (0, 0)
    listed = capsys.readouterr().out
    anna = in_step.visitor()
    anna.log_in()
    only = "only guest web1 (101) and what it needs, read"
    assert f"    {only}" in synced
    assert f"  {only}" in listed
    assert f"\nparis: {only}" in listed
    assert f"This plan shows {only}" in anna.open("/plans/paris")
    assert f"Its plan shows {only}" in anna.open("/")
    assert f"paris: {only}" in anna.open("/changes")
    in_step.sync()
    assert run([*place, "status"]) == 0
    assert "only guest" not in capsys.readouterr().out + anna.open("/") + anna.open("/plans/paris")


def test_an_endpoint_that_is_being_synced_is_not_read_twice(site: Site) -> None:
    anna = site.visitor()
    anna.log_in()
    with EndpointLock.for_sync(site.warehouse, "proxmox", "paris", "netbox-sync by bob"):
        text = refresh(anna, "web1")
    assert (
        "endpoint 'paris' is being synced already (by netbox-sync by bob); try again when it has ended"
        in text
    )
    assert anna.status == 409


def test_the_sync_of_a_hook_is_waited_for(site: Site) -> None:
    anna = site.visitor()
    anna.log_in()
    with EndpointLock.for_sync(site.warehouse, "proxmox", "paris", HOOK):
        anna.open("/object", name="web1")
        anna.send("/plans/paris/refresh", name="web1")
        reading = next(iter(site.state.refreshes._runs.values()))
        until = time.monotonic() + 10
        waits = ("paris", "waiting for the sync that a hook has started")
        while waits not in reading.lines and time.monotonic() < until:
            time.sleep(0.05)
        assert waits in reading.lines
    while not reading.done and time.monotonic() < until + 10:
        time.sleep(0.05)
    assert (reading.done, reading.error) == (True, None)


def test_an_error_is_shown_and_the_plan_stays(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = site.visitor()
    anna.log_in()
    before = site.plan().diff_id
    monkeypatch.setenv("PROXMOX_TOKEN", "00000000-0000-4000-8000-000000000000")
    text = refresh(anna, "web1")
    assert "Stopped" in text
    assert "endpoint 'paris'" in text
    assert site.plan().diff_id == before


def test_only_those_who_may_change_such_objects(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.netbox.add_user("eve", PASSWORD, permissions={"virtualization.virtualmachine": {"view"}})
    eve = site.visitor()
    eve.log_in("eve")
    assert "Refresh now" not in eve.open("/object", name="web1")
    text = eve.send("/plans/paris/refresh", name="web1")
    assert "only those who may change objects like this one can have it read again, and eve may not" in text
    site.netbox.add_user("nobody", PASSWORD, permissions={})
    nobody = site.visitor()
    nobody.log_in("nobody")
    assert "No endpoint shows" in nobody.open("/object", name="web1")
    anna = site.visitor()
    anna.log_in()
    monkeypatch.setenv("PROXMOX_TOKEN", "00000000-0000-4000-8000-000000000000")
    assert "Stopped" in refresh(anna, "web1")
    key = next(iter(site.state.refreshes._runs))
    assert "no such refresh" in nobody.open(f"/refreshes/{key}")
    assert nobody.http.get(f"/refreshes/{key}/events").status_code == 404
    assert anna.http.post("/plans/paris/refresh", data={"name": "web1"}).status_code == 403
    assert "shows no 'nothing' that can be read alone" in refresh(anna, "nothing")


def test_links_to_the_sources_own_pages(site: Site) -> None:
    anna = site.visitor()
    anna.log_in()
    url = site.config.endpoint("paris").base_url
    anna.open("/object", name="web1")
    assert f'href="{url}/#v1:0:=qemu%2F101"' in anna.page
    anna.open("/plans/paris/row", resource="vm_interfaces", key="web1 net0")
    assert f'href="{url}/#v1:0:=qemu%2F101"' in anna.page


def test_what_is_skipped_of_an_object_is_on_its_page(in_step: Site) -> None:
    site, anna = in_step, in_step.visitor()
    anna.log_in()
    site.cluster.add_qemu(900, node="pve1", name="golden", template=True)
    site.sync()
    assert "Skipped virtual machines golden (900): it is a template; include_templates is off" in anna.open(
        "/object", name="golden (900)"
    )
    assert "golden (900) is skipped: it is a template; include_templates is off" in anna.open(
        "/plans/paris/row", resource="virtual_machines", key="golden (900)"
    )
