"""One host for all tests of containers: their cases are containers of it that are synced together.

``begin`` runs before the first sync, ``change`` before the second, ``later`` before the third. A case is beside its test,
but for containers that the story syncs alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.docker import DockerState, LabDocker
from tests.compare.docker_lab import DELETE, INTERFACES, IPS, VMS, DockerLab, docker_lab
from tests.compare.stages import Applied, Stage, applied
from tests.support import Pipeline

POLICIES: dict[str, Any] = {**DELETE, "stale_addresses": "delete", "owns": ["ip_addresses.dns_name"]}
OTHER_POLICIES: dict[str, dict[str, Any]] = {
    "offline": {**DELETE, "missing_guests": "offline"},
    "decommissioning": {**DELETE, "missing_guests": "decommissioning"},
    "leave": {**DELETE, "missing_guests": "leave"},
    "none": {},
}
ALONE = ("alone-web", "alone-db", "alone-job")
begin, change, later = Stage[DockerLab](), Stage[DockerLab](), Stage[DockerLab]()


@dataclass(frozen=True)
class Story:
    """``stamps``: {name: last_updated} of the virtual machines before and after a second apply. ``alone``: plans of single
    containers, and ``under``: plans under other policies, all before the second sync."""

    begun: Applied
    stamps: list[dict[str, str]]
    names: list[str]
    second_host: Applied
    alone: dict[str, Plan]
    under: dict[str, Plan]
    changed: Applied
    later: Plan
    left_out_later: list[tuple[str, str, str]]
    hidden: Plan
    malformed: Plan
    none_listed: Plan
    shrunk: Plan


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    with docker_lab(tmp_path_factory.mktemp("docker"), policies=POLICIES) as lab:
        pipeline = lab.pipeline
        begin.run(lab)
        begun = applied(pipeline, VMS, INTERFACES, IPS)
        pipeline.apply()
        stamps = [
            {vm["name"]: vm["last_updated"] for vm in found}
            for found in (begun.held[VMS], lab.netbox.all(VMS))
        ]
        names = [name for (name,) in pipeline.sql("SELECT name FROM docker.containers ORDER BY 1")]
        second_host = beside_a_second_host(lab)
        change.run(lab)
        alone = {name: pipeline.sync(only=name) for name in ("alone-web", "alone-job")}
        pipeline.snapshot()
        under = {name: under_policies(pipeline, more) for name, more in OTHER_POLICIES.items()}
        pipeline.configure(policies=POLICIES)
        changed = applied(pipeline, VMS, INTERFACES, IPS)
        later.run(lab)
        then, left_out = pipeline.sync(), pipeline.left_out()
        lab.host.hidden.add("hidden")
        hidden = pipeline.sync()
        lab.host.hidden.clear()
        lab.host.odd_rows = [{"Id": "?"}]
        malformed = pipeline.sync()
        lab.host.odd_rows = []
        lab.host.containers.clear()
        none_listed = pipeline.sync()
        pipeline.snapshot(accept_shrink=True)
        shrunk = pipeline.again()
    return Story(
        begun,
        stamps,
        names,
        second_host,
        alone,
        under,
        changed,
        then,
        left_out,
        hidden,
        malformed,
        none_listed,
        shrunk,
    )


def beside_a_second_host(lab: DockerLab) -> Applied:
    """Host second is synced, for which NetBox has a cluster with the virtual machine ours."""
    kind = lab.netbox.one("virtualization/cluster-types")["id"]
    cluster = lab.netbox.create(
        "virtualization/clusters", name="docker2", type=kind, scope_type="dcim.site", scope_id=1
    )
    other = lab.netbox.create("virtualization/clusters", name="other", type=kind)
    lab.netbox.create(VMS, name="ours", cluster=cluster["id"], vcpus=4, memory=1024)
    lab.netbox.create(VMS, name="ours", cluster=other["id"])
    with LabDocker(DockerState("second")) as second:
        second.state.add_network("own", "172.50.0.0/24")
        second.state.add("ours", "own")
        second.state.add("bridged")
        endpoint = {"name": "docker2", "kind": "docker", "url": second.url, "defaults": {"site": "paris"}}
        return applied(Pipeline(lab.pipeline.warehouse.home, lab.netbox, endpoint), VMS)


def under_policies(pipeline: Pipeline, policies: dict[str, Any]) -> Plan:
    pipeline.configure(policies=policies)
    return pipeline.again()


@begin
def three_containers(lab: DockerLab) -> None:
    lab.host.add_network("alone", "172.43.0.0/24")
    for name in ALONE:
        lab.host.add(name, "alone")


@change
def two_grow_and_one_goes(lab: DockerLab) -> None:
    lab.host.containers["alone-web"].memory = lab.host.containers["alone-db"].memory = 1 << 30
    lab.host.remove("alone-job")
