"""Several Proxmox endpoints: one cluster reached twice is one set of guests, two clusters of one name are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from netbox_sync_dagster.apply import ApplyResult, apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.base import IdentityError
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.guests import proxmox_lab
from tests.compare.stages import of
from tests.compare.test_carry_over import content
from tests.support import Pipeline, after, row, rows

VMS = "virtualization/virtual-machines"


@pytest.fixture
def guest(cluster: ProxmoxState) -> Any:
    return cluster.add_qemu(
        101, node="pve1", name="web", config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}
    )


def beside(pve: Pipeline, server: LabProxmox, **more: Any) -> tuple[Pipeline, Pipeline]:
    """The pipeline ``pve`` and one of a second endpoint, in one warehouse and one configuration."""
    first = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
    second = {**first, "name": "second", "url": server.url, "tls": {"ca": server.ca_path}, **more}
    home = pve.warehouse.home
    return Pipeline(home, pve.netbox, first, endpoints=[second]), Pipeline(
        home, pve.netbox, second, endpoints=[first]
    )


@dataclass
class Story:
    """What two endpoints of one cluster found, in their order; ``applied`` and ``writes`` are of the second plan's apply."""

    late: Plan
    applied: ApplyResult
    writes: tuple[int, int]
    held: list[int]
    refused: list[str]
    second_then: Plan
    renamed: Plan
    first_then: Plan
    without_authority: Plan
    other_nodes: IdentityError
    gone: list[Plan]
    down: ServerError
    first_down: Plan
    second_up: Plan


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """The same cluster through pve1 (``paris-pve``) and pve2 (``second``)."""
    policies = {"delete": ["virtual_machines", "vm_interfaces", "mac_addresses"]}
    with (
        proxmox_lab({"policies": policies}) as (cluster, proxmox, pve, _),
        LabProxmox(cluster, local_node="pve2") as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("PROXMOX_TOKEN_2", server.token_value)
        yield _story(cluster, proxmox, *beside(pve, server, token_env="PROXMOX_TOKEN_2"))


def _story(cluster: ProxmoxState, proxmox: LabProxmox, first: Pipeline, second: Pipeline) -> Story:
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "ipconfig0": "ip=10.0.0.5/24"},
    )
    kept = cluster.add_qemu(103, node="pve1", name="kept")
    late = second.sync()
    approve(
        second.warehouse,
        late,
        list(late.by_id()),
        who="alice",
        through="cli",
        policies=second.endpoint.policies,
    )
    refused = first.write(first.sync())
    before = len(first.netbox.all("core/object-changes"))
    result = apply_approved(second.warehouse, second.config.netbox, "second", late, who="alice")
    writes = before, len(first.netbox.all("core/object-changes"))
    held = [len(first.netbox.all(path)) for path in (VMS, "ipam/ip-addresses", "dcim/mac-addresses")]
    second_then = second.sync()
    guest.name = guest.config["name"] = "www"
    guest.maxcpu = 8
    renamed = second.sync()
    refused += second.write(renamed)
    authority, cluster.ca_fingerprint = cluster.ca_fingerprint, ""
    first_then = first.sync()
    cluster.nodes["pve2"].ip = "10.98.0.12"
    without_authority = second.sync()
    cluster.nodes["pve1"].ip = "10.98.0.11"
    with pytest.raises(IdentityError) as other_nodes:
        second.sync()
    cluster.ca_fingerprint, cluster.nodes["pve1"].ip = authority, "10.99.0.11"
    del cluster.guests[101]
    cluster.add_qemu(102, node="pve2", name="mail")
    first.snapshot()
    gone = [pipeline.sync() for pipeline in (second, first)]
    proxmox.stop()
    with pytest.raises(ServerError) as down:
        first.sync()
    first_down = first.again()
    kept.maxcpu = 16
    return Story(
        late,
        result,
        writes,
        held,
        refused,
        second_then,
        renamed,
        first_then,
        without_authority,
        other_nodes.value,
        gone,
        down.value,
        first_down,
        second.sync(),
    )


def test_one_cluster_through_two_endpoints_is_one_set(story: Story) -> None:
    assert story.second_then.rows == ()
    # Neither is a rival of the other: what one wrote, the other keeps up to date.
    assert after(row(story.renamed, "virtual_machines", "www")) == {"name": "www", "vcpus": 8.0}
    assert story.refused == []
    assert story.first_then.rows == ()
    # A guest that one created and that is gone is a delete candidate of either.
    for plan in story.gone:
        assert [r.key for r in rows(plan, "virtual_machines", "delete")] == ["www [vmid 101]"]


def test_both_plans_applied_create_everything_once(story: Story) -> None:
    # What the second plan wants is there, as its approval says: done, and nothing is written twice.
    assert [v.change_id for v in story.applied.verdicts] == list(story.late.by_id())
    assert {(v.verdict, v.already) for v in story.applied.verdicts} == {("applied", True)}
    assert story.writes[0] == story.writes[1]
    assert story.held == [2, 1, 1]
    assert story.second_then.rows == ()


def test_an_endpoint_that_is_down_changes_nothing(story: Story) -> None:
    assert "paris-pve" in str(story.down)
    assert content(story.first_down) == content(story.gone[1])
    assert [after(r) for r in of(story.second_up, "kept").changes] == [{"vcpus": 16.0}]


@pytest.mark.parametrize("same", [True, False])
def test_without_a_certificate_authority_the_nodes_decide(story: Story, same: bool) -> None:
    if same:
        assert story.without_authority.rows == ()
    else:
        assert "nothing shows whether it is one" in str(story.other_nodes)


def test_two_clusters_of_one_name_are_told_apart_or_refused(
    pve: Pipeline, guest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    namesake = ProxmoxState(cluster="PARIS")
    namesake.add_node("lab1", network=[])
    namesake.add_qemu(101, node="lab1", name="other")
    with LabProxmox(namesake) as server:
        monkeypatch.setenv("PROXMOX_TOKEN_2", server.token_value)
        first, second = beside(pve, server, token_env="PROXMOX_TOKEN_2")
        first.apply()
        with pytest.raises(IdentityError) as refused:
            second.sync()
        assert "certificate authorities differ" in str(refused.value)
        assert "set cluster_name of 'paris-pve' or 'second'" in str(refused.value)
        with pytest.raises(IdentityError):
            first.sync()
        # Another name makes it another cluster.
        second.configure(cluster_name="Paris lab")
        plan = second.sync()
        assert [after(r)["name"] for r in rows(plan, "clusters", "create")] == ["Paris lab"]
        machine = after(row(plan, "virtual_machines", "other"))
        assert (machine["cf.proxmox_cluster"], machine["cf.proxmox_vmid"]) == ("Paris lab", 101)
        assert second.apply_all().rows == ()
        assert {vm["name"] for vm in pve.netbox.all(VMS)} == {"web", "other"}
