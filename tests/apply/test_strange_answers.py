"""Misleading answers during an apply: from proxies that gave up, from reads that fail half-way, and valid JSON that
NetBox never sends."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.approve import open_ledger
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, furnish, verdicts
from tests.apply.drafts import Draft, of
from tests.apply.fault_proxy import FaultProxy
from tests.apply.late_proxy import LateProxy
from tests.lies import honest, lying
from tests.support import NetBox


@pytest.mark.parametrize("status", [408, 502, 503, 504, 524])
def test_a_proxy_that_gave_up_on_a_request_has_not_ended_it(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    status: int,
) -> None:
    nic = lab_netbox.create("virtualization/interfaces", virtual_machine=lab_fixtures.vm["id"], name="eth0")
    assigned = of(nic, type="virtualization.vminterface")
    draft = Draft()
    draft.create("ip_addresses", "x", {"address": lab_fixtures.ip(1), "assigned_object": assigned})
    plan = draft.publish(lab_harness.warehouse)
    with LateProxy(server.url, late_method="POST", delay=1.5, status=status) as proxy:
        lab_harness.configure(url=proxy.url, timeout=3)

        result = lab_harness.approve_and_apply(plan)

        found = [(v.verdict, v.message) for v in result.verdicts]
        assert found == [("applied", f"NetBox answered {status}; found in NetBox")]
    assert server.count("POST", "/api/ipam/ip-addresses/") == 1


def test_what_is_put_off_while_netbox_cannot_be_read_has_one_verdict(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    rows = [
        lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name=f"p{n}", type="other")
        for n in range(2)
    ]
    lab_netbox.create(
        "dcim/inventory-items",
        device=lab_fixtures.device["id"],
        name="optic",
        component_type="dcim.interface",
        component_id=rows[0]["id"],
    )
    draft = Draft()
    for row in rows:
        draft.delete("interfaces", row["name"], row)
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)

    def refuse(method: str, _: str) -> None:
        if method == "DELETE":
            server.fail_next(status=412, method="DELETE")
            server.fail_next(4, status=502, method="GET", path_prefix="/api/dcim/interfaces/")

    with FaultProxy(server.url, before=refuse) as proxy:
        lab_harness.configure(url=proxy.url, timeout=3)
        result = lab_harness.apply(plan)

    assert Counter(v.key for v in result.verdicts) == {"p0": 1, "p1": 1}
    assert verdicts(result) == {"p0": "blocked", "p1": "failed"}


def test_an_apply_that_is_interrupted_leaves_a_late_request_to_the_next_one(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(lab_fixtures.group)})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    # Its last try is the one whose answer is late.
    server.fail_next(3, status=429, retry_after=0, method="POST")
    with LateProxy(server.url, late_method="POST", delay=4, skip=3) as proxy:
        lab_harness.configure(url=proxy.url, timeout=3, longest_request=20)
        stop = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT))
        stop.start()
        with pytest.raises(KeyboardInterrupt):
            lab_harness.apply(plan)
        assert server.count("POST", "/api/ipam/vlans/") == 3
        time.sleep(4)

        result = lab_harness.apply(plan)

    assert [(v.key, v.verdict) for v in result.settled] == [("10", "applied")]
    assert verdicts(result) == {"10": "applied"}


NO_PAGES = {
    "a list": [],
    "an object": {},
    "no rows": {"count": 0, "next": None, "results": None},
    "null for a row": {"count": 1, "next": None, "results": [None]},
    "a number for a row": {"count": 1, "next": None, "results": [1]},
    "a row without an id": {"count": 1, "next": None, "results": [{}]},
    "a word for an id": {"count": 1, "next": None, "results": [{"id": "1"}]},
    "a word for a time": {"count": 1, "next": None, "results": [{"id": 1, "last_updated": "soon"}]},
}


@pytest.mark.parametrize("page", NO_PAGES.values(), ids=NO_PAGES)
def test_what_is_no_page_of_objects_deletes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Any
) -> None:
    with lying(LabNetBox, lie=honest) as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        netbox, harness = NetBox(server.url, server.token), ApplyHarness(tmp_path, server.url)
        fixtures = furnish(netbox)
        port = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="p", type="other")
        draft = Draft()
        draft.delete("interfaces", "p", port)
        plan = draft.publish(harness.warehouse)
        server.lie = lambda path, content: page if path == "/api/dcim/interfaces/" else None

        result = harness.approve_and_apply(plan)

        assert [(v.key, v.verdict, v.message) for v in result.verdicts] == [
            (
                "p",
                "failed",
                "not written: netbox: GET /api/dcim/interfaces/ answered with something else than a page of objects; "
                "look at the server and at the proxies before it",
            )
        ]
        assert server.count("DELETE") == 0


@pytest.mark.parametrize("rows", [[None], [1], [{}], [{"id": 1, "last_updated": "soon"}], {"id": 1}])
def test_a_write_that_is_answered_with_something_else_is_settled_by_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Any
) -> None:
    with lying(LabNetBox, lie=honest) as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        netbox, harness = NetBox(server.url, server.token), ApplyHarness(tmp_path, server.url)
        fixtures = furnish(netbox)
        draft = Draft()
        draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
        plan = draft.publish(harness.warehouse)
        server.lie = lambda path, content: (
            rows if path == "/api/dcim/devices/" and isinstance(content, list) else None
        )

        result = harness.approve_and_apply(plan)

        found = [(v.key, v.verdict, v.message) for v in result.verdicts]
        assert found == [("sw1", "applied", "NetBox answered 200; found in NetBox")]
        assert server.count("PATCH") == 1


@pytest.mark.parametrize(
    "change", [{"id": 1}, {"id": 1, "changed_object_id": 1, "request_id": "x", "time": None}]
)
def test_a_changelog_that_is_none_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    with lying(LabNetBox, lie=honest) as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        netbox, harness = NetBox(server.url, server.token), ApplyHarness(tmp_path, server.url)
        fixtures = furnish(netbox)
        draft = Draft()
        draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
        plan = draft.publish(harness.warehouse)
        page = {"count": 1, "next": None, "results": [change]}
        server.lie = lambda path, content: page if path == "/api/core/object-changes/" else None

        result = harness.approve_and_apply(plan)

        assert verdicts(result) == {"sw1": "applied"}
        assert result.notes == [
            "NetBox's changelog could not be read for the ledger: netbox: GET /api/core/object-changes/ answered with "
            "something else than changes; look at the server and at the proxies before it"
        ]


def test_a_status_that_is_a_list_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lying(LabNetBox, lie=honest) as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        netbox, harness = NetBox(server.url, server.token), ApplyHarness(tmp_path, server.url)
        fixtures = furnish(netbox)
        draft = Draft()
        draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
        plan = draft.publish(harness.warehouse)
        server.lie = lambda path, content: [] if path == "/api/status/" else None

        with pytest.raises(ServerError) as caught:
            harness.approve_and_apply(plan)

    assert str(caught.value) == (
        "netbox: GET /api/status/ answered with something else than its status; look at the server and at the "
        "proxies before it"
    )


def test_a_journal_whose_answer_leaves_fields_out_is_on_record_as_it_was_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Terse(LabNetBox):
        async def handle(self, request: Any) -> Any:
            answer = await super().handle(request)
            if request.method == "POST" and request.url.path == "/api/extras/journal-entries/":
                rows = json.loads(answer.body)
                answer.body = json.dumps([{"id": row["id"]} for row in rows]).encode()
                answer.headers["content-length"] = str(len(answer.body))
            return answer

    with Terse() as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        fixtures = furnish(NetBox(server.url, server.token))
        harness = ApplyHarness(tmp_path / "data", server.url)
        harness.configure(journal=True)
        draft = Draft()
        draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
        result = harness.approve_and_apply(draft.publish(harness.warehouse))
    assert (verdicts(result), result.notes) == ({"sw1": "applied"}, [])
    with closing(open_ledger(harness.warehouse)) as con:
        said = con.execute("SELECT assigned_object_type, assigned_object_id, comments FROM ledger.journal")
        assert said.fetchall() == [
            (
                "dcim.device",
                fixtures.device["id"],
                f"netbox-sync lab apply {result.apply_id}: devices.update 1",
            )
        ]
