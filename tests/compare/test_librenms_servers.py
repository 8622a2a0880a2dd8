"""Two LibreNMS servers and one NetBox: ids by server, and devices that both of them poll."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.storage.views import open_views
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.kept import begun, serving
from tests.support import NetBox, Pipeline, after, row, rows

Worlds = tuple[Pipeline, Pipeline]


@pytest.fixture
def other(state: LibreNMSState) -> LibreNMSState:
    """Both servers poll core; each also polls another switch, and the same numbers mean other things."""
    second = LibreNMSState()
    for place, hosts in ((state, ("paris", "core")), (second, ("core", "lyon"))):
        for name in hosts:
            device = place.add_device(name, hardware="C9300-48P", serial=f"FOC-{name}")
            place.add_port(device, "Gi0/1", ifAlias=f"from {hosts[0]}")
    return second


@pytest.fixture
def worlds(
    request: pytest.FixtureRequest,
    pipeline: Pipeline,
    other: LibreNMSState,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Worlds]:
    monkeypatch.setenv("SECOND_TOKEN", "second-token")
    with serving(request, "secondary", lambda port: LabLibreNMS(other, port, token="second-token")) as server:
        first = pipeline.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
        second = {**first, "name": "secondary", "url": server.url, "token_env": "SECOND_TOKEN"}
        home = pipeline.warehouse.home
        yield (
            Pipeline(home, pipeline.netbox, first, endpoints=[second]),
            Pipeline(home, pipeline.netbox, second, endpoints=[first]),
        )


@pytest.fixture
def written(worlds: Worlds, state: LibreNMSState, other: LibreNMSState) -> Worlds:
    """What both show is in NetBox."""

    def make() -> None:
        for pipeline in worlds:
            pipeline.apply()

    begun("written", worlds[1], [state, other], make)
    return worlds


def ids(netbox: NetBox) -> dict[str, Any]:
    return {
        **{d["name"]: d["custom_fields"]["librenms_id"] for d in netbox.all("dcim/devices")},
        **{
            f"{i['device']['name']} {i['name']}": i["custom_fields"]["librenms_id"]
            for i in netbox.all("dcim/interfaces")
        },
    }


def shared(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    con = open_views(pipeline.warehouse)
    try:
        return con.execute("SELECT name, endpoints, keys, source_ids FROM sync.shared_devices").fetchall()
    finally:
        con.close()


def test_ids_are_kept_by_server(written: Worlds, netbox: NetBox) -> None:
    """One server's number means nothing to another; a device that both show is reported."""
    first, second = written
    plan = load_plan(second.warehouse, second.name)
    assert after(row(plan, "devices", "core")) == {"cf.librenms_id": {"production": 2, "secondary": 1}}
    done = second.sync()
    assert ids(netbox) == {
        "paris": {"production": 1},
        "core": {"production": 2, "secondary": 1},
        "lyon": {"secondary": 2},
        "paris Gi0/1": {"production": 1},
        "core Gi0/1": {"production": 2, "secondary": 1},
        "lyon Gi0/1": {"secondary": 2},
    }
    assert [r.key for r in done.rows if r.is_change] == []
    # They do not agree on the description; neither writes over the other.
    said = "sources disagree: production wrote it; name both in precedence or field_precedence to decide"
    assert [(r.key, r.action, r.reason) for r in rows(done, "interfaces")] == [
        ("core Gi0/1", "conflict", f"description: {said}")
    ]
    assert [r.key for r in first.sync().rows if r.is_change] == []
    assert shared(first) == [("core", ["production", "secondary"], ["core", "core"], ["2", "1"])]


def test_what_both_would_create_is_created_once(worlds: Worlds, netbox: NetBox) -> None:
    """Both diffs were made and approved before either was applied."""
    second = worlds[1]
    plans = [(pipeline, pipeline.sync()) for pipeline in worlds]
    for pipeline, plan in plans:
        approve(
            pipeline.warehouse,
            plan,
            list(plan.by_id()),
            who="alice",
            through="cli",
            policies=pipeline.endpoint.policies,
        )
    results = [
        apply_approved(pipeline.warehouse, pipeline.config.netbox, pipeline.name, plan, who="alice")
        for pipeline, plan in plans
    ]
    assert {v.verdict for v in results[0].verdicts} == {"applied"}
    # The custom field that keeps the ids is there as approved. The device core holds the other server's id.
    assert {(v.resource, v.key): (v.verdict, v.already) for v in results[1].verdicts} == {
        ("custom_fields", "librenms_id"): ("applied", True),
        ("devices", "core"): ("stale", False),
        ("interfaces", "core Gi0/1"): ("blocked", False),
        ("devices", "lyon"): ("applied", False),
        ("interfaces", "lyon Gi0/1"): ("applied", False),
    }
    assert sorted(d["name"] for d in netbox.all("dcim/devices")) == ["core", "lyon", "paris"]
    second.apply()
    assert ids(netbox)["core"] == {"production": 2, "secondary": 1}


def test_a_device_that_leaves_one_server_stays_with_the_other(written: Worlds, state: LibreNMSState) -> None:
    first, second = written
    state.delete_device(2)
    gone = row(first.sync(), "devices", "core (gone, id 2)")
    assert (gone.action, gone.reason) == (
        "drifted",
        "no longer in LibreNMS; devices are never deleted by a sync",
    )
    assert [r.key for r in second.sync().rows if r.is_change] == []
    assert shared(first) == []
