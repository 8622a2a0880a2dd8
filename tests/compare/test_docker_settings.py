"""Settings of Docker endpoints: names of clusters, VRFs, platforms, roles, tags, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.sources.base import IdentityError
from netbox_sync_dagster.sources.docker.snapshot import snapshot_docker
from netbox_sync_lab.docker import DockerState, LabDocker
from tests.compare.docker_lab import DELETE, IPS, VMS, DockerLab, docker_lab
from tests.compare.stages import Applied, Stage, applied, of
from tests.support import Pipeline, after, row, rows

SETTINGS = {
    "cluster_name": "daemon",
    "compose_tags": True,
    "defaults": {"site": "paris", "vrf": "whale"},
    "mappings": {
        "vrfs": {"back": "lan", "Mixed": "whale", "mixed": "lan"},
        "platforms": {"registry.example.com:5000/library/postgres": "PostgreSQL"},
        "roles": {"container": "Database"},
    },
    "policies": DELETE,
}
FEWER = {"ignored_containers": ["ci-.*"], "auto_removed_containers": False, "bridge_addresses": False}
begin, fewer = Stage[DockerLab](), Stage[DockerLab]()


@dataclass(frozen=True)
class Story:
    """The first sync, applied; one with the settings FEWER; and what it left out."""

    begun: Applied
    fewer: Plan
    skipped: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    with docker_lab(tmp_path_factory.mktemp("docker"), **SETTINGS) as lab:
        begin.run(lab)
        begun = applied(lab.pipeline, VMS, IPS, "ipam/vrfs")
        fewer.run(lab)
        lab.pipeline.configure(**FEWER)
        return Story(begun, lab.pipeline.sync(), lab.pipeline.left_out())


def test_everything_is_written_and_then_in_sync(story: Story) -> None:
    assert story.begun.refused == []
    assert story.begun.then.rows == ()


begin(lambda lab: lab.host.add("web", "front"))


def test_the_clusters_name_may_be_the_daemons(story: Story) -> None:
    assert after(row(story.begun.plan, "clusters", "whale"))["name"] == "whale"
    assert after(row(story.begun.plan, "virtual_machines", "web"))["cf.docker_host"] == "whale"


@begin
def a_database(lab: DockerLab) -> None:
    for name in ("whale", "lan"):
        lab.netbox.create("ipam/vrfs", name=name)
    lab.netbox.create("dcim/platforms", name="PostgreSQL", slug="postgresql")
    lab.netbox.create("dcim/device-roles", name="Database", slug="database", color="00ff00")
    image = "registry.example.com:5000/library/postgres:16@sha256:" + "0" * 64
    lab.host.add("db", "front", "back", image=image)


def vrfs_of(story: Story, *addresses: str) -> dict[str, str]:
    """{address: VRF} of these."""
    return {a["address"]: a["vrf"]["name"] for a in story.begun.held[IPS] if a["address"] in addresses}


def test_vrfs_platforms_and_roles(story: Story) -> None:
    [vm] = story.begun.named(VMS, "db")
    assert (vm["platform"]["name"], vm["role"]["name"]) == ("PostgreSQL", "Database")
    assert vrfs_of(story, "172.30.0.3/24", "172.31.0.2/24", "2001:db8:31::2/64") == {
        "172.30.0.3/24": "whale",
        "172.31.0.2/24": "lan",
        "2001:db8:31::2/64": "lan",
    }


@begin
def a_network_that_is_called_like_another_but_for_case(lab: DockerLab) -> None:
    lab.host.add_network("mixed", "172.32.0.0/24", subnet6="2001:db8:32::/64")
    lab.host.add("mixed", "mixed")


def test_networks_are_told_apart_by_case(story: Story) -> None:
    assert vrfs_of(story, "172.32.0.2/24", "2001:db8:32::2/64") == {
        "172.32.0.2/24": "lan",
        "2001:db8:32::2/64": "lan",
    }


@begin
def a_project_of_compose(lab: DockerLab) -> None:
    labels = {"com.docker.compose.project": "Shop", "com.docker.compose.service": "web"}
    lab.host.add("shop-web-1", "front", labels=labels)
    lab.host.add("plain", "front")


def test_project_and_service_of_compose_become_tags_by_an_option(story: Story) -> None:
    found = story.begun.named(VMS, "plain", "shop-web-1")
    assert {vm["name"]: [tag["name"] for tag in vm["tags"]] for vm in found} == {
        "plain": [],
        "shop-web-1": ["shop", "web"],
    }


@begin
def containers_of_builds(lab: DockerLab) -> None:
    for name in ("ci-1", "ci-2", "my-ci-3"):
        lab.host.add(name, "front")


def test_ignored_containers(story: Story) -> None:
    assert len(rows(of(story.begun.plan, "ci-1", "ci-2", "my-ci-3"), "virtual_machines", "create")) == 3
    assert of(story.fewer, "ci-1", "ci-2").rows == ()
    assert rows(of(story.fewer, "my-ci-3"), "virtual_machines") == []
    assert [r for r in story.fewer.rows if r.action == "delete"] == []
    assert [
        (key, reason) for _, key, reason in story.skipped if "ci-" in key and "network" not in reason
    ] == [
        ("ci-1", "ignored_containers names it: ci-.*"),
        ("ci-2", "ignored_containers names it: ci-.*"),
    ]


@fewer
def a_container_of_a_bridge_and_of_a_macvlan(lab: DockerLab) -> None:
    lab.host.add_network("lan", "192.0.2.0/24", driver="macvlan")
    lab.host.add("outside", "front", "lan")


def test_addresses_of_bridges_may_be_left_out(story: Story) -> None:
    plan = of(story.fewer, "outside")
    assert [r.key for r in rows(plan, "ip_addresses")] == ["192.0.2.2 in whale"]
    assert [next(iter(after(r).values()))["name"] for r in rows(plan, "primary_ips")] == ["192.0.2.2"]
    assert [reason for _, key, reason in story.skipped if key.startswith("outside")] == [
        "network front is a bridge of this host; bridge_addresses is off"
    ]


begin(lambda lab: lab.host.add("early-job", "front", auto_remove=True))


@fewer
def a_job(lab: DockerLab) -> None:
    lab.host.add("job", "front", auto_remove=True)
    lab.host.add("late", "front")


def test_containers_that_docker_removes_are_skipped_by_an_option(story: Story) -> None:
    assert row(story.begun.plan, "virtual_machines", "early-job").action == "create"
    assert [r.key for r in rows(of(story.fewer, "job", "late"), "virtual_machines")] == ["late"]
    assert (
        "virtual_machines",
        "job",
        "Docker removes it when it stops; auto_removed_containers is off",
    ) in story.skipped


# -- several endpoints ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[IdentityError, Applied, Plan]:
    """Two endpoints whose clusters have one name. The error while the daemons are two; once both reach one daemon, the
    first endpoint's sync, applied, and the second endpoint's."""
    with (
        docker_lab(tmp_path_factory.mktemp("docker"), cluster_name="daemon") as lab,
        LabDocker(DockerState("whale", daemon_id="another")) as second,
    ):
        lab.host.add("web", "front")
        home, first = (
            lab.pipeline.warehouse.home,
            lab.pipeline.config.model_dump(mode="json", exclude_unset=True),
        )
        endpoint = first["endpoints"][0]
        other = {**endpoint, "name": "docker2", "url": second.url}
        pipeline = Pipeline(home, lab.netbox, endpoint, endpoints=[other])
        docker2 = pipeline.config.endpoint("docker2")
        snapshot_docker(docker2, pipeline.warehouse)  # type: ignore[arg-type]
        with pytest.raises(IdentityError) as refused:
            pipeline.sync()
        vars(second.state).update(vars(lab.host))
        snapshot_docker(docker2, pipeline.warehouse)  # type: ignore[arg-type]
        found = applied(pipeline)
        snapshot_docker(docker2, pipeline.warehouse)  # type: ignore[arg-type]
        compare(pipeline.warehouse, pipeline.config, docker2)
        pipeline.name = "docker2"
        return refused.value, found, pipeline.again()


Two = tuple[IdentityError, Applied, Plan]


def test_two_hosts_of_one_name_are_not_compared(two: Two) -> None:
    refused, of_one, _ = two
    assert "both name their cluster whale" in str(refused)
    assert "set cluster_name: endpoint" in str(refused)
    assert rows(of_one.plan, "virtual_machines", "create") != []


def test_one_daemon_through_two_endpoints_is_one_set(two: Two) -> None:
    _, of_one, of_two = two
    assert of_one.refused == []
    assert of_one.then.rows == ()
    assert of_two.rows == ()
