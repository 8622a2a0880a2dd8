"""Undo of a cluster's scope: NetBox gives the cluster's virtual machines its site, and an undo restores the sites."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.approve import open_ledger
from netbox_sync_dagster.compare.plan import Plan
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of
from tests.apply.undoing import back_and_forth, done
from tests.support import NetBox

CLUSTERS = "virtualization/clusters"
MACHINES = "virtualization/virtual-machines"
Row = dict[str, Any]


@pytest.fixture
def places(netbox: NetBox, fixtures: NetBoxFixtures) -> dict[str, Row]:
    """Two more sites with a location each. The machine is at the first, two others have another one and none."""
    found = {}
    for name in ("north", "south"):
        site = netbox.create("dcim/sites", name=f"{name} {fixtures.suffix}", slug=f"{name}-{fixtures.suffix}")
        hall = {"name": f"hall {fixtures.suffix}", "slug": f"hall-{fixtures.suffix}", "site": site["id"]}
        found |= {name: site, f"{name} hall": netbox.create("dcim/locations", **hall)}
    netbox.edit(MACHINES, fixtures.vm["id"], site=found["north"]["id"])
    for name, place in (("b", {"site": found["south"]["id"]}), ("c", {})):
        netbox.create(MACHINES, name=f"{name} {fixtures.suffix}", cluster=fixtures.cluster["id"], **place)
    return found


def scope(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, before: Row | None, after: Row | None
) -> Plan:
    """The update of the cluster's scope alone."""
    draft, cluster = Draft(), netbox.one(CLUSTERS, id=fixtures.cluster["id"])
    values = tuple(value and of(value, type=_type(value)) for value in (before, after))
    draft.update("clusters", "pve", cluster, {"scope": values})  # type: ignore[dict-item]
    return draft.publish(harness.warehouse)


def _type(place: Row) -> str:
    return "dcim.location" if "site" in place else "dcim.site"


def sites(netbox: NetBox, fixtures: NetBoxFixtures) -> list[str | None]:
    """The first words of the sites of the cluster's machines, in the order in which these were created."""
    found = netbox.all(MACHINES, cluster_id=fixtures.cluster["id"], ordering="id")
    return [row["site"] and row["site"]["name"].split()[0] for row in found]


@pytest.mark.parametrize("place", ["south", "south hall"])
def test_machines_get_their_sites_back_with_the_scope_of_their_cluster(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, places: dict[str, Row], place: str
) -> None:
    first = done(harness, scope(harness, netbox, fixtures, None, places[place]))
    assert sites(netbox, fixtures) == ["south", "south", "south"]

    con = open_ledger(harness.warehouse, objects=True)
    values = con.execute(
        "SELECT value ->> '$.id' FROM ledger.last_written WHERE field = 'site' ORDER BY netbox_id"
    ).fetchall()
    con.close()
    assert values == [(str(places["south"]["id"]),)] * 2

    plan = plan_undo(harness.warehouse, harness.target, first)
    cluster = next(row for row in plan.changes if row.resource == "clusters")
    machines = {
        (row.action, row.key): [(f.name, f.before["id"], f.after and f.after["id"]) for f in row.fields]
        for row in plan.changes
        if row is not cluster
    }
    assert machines == {
        ("update", f"{fixtures.vm['name']} site"): [("site", places["south"]["id"], places["north"]["id"])],
        ("update", f"c {fixtures.suffix} site"): [("site", places["south"]["id"], None)],
    }
    assert {row.depends_on for row in plan.changes if row is not cluster} == {(cluster.change_id,)}
    done(harness, plan)
    assert sites(netbox, fixtures) == ["north", "south", None]


def test_back_and_forth_with_the_scope_of_a_cluster(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, places: dict[str, Row]
) -> None:
    back_and_forth(harness, netbox, fixtures, scope(harness, netbox, fixtures, None, places["south"]))


def test_a_former_scope_with_a_site_takes_the_machines_back(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, places: dict[str, Row]
) -> None:
    done(harness, scope(harness, netbox, fixtures, None, places["south"]))
    second = done(harness, scope(harness, netbox, fixtures, places["south"], places["north hall"]))
    assert sites(netbox, fixtures) == ["north", "north", "north"]
    plan = plan_undo(harness.warehouse, harness.target, second)
    assert [(row.resource, row.action) for row in plan.rows] == [("clusters", "update")]
    done(harness, plan)
    assert sites(netbox, fixtures) == ["south", "south", "south"]


def test_the_machines_stay_where_the_cluster_was_changed_since(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, places: dict[str, Row]
) -> None:
    first = done(harness, scope(harness, netbox, fixtures, None, places["south"]))
    plan = plan_undo(harness.warehouse, harness.target, first)
    machine = next(row for row in plan.changes if row.resource == "virtual_machines")
    assert verdicts(harness.approve_and_apply(plan, [machine.change_id])) == {machine.key: "blocked"}
    netbox.edit(CLUSTERS, fixtures.cluster["id"], comments="moved for good")
    plan = plan_undo(harness.warehouse, harness.target, first)
    assert [(row.action, (row.reason or "").partition(" in NetBox")[0]) for row in plan.rows] == [
        ("conflict", "it was changed"),
        *[("conflict", "it needs clusters pve, which cannot be undone: it was changed")] * 2,
    ]
