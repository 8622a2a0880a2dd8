"""Several endpoints over one NetBox: what another one wrote is done, and undos bring back the first plans of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from netbox_sync_dagster.apply import ApplyResult, apply_approved, plan_undo
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.apply.test_fixed_point import decided, furnished
from tests.apply.test_own_writes import DELETES, guest
from tests.compare.guests import proxmox_lab
from tests.kept import LabTarget
from tests.support import ODD_FOLDER, Pipeline, proxmox_endpoint


def approved(pipeline: Pipeline, plan: Plan) -> None:
    ids = list(plan.by_id())
    more = {
        "who": "alice",
        "through": "cli",
        "policies": pipeline.endpoint.policies,
        "override_limit": "test",
    }
    approve(pipeline.warehouse, plan, ids, **more)  # type: ignore[arg-type]


def second(pipeline: Pipeline, name: str, content: dict[str, Any]) -> Pipeline:
    """Another endpoint over the same warehouse and NetBox."""
    config = pipeline.config.model_dump(mode="json", exclude_unset=True)
    pipeline.config = Config.model_validate({**config, "endpoints": [*config["endpoints"], content]})
    other = Pipeline.__new__(Pipeline)
    other.__dict__.update(pipeline.__dict__)
    other.name = name
    return other


def all_synced(*pipelines: Pipeline) -> list[Plan]:
    """The plans of endpoints that are read one after the other, and NetBox once for all of them."""
    for pipeline in pipelines:
        pipeline.snapshot()
    pipelines[0]._read_netbox()
    return [pipeline.again() for pipeline in pipelines]


@pytest.mark.parametrize("place", ["lab", pytest.param("live", marks=pytest.mark.live)])
def test_what_another_endpoint_has_written_is_done(place: str) -> None:
    """Both plans are approved; the second apply finds creates, updates and deletes done, and is green."""
    with proxmox_lab({"policies": DELETES}, live=place == "live") as (cluster, proxmox, pve, _):
        written_by_two(cluster, proxmox, pve)


def written_by_two(cluster: ProxmoxState, proxmox: LabProxmox, pve: Pipeline) -> None:
    other = second(pve, "paris-2", proxmox_endpoint(proxmox, "paris-2", policies=DELETES))

    def both() -> tuple[list[Plan], list[ApplyResult]]:
        plans = all_synced(pve, other)
        for pipeline, plan in zip((pve, other), plans, strict=True):
            approved(pipeline, plan)
        return plans, [
            apply_approved(pve.warehouse, pve.config.netbox, plan.endpoint, plan, who="alice")
            for plan in plans
        ]

    def see(results: list[ApplyResult], actions: set[str]) -> None:
        first, late = results
        assert {v.action for v in first.verdicts} == {v.action for v in late.verdicts} == actions
        assert first.ok and late.ok, [v for r in results for v in r.verdicts if v.verdict != "applied"]
        assert len(first.verdicts) == len(late.verdicts) > 0
        assert {v.already for v in first.verdicts} == {False}
        assert {v.already for v in late.verdicts} == {True}
        assert late.verdicts[0].message == (
            f"already as approved: apply {first.apply_id} of endpoint 'paris-pve' wrote it"
        )

    for number in range(6):
        guest(cluster, 101 + number, host=10 + number)
    _, results = both()
    see(results, {"create", "update"})
    guest(cluster, 101, host=99, node="pve2", tags="prod;new")
    cluster.remove(106)
    plans, results = both()
    # Of the others there is no row.
    owners = {row.parent for plan in plans for row in plan.rows if row.resource != "tags"}
    assert owners == {"vm101", "vm106"}
    see(results, {"create", "update", "delete"})
    assert [plan.rows for plan in all_synced(pve, other)] == [(), ()]
    # Created once, and by the endpoint that did it.
    assert pve.sql("SELECT DISTINCT endpoint FROM ledger.created") == [("paris-pve",)]


# Who writes first -> the names that are its own.
ORDERS = {
    "proxmox first": {"pve1", "sw1", "vm101"},
    "librenms first": {"pve2", "sw2", "vm102"},
}


def of(plan: Plan, order: str) -> Plan:
    """The plan with the rows of one order."""
    return replace(plan, rows=tuple(row for row in plan.rows if (row.parent or row.key) in ORDERS[order]))


def write_of(plan: Plan, pipeline: Pipeline, order: str) -> str:
    """Apply the rows of one order, and those of neither; every change has to go through. The id of the apply."""
    others = {row.change_id for one in ORDERS if one != order for row in of(plan, one).rows}
    assert pipeline.write(plan, [one for one in plan.by_id() if one not in others]) == []
    return pipeline.apply_id or ""


def undo_of(pipeline: Pipeline, apply_id: str, order: str) -> None:
    undone = plan_undo(pipeline.warehouse, pipeline.config.netbox, apply_id)
    plan = load_plan(pipeline.warehouse, undone.name)
    mine = of(plan, order).rows
    assert [(r.resource, r.key, r.reason) for r in mine if not r.is_change] == []
    assert pipeline.write(plan, [row.change_id for row in mine]) == []


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[Plan]]]:
    """Plans of Proxmox and LibreNMS, which share nodes: the first ones; after each wrote what it writes first; after each
    wrote what it writes last; and after the undos of all that."""
    state, cluster = LibreNMSState(), ProxmoxState(cluster="paris")
    for number in (1, 2):
        for place, name in enumerate((f"pve{number}", f"sw{number}")):
            device = state.add_device(name, hardware="C9300-48P", serial=f"FOC{number}{place}")
            port = state.add_port(device, "eno1", ifAlias="uplink", ifType="ethernetCsmacd", ifMtu=9000)
            state.add_ipv4(port, f"10.7.{place}.{number}", 24)
        network = {"iface": "eno1", "type": "eth", "active": 1, "cidr": f"10.7.0.{number}/24", "mtu": "1500"}
        cluster.add_node(f"pve{number}", network=[network])
        guest(cluster, 100 + number, host=10 + number, node=f"pve{number}")
    with (
        pytest.MonkeyPatch.context() as environment,
        LabNetBox(token="lab-token") as server,
        LabProxmox(cluster) as proxmox,
        LabLibreNMS(state) as librenms,
    ):
        environment.setenv("NETBOX_TOKEN", server.token)
        environment.setenv("PROXMOX_TOKEN", proxmox.token_value)
        environment.setenv("LIBRENMS_TOKEN", librenms.token)
        netbox = LabTarget(server)
        furnished(netbox)
        home = tmp_path_factory.mktemp("in turn") / ODD_FOLDER
        pve = Pipeline(home, netbox, proxmox_endpoint(proxmox, policies=DELETES))
        content = {
            "name": "lnms",
            "kind": "librenms",
            "url": librenms.url,
            "import_devices": "all",
            "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
        }
        lnms = second(pve, "lnms", content)
        pve.config.precedence[:] = ["paris-pve", "lnms"]
        # Proxmox and LibreNMS, or LibreNMS and Proxmox.
        first, last = {"proxmox first": 0, "librenms first": 1}, {"proxmox first": 1, "librenms first": 0}
        worlds = (pve, lnms)
        plans = [all_synced(*worlds)]
        applies = []
        for turn in (first, last):
            for order, number in turn.items():
                written = write_of(plans[-1][number], worlds[number], order)
                applies.append((worlds[number], written, order))
            plans.append(all_synced(*worlds))
        for pipeline, apply_id, order in reversed(applies):
            undo_of(pipeline, apply_id, order)
        yield [*plans, all_synced(*worlds)]


@pytest.mark.parametrize(("order", "turns"), [("proxmox first", (0, 1)), ("librenms first", (1, 0))])
def test_endpoints_that_share_a_device_end_in_no_difference_and_their_undos_in_the_first_plans(
    in_turn: list[list[Plan]], order: str, turns: tuple[int, int]
) -> None:
    alone, first_written, both_written, undone = in_turn
    assert all(of(plan, order).changes for plan in alone)
    assert of(first_written[turns[0]], order).changes == []
    assert of(first_written[turns[1]], order).changes != []
    assert of(both_written[turns[1]], order).changes == []
    assert [decided(of(plan, order)) for plan in undone] == [decided(of(plan, order)) for plan in alone]
