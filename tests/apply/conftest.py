"""A NetBox with one site, cluster, device and virtual machine; the lab's, or a real one for `live`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.apply import ApplyResult, apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import NetBoxTarget, Policies
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_lab.netbox import LabNetBox
from tests.real_netbox import real_netbox
from tests.support import ODD_FOLDER, NetBox

Row = dict[str, Any]


@dataclass
class NetBoxFixtures:
    """Objects that every test has for itself. ``suffix`` keeps names apart on a NetBox that others use too."""

    suffix: str
    site: Row
    role: Row
    device_type: Row
    device: Row
    cluster: Row
    vm: Row
    group: Row
    network: str

    def ip(self, host: int) -> str:
        """An address in the test's own network."""
        return f"{self.network}.{host}/24"


class ApplyHarness:
    """Approves and applies against one NetBox."""

    def __init__(self, home: Path, url: str) -> None:
        self.warehouse = Warehouse(home)
        self.target = NetBoxTarget(url=url, timeout=10, longest_request=20)

    def configure(self, **changes: Any) -> None:
        """Change the target's settings. A request takes twice the timeout at most, unless ``changes`` says more."""
        content = {**self.target.model_dump(mode="json", exclude_unset=True), **changes}
        if "longest_request" not in changes:
            content["longest_request"] = 2 * content["timeout"]
        self.target = NetBoxTarget.model_validate(content)

    def approve(self, plan: Plan, ids: list[str] | None = None, **more: Any) -> None:
        """Approve these changes, all without ids."""
        chosen = list(plan.by_id()) if ids is None else ids
        approve(self.warehouse, plan, chosen, who="alice", through="cli", policies=Policies(), **more)

    def apply(self, plan: Plan, **more: Any) -> ApplyResult:
        return apply_approved(self.warehouse, self.target, plan.endpoint, plan, who="alice", **more)

    def approve_and_apply(self, plan: Plan, ids: list[str] | None = None) -> ApplyResult:
        self.approve(plan, ids)
        return self.apply(plan)


def verdicts(result: ApplyResult) -> dict[str, str]:
    """{key: verdict}"""
    return {item.key: item.verdict for item in result.verdicts}


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabNetBox]:
    """The lab NetBox itself, for faults and for what it was asked. An indirect parameter is its version."""
    with LabNetBox(version=getattr(request, "param", "4.6.8")) as lab:
        monkeypatch.setenv("NETBOX_TOKEN", lab.token)
        yield lab


@pytest.fixture(params=["lab", pytest.param("live", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest) -> Iterator[NetBox]:
    """The NetBox to write to."""
    if request.param == "live":
        with real_netbox() as real:
            yield real
        return
    lab: LabNetBox = request.getfixturevalue("server")
    yield NetBox(lab.url, lab.token)


@pytest.fixture
def lab_netbox(server: LabNetBox) -> NetBox:
    """The lab NetBox as a person uses it."""
    return NetBox(server.url, server.token)


@pytest.fixture
def harness(tmp_path: Path, netbox: NetBox) -> ApplyHarness:
    return ApplyHarness(tmp_path / ODD_FOLDER, netbox.url)


@pytest.fixture
def lab_harness(tmp_path: Path, server: LabNetBox) -> ApplyHarness:
    return ApplyHarness(tmp_path / ODD_FOLDER, server.url)


@pytest.fixture
def fixtures(netbox: NetBox) -> NetBoxFixtures:
    return furnish(netbox)


@pytest.fixture
def lab_fixtures(lab_netbox: NetBox) -> NetBoxFixtures:
    return furnish(lab_netbox)


def furnish(netbox: NetBox) -> NetBoxFixtures:
    """Create what a test needs."""
    number = random.randrange(1 << 30)
    suffix = f"{number:08x}"
    site = netbox.create("dcim/sites", name=f"Paris {suffix}", slug=f"paris-{suffix}")
    maker = netbox.create("dcim/manufacturers", name=f"Cisco {suffix}", slug=f"cisco-{suffix}")
    device_type = netbox.create(
        "dcim/device-types", manufacturer=maker["id"], model=f"C9300 {suffix}", slug=f"c9300-{suffix}"
    )
    role = netbox.create(
        "dcim/device-roles", name=f"Access {suffix}", slug=f"access-{suffix}", color="00ff00"
    )
    cluster_type = netbox.create("virtualization/cluster-types", name=f"PVE {suffix}", slug=f"pve-{suffix}")
    cluster = netbox.create("virtualization/clusters", name=f"pve {suffix}", type=cluster_type["id"])
    return NetBoxFixtures(
        suffix=suffix,
        site=site,
        role=role,
        device_type=device_type,
        device=netbox.create(
            "dcim/devices",
            name=f"sw1-{suffix}",
            site=site["id"],
            device_type=device_type["id"],
            role=role["id"],
        ),
        cluster=cluster,
        vm=netbox.create("virtualization/virtual-machines", name=f"web-{suffix}", cluster=cluster["id"]),
        group=netbox.create("ipam/vlan-groups", name=f"Paris {suffix}", slug=f"paris-vlans-{suffix}"),
        network=f"10.{number % 256}.{number // 256 % 256}",
    )
