"""Several Proxmox endpoints: one cluster reached twice is one set of guests, two clusters of one name are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.base import IdentityError
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
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


@pytest.fixture
def both(
    pve: Pipeline, cluster: ProxmoxState, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Pipeline, Pipeline]]:
    """The same cluster through pve1 (``paris-pve``) and pve2 (``second``)."""
    with LabProxmox(cluster, local_node="pve2") as server:
        monkeypatch.setenv("PROXMOX_TOKEN_2", server.token_value)
        yield beside(pve, server, token_env="PROXMOX_TOKEN_2")


def test_one_cluster_through_two_endpoints_is_one_set(
    both: tuple[Pipeline, Pipeline], cluster: ProxmoxState, guest: Any
) -> None:
    first, second = both
    policies = {"delete": ["virtual_machines", "vm_interfaces", "mac_addresses"]}
    first.configure(policies=policies)
    second.configure(policies=policies)
    first.apply()
    assert second.sync().rows == ()
    # Neither is a rival of the other: what one wrote, the other keeps up to date.
    guest.name = guest.config["name"] = "www"
    guest.maxcpu = 8
    assert after(row(second.sync(), "virtual_machines", "www")) == {"name": "www", "vcpus": 8.0}
    second.apply()
    assert first.sync().rows == ()
    # A guest that one created and that is gone is a delete candidate of either.
    del cluster.guests[101]
    cluster.add_qemu(102, node="pve2", name="mail")
    for pipeline in (first, second):
        assert [r.key for r in rows(pipeline.sync(), "virtual_machines", "delete")] == ["www [vmid 101]"]


def test_both_plans_applied_create_everything_once(both: tuple[Pipeline, Pipeline], guest: Any) -> None:
    first, second = both
    guest.config["ipconfig0"] = "ip=10.0.0.5/24"
    late = second.sync()
    approve(
        second.warehouse,
        late,
        list(late.by_id()),
        who="alice",
        through="cli",
        policies=second.endpoint.policies,
    )
    first.apply()
    writes = len(first.netbox.all("core/object-changes"))
    result = apply_approved(second.warehouse, second.config.netbox, "second", late, who="alice")
    # What the second plan wants is there, as its approval says: done, and nothing is written twice.
    assert [v.change_id for v in result.verdicts] == list(late.by_id())
    assert {(v.verdict, v.already) for v in result.verdicts} == {("applied", True)}
    assert len(first.netbox.all("core/object-changes")) == writes
    assert [len(first.netbox.all(path)) for path in (VMS, "ipam/ip-addresses", "dcim/mac-addresses")] == [
        1,
        1,
        1,
    ]
    assert second.sync().rows == ()


def test_an_endpoint_that_is_down_changes_nothing(
    both: tuple[Pipeline, Pipeline], proxmox: LabProxmox, cluster: ProxmoxState, guest: Any
) -> None:
    first, second = both
    first.apply()
    second.sync()
    proxmox.stop()
    with pytest.raises(ServerError, match="paris-pve"):
        first.sync()
    assert first.again().rows == ()
    guest.maxcpu = 8
    assert [after(r) for r in second.sync().changes] == [{"vcpus": 8.0}]


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


@pytest.mark.parametrize(("ip", "same"), [("10.99.0.11", True), ("10.98.0.11", False)])
def test_without_a_certificate_authority_the_nodes_decide(
    both: tuple[Pipeline, Pipeline], cluster: ProxmoxState, guest: Any, ip: str, same: bool
) -> None:
    first, second = both
    cluster.ca_fingerprint = ""
    first.apply()
    cluster.nodes["pve1"].ip = ip
    cluster.nodes["pve2"].ip = "10.98.0.12"
    if same:
        assert second.sync().rows == ()
    else:
        with pytest.raises(IdentityError, match="nothing shows whether it is one"):
            second.sync()
