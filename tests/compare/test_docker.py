"""Docker hosts: containers as virtual machines of one cluster per host, over the whole path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.sources.base import IdentityError
from netbox_sync_dagster.sources.docker.snapshot import snapshot_docker
from netbox_sync_lab.docker import DockerState, LabDocker
from tests.kept import begun, placed
from tests.support import NetBox, Pipeline, after, before, row, rows

VMS = "virtualization/virtual-machines"
INTERFACES = "virtualization/interfaces"


@pytest.fixture
def host() -> DockerState:
    """Host whale with the networks front and back, without containers."""
    state = DockerState("whale")
    state.add_network("front", "172.30.0.0/24")
    state.add_network("back", "172.31.0.0/24", subnet6="2001:db8:31::/64")
    return state


@pytest.fixture
def daemon(request: pytest.FixtureRequest, host: DockerState) -> Iterator[LabDocker]:
    server = placed(request, "whale", lambda port: LabDocker(host, port=port))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def docker(daemon: LabDocker, netbox: NetBox, basics: Any, tmp_path: Path) -> Pipeline:
    """The host against NetBox, as endpoint ``docker1``."""
    netbox.create("virtualization/cluster-types", name="Docker", slug="docker")
    endpoint = {"name": "docker1", "kind": "docker", "url": daemon.url, "defaults": {"site": "paris"}}
    return Pipeline(tmp_path / "data", netbox, endpoint)


def created(docker: Pipeline, name: str) -> dict[str, Any]:
    return after(row(docker.sync(), "virtual_machines", name))


def test_a_container_becomes_a_virtual_machine(docker: Pipeline, host: DockerState, netbox: NetBox) -> None:
    role = netbox.create("dcim/device-roles", name="Container", slug="container", color="00ff00")
    host.add(
        "web",
        "front",
        "back",
        image="registry.example.com/shop/web:2.1",
        nano_cpus=1_500_000_000,
        memory=536_870_912,
        restart="unless-stopped",
    )
    plan = docker.sync()
    assert after(row(plan, "clusters", "docker1")) == {
        "name": "docker1",
        "type": {"id": 1, "name": "Docker"},
        "scope": {"id": 1, "name": "Paris", "type": "dcim.site"},
        "status": "active",
    }
    assert after(row(plan, "virtual_machines", "web")) == {
        "name": "web",
        "cluster": {"key": "docker1", "name": "docker1", "ref": "clusters"},
        "status": "active",
        "role": {"id": role["id"], "name": "Container"},
        "vcpus": 1.5,
        "memory": 512,
        "start_on_boot": "on",
        "description": "registry.example.com/shop/web:2.1",
        "cf.docker_host": "docker1",
        "cf.docker_container": "web",
    }
    assert [(r.key, after(r)["name"]) for r in rows(plan, "vm_interfaces")] == [
        ("web back", "back"),
        ("web front", "front"),
    ]
    assert [after(r)["mac_address"] for r in rows(plan, "mac_addresses")] == [
        "02:42:AC:1F:00:02",
        "02:42:AC:1E:00:02",
    ]
    assert [after(r)["address"] for r in rows(plan, "ip_addresses")] == [
        "172.30.0.2/24",
        "172.31.0.2/24",
        "2001:db8:31::2/64",
    ]
    # The network that it was started with has the primary address; only the other one knows IPv6.
    assert [(r.key, next(iter(after(r).values()))["name"]) for r in rows(plan, "primary_ips")] == [
        ("web IPv4", "172.30.0.2"),
        ("web IPv6", "2001:db8:31::2"),
    ]


def test_everything_applied_leaves_nothing_to_do(docker: Pipeline, host: DockerState, netbox: NetBox) -> None:
    host.add("web", "front", "back", hostname="web", nano_cpus=500_000_000)
    host.add("db", "back", state="exited", memory=268_435_456)
    host.add("proxy", "host")
    host.add("batch", "none")
    host.add("sidecar", network_mode="container:web")
    docker.configure(policies={"owns": ["ip_addresses.dns_name"]})
    assert docker.apply_all().rows == ()
    found = {vm["name"]: vm for vm in netbox.all(VMS)}
    assert sorted(found) == ["batch", "db", "proxy", "sidecar", "web"]
    assert found["web"]["primary_ip4"]["address"] == "172.30.0.2/24"
    assert (found["db"]["status"]["value"], found["db"]["memory"], found["db"]["vcpus"]) == (
        "offline",
        256,
        None,
    )
    assert sorted(i["display"] for i in netbox.all(INTERFACES)) == ["back", "back", "front"]
    assert {a["dns_name"] for a in netbox.all("ipam/ip-addresses")} == {"web"}
    left_out = "SELECT key, reason FROM desired.skipped ORDER BY key"
    assert docker.sql(left_out) == [
        ("batch none", "it has no network"),
        ("proxy host", "it uses the host's own interfaces"),
        ("sidecar container:web", "it uses the interfaces of another container"),
    ]
    stamps = [vm["last_updated"] for vm in netbox.all(VMS)]
    assert docker.apply_all().rows == ()
    assert [vm["last_updated"] for vm in netbox.all(VMS)] == stamps


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("running", "active"),
        ("restarting", "active"),
        ("paused", "paused"),
        ("created", "offline"),
        ("exited", "offline"),
        ("dead", "offline"),
    ],
)
def test_status(docker: Pipeline, host: DockerState, state: str, status: str) -> None:
    host.add("web", "front", state=state)
    assert created(docker, "web")["status"] == status


def test_a_container_that_stops_keeps_what_it_has(docker: Pipeline, host: DockerState) -> None:
    """It shows neither MAC nor addresses then, which is no evidence that they are gone."""
    host.add("web", "front", "back")
    policies = {"stale_addresses": "delete", "delete": ["ip_addresses", "vm_interfaces", "mac_addresses"]}
    docker.configure(policies=policies)
    docker.apply()
    host.containers["web"].state = "exited"
    plan = docker.sync()
    assert [(r.resource, r.key, after(r)) for r in plan.rows] == [
        ("virtual_machines", "web", {"status": "offline"})
    ]
    assert docker.apply_all().rows == ()
    host.containers["web"].state = "running"
    assert [(r.resource, after(r)) for r in docker.sync().rows] == [
        ("virtual_machines", {"status": "active"})
    ]


def test_a_container_made_anew_is_the_same_virtual_machine(
    docker: Pipeline, host: DockerState, netbox: NetBox
) -> None:
    """Its id is another, its name is not."""
    host.add("web", "front", image="shop:1.0")
    docker.apply()
    host.recreate("web", image="shop:1.1")
    plan = docker.sync()
    assert [(r.resource, r.action, before(r), after(r)) for r in plan.rows] == [
        ("virtual_machines", "update", {"description": "shop:1.0"}, {"description": "shop:1.1"})
    ]
    docker.apply()
    assert [vm["description"] for vm in netbox.all(VMS)] == ["shop:1.1"]


def test_a_name_given_in_netbox_is_kept(docker: Pipeline, host: DockerState, netbox: NetBox) -> None:
    """The custom fields say which container it is."""
    host.add("web", "front")
    docker.apply()
    netbox.edit(VMS, netbox.one(VMS)["id"], name="Web shop")
    [found] = docker.sync().rows
    assert (found.resource, found.action) == ("virtual_machines", "drifted")


def test_a_virtual_machine_of_that_name_in_the_cluster_is_adopted(
    docker: Pipeline, host: DockerState, netbox: NetBox, basics: Any
) -> None:
    kind = netbox.one("virtualization/cluster-types")
    cluster = netbox.create(
        "virtualization/clusters",
        name="docker1",
        type=kind["id"],
        scope_type="dcim.site",
        scope_id=basics["site"]["id"],
    )
    other = netbox.create("virtualization/clusters", name="other", type=kind["id"])
    ours = netbox.create(VMS, name="web", cluster=cluster["id"], vcpus=4, memory=1024)
    netbox.create(VMS, name="web", cluster=other["id"])
    host.add("web", "front")
    plan = docker.sync()
    [found] = rows(plan, "virtual_machines")
    assert (found.action, found.netbox_id) == ("update", ours["id"])
    # Without limits Docker has no opinion on the size.
    assert {"vcpus", "memory"} & set(after(found)) == set()
    assert docker.apply_all().rows == ()


def test_a_limit_that_is_lifted_is_cleared(docker: Pipeline, host: DockerState) -> None:
    host.add("web", "front", nano_cpus=2_000_000_000, memory=268_435_456)
    docker.apply()
    host.recreate("web", nano_cpus=0, memory=0)
    assert after(row(docker.sync(), "virtual_machines", "web")) == {"vcpus": None, "memory": None}
    assert docker.apply_all().rows == ()


def test_a_container_that_leaves_a_network(docker: Pipeline, host: DockerState, netbox: NetBox) -> None:
    host.add("web", "front", "back")
    docker.configure(policies={"delete": ["vm_interfaces", "ip_addresses", "mac_addresses"]})
    docker.apply()
    del host.containers["web"].networks["back"]
    plan = docker.sync()
    [gone] = rows(plan, "vm_interfaces")
    assert (gone.action, gone.reason) == ("delete", "no network of the container in Docker")
    # NetBox does not let go of a primary address, so that one is shown for what it is.
    assert docker.apply_all().changes == []
    assert [i["name"] for i in netbox.all(INTERFACES)] == ["front"]


# -- containers that are gone --------------------------------------------------------------------

DELETE = {"delete": ["virtual_machines", "vm_interfaces", "virtual_disks", "ip_addresses", "mac_addresses"]}


@pytest.fixture
def three(docker: Pipeline, host: DockerState) -> Pipeline:
    """web, db and cache in NetBox; every policy allows deletes."""
    docker.configure(policies=DELETE)

    def make() -> None:
        for name in ("web", "db", "cache"):
            host.add(name, "back")
        docker.apply()

    begun("three", docker, [host], make)
    return docker


def test_a_container_that_is_gone_is_deleted_with_what_hangs_on_it(
    three: Pipeline, host: DockerState, netbox: NetBox
) -> None:
    host.remove("db")
    plan = three.sync()
    [gone] = rows(plan, "virtual_machines")
    assert (gone.key, gone.action, gone.reason) == (
        "db [container db]",
        "delete",
        "container db is no longer in Docker",
    )
    assert {r.action for r in plan.rows} == {"delete"}
    assert three.apply_all().rows == ()
    assert sorted(vm["name"] for vm in netbox.all(VMS)) == ["cache", "web"]
    assert len(netbox.all("ipam/ip-addresses")) == 4


@pytest.mark.parametrize("policy", ["offline", "decommissioning"])
def test_a_container_that_is_gone_may_be_marked_instead(
    three: Pipeline, host: DockerState, policy: str
) -> None:
    three.configure(policies={**DELETE, "missing_guests": policy})
    host.remove("db")
    [gone] = three.sync().rows
    assert (gone.action, after(gone)) == ("update", {"status": policy})


def test_it_may_be_left_alone(three: Pipeline, host: DockerState) -> None:
    three.configure(policies={**DELETE, "missing_guests": "leave"})
    host.remove("db")
    [gone] = three.sync().rows
    assert (gone.action, gone.reason) == (
        "drifted",
        "container db is no longer in Docker; missing_guests is leave",
    )


def test_deletes_need_a_policy(three: Pipeline, host: DockerState) -> None:
    three.configure(policies={})
    host.remove("db")
    [gone] = three.sync().rows
    assert gone.action == "blocked"
    assert (gone.reason or "").endswith("policies.delete does not name virtual_machines")


def test_somebody_elses_virtual_machine_is_not_deleted(
    docker: Pipeline, host: DockerState, netbox: NetBox
) -> None:
    docker.configure(policies=DELETE)
    host.add("web", "front")
    docker.apply()
    cluster = netbox.one("virtualization/clusters")
    netbox.create(VMS, name="planned", cluster=cluster["id"])
    fields = {"docker_host": "docker1", "docker_container": "old"}
    netbox.create(VMS, name="old", cluster=cluster["id"], custom_fields=fields)
    [found] = docker.sync().rows
    assert (found.key, found.action) == ("old [container old]", "drifted")
    assert "netbox-sync did not create it" in (found.reason or "")


def nothing_gone(pipeline: Pipeline, reason: str) -> None:
    """The plan proposes no delete, and says why for the container that looks gone."""
    plan = pipeline.sync()
    assert [r for r in plan.rows if r.action == "delete"] == []
    gone = [r for r in plan.rows if r.key == "db [container db]"]
    assert [r.action for r in gone] == ["blocked"]
    assert reason in (gone[0].reason or "")


def test_no_delete_while_a_row_of_the_list_is_malformed(three: Pipeline, host: DockerState) -> None:
    host.remove("db")
    host.odd_rows = [{"Id": "?"}]
    nothing_gone(three, "that is no evidence: containers ?")


def test_no_delete_where_the_daemon_still_has_it(three: Pipeline, host: DockerState) -> None:
    host.hidden.add("db")
    nothing_gone(three, "container db is not listed, but it exists")


def test_no_delete_where_no_container_is_listed(three: Pipeline, host: DockerState) -> None:
    for name in list(host.containers):
        host.remove(name)
    nothing_gone(three, "the daemon lists no container at all")
    three.snapshot(accept_shrink=True)
    assert len(rows(three.again(), "virtual_machines", "delete")) == 3


def test_a_container_that_is_not_shown_is_not_touched(
    three: Pipeline, host: DockerState, daemon: LabDocker
) -> None:
    daemon.replace[f"/containers/{host.containers['db'].id}/json"] = 500
    [interface] = three.sync().rows
    assert (interface.key, interface.action) == ("db back (gone)", "blocked")
    assert "that is no evidence: GET /v1.51/containers/" in (interface.reason or "")
    host.add("new", "front")
    daemon.replace[f"/containers/{host.containers['new'].id}/json"] = 500
    [found] = rows(three.sync(), "virtual_machines")
    assert found.action == "blocked"
    assert "Docker does not show enough to create it" in (found.reason or "")


def test_a_renamed_container_is_another_one(three: Pipeline, host: DockerState) -> None:
    host.add("database", "back")
    host.remove("db")
    found = {(r.key, r.action) for r in rows(three.sync(), "virtual_machines")}
    assert found == {("database", "create"), ("db [container db]", "delete")}


# -- names and settings --------------------------------------------------------------------------


def test_names_that_netbox_does_not_tell_apart(docker: Pipeline, host: DockerState) -> None:
    host.add("web", "front")
    host.add("Web", "front")
    plan = docker.sync()
    assert {r.key: r.action for r in rows(plan, "virtual_machines")} == {"Web": "create", "web": "conflict"}
    host.add("w" * 65, "front")
    found = row(docker.sync(), "virtual_machines", "w" * 65)
    assert (found.action, found.reason) == ("blocked", "the name has 65 characters; NetBox takes 64")


def test_the_clusters_name_may_be_the_daemons(docker: Pipeline, host: DockerState) -> None:
    docker.configure(cluster_name="daemon")
    host.add("web", "front")
    assert after(row(docker.sync(), "clusters", "whale"))["name"] == "whale"
    assert created(docker, "web")["cf.docker_host"] == "whale"


def test_two_hosts_of_one_name_are_not_compared(
    docker: Pipeline, host: DockerState, netbox: NetBox, tmp_path: Path
) -> None:
    host.add("web", "front")
    with LabDocker(DockerState("whale", daemon_id="another")) as second:
        other = {"name": "docker2", "kind": "docker", "url": second.url, "cluster_name": "daemon"}
        first = {
            **docker.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0],
            "cluster_name": "daemon",
        }
        pipeline = Pipeline(tmp_path / "two", netbox, first, endpoints=[other])
        snapshot_docker(pipeline.config.endpoint("docker2"), pipeline.warehouse)  # type: ignore[arg-type]
        with pytest.raises(
            IdentityError, match=r"both name their cluster whale.* set cluster_name: endpoint"
        ):
            pipeline.sync()
        second.state.daemon_id = host.daemon_id
        snapshot_docker(pipeline.config.endpoint("docker2"), pipeline.warehouse)  # type: ignore[arg-type]
        assert rows(pipeline.sync(), "virtual_machines", "create") != []


def test_one_daemon_through_two_endpoints_is_one_set(
    docker: Pipeline, host: DockerState, daemon: LabDocker, netbox: NetBox, tmp_path: Path
) -> None:
    host.add("web", "front")
    endpoints = [
        {"name": name, "kind": "docker", "url": daemon.url, "cluster_name": "daemon"}
        for name in ("one", "two")
    ]
    pipeline = Pipeline(tmp_path / "two", netbox, endpoints[0], endpoints=endpoints[1:])
    assert pipeline.apply_all().rows == ()
    other = pipeline.config.endpoint("two")
    snapshot_docker(other, pipeline.warehouse)  # type: ignore[arg-type]
    compare(pipeline.warehouse, pipeline.config, other)
    pipeline.name = "two"
    assert pipeline.again().rows == ()


def test_ignored_containers(docker: Pipeline, host: DockerState) -> None:
    docker.configure(policies=DELETE)
    for name in ("web", "ci-1", "ci-2", "my-ci-3"):
        host.add(name, "front")
    docker.apply()
    docker.configure(ignored_containers=["ci-.*"])
    assert docker.sync().rows == ()
    assert docker.sql("SELECT key, reason FROM desired.skipped ORDER BY key") == [
        ("ci-1", "ignored_containers names it: ci-.*"),
        ("ci-2", "ignored_containers names it: ci-.*"),
    ]


def test_addresses_of_bridges_may_be_left_out(docker: Pipeline, host: DockerState) -> None:
    host.add_network("lan", "192.0.2.0/24", driver="macvlan")
    host.add("web", "front", "lan")
    docker.configure(bridge_addresses=False)
    plan = docker.sync()
    assert [r.key for r in rows(plan, "ip_addresses")] == ["192.0.2.2"]
    assert [next(iter(after(r).values()))["name"] for r in rows(plan, "primary_ips")] == ["192.0.2.2"]
    assert docker.sql("SELECT reason FROM desired.skipped") == [
        ("network front is a bridge of this host; bridge_addresses is off",)
    ]


def test_vrfs_platforms_and_roles(docker: Pipeline, host: DockerState, netbox: NetBox) -> None:
    vrfs = {name: netbox.create("ipam/vrfs", name=name)["id"] for name in ("whale", "lan")}
    platform = netbox.create("dcim/platforms", name="PostgreSQL", slug="postgresql")
    role = netbox.create("dcim/device-roles", name="Database", slug="database", color="00ff00")
    host.add("db", "front", "back", image="registry.example.com:5000/library/postgres:16@sha256:" + "0" * 64)
    docker.configure(
        defaults={"site": "paris", "vrf": "whale"},
        mappings={
            "vrfs": {"back": "lan"},
            "platforms": {"registry.example.com:5000/library/postgres": "PostgreSQL"},
            "roles": {"container": "Database"},
        },
    )
    assert docker.apply_all().rows == ()
    vm = netbox.one(VMS)
    assert (vm["platform"]["id"], vm["role"]["id"]) == (platform["id"], role["id"])
    found = {a["address"]: a["vrf"]["id"] for a in netbox.all("ipam/ip-addresses")}
    assert found == {
        "172.30.0.2/24": vrfs["whale"],
        "172.31.0.2/24": vrfs["lan"],
        "2001:db8:31::2/64": vrfs["lan"],
    }


def test_networks_are_told_apart_by_case(docker: Pipeline, host: DockerState, netbox: NetBox) -> None:
    vrfs = {name: netbox.create("ipam/vrfs", name=name)["id"] for name in ("whale", "lan")}
    host.add("db", "front", "back")
    docker.configure(
        defaults={"site": "paris"},
        mappings={"vrfs": {"front": "whale", "Back": "whale", "back": "lan"}},
    )
    assert docker.apply_all().rows == ()
    found = {a["address"]: a["vrf"]["id"] for a in netbox.all("ipam/ip-addresses")}
    assert found == {
        "172.30.0.2/24": vrfs["whale"],
        "172.31.0.2/24": vrfs["lan"],
        "2001:db8:31::2/64": vrfs["lan"],
    }


def test_one_address_behind_two_hosts_is_not_moved(
    docker: Pipeline, host: DockerState, netbox: NetBox
) -> None:
    """Every host has its own 172.17.0.0/16: without a separate VRF the second one is a conflict."""
    host.add("web")
    docker.apply()
    with LabDocker(DockerState("second")) as second:
        second.state.add("web")
        endpoint = {"name": "docker2", "kind": "docker", "url": second.url}
        pipeline = Pipeline(docker.warehouse.home, netbox, endpoint)
        [found] = rows(pipeline.sync(), "ip_addresses")
    assert found.action == "conflict"
    assert (found.reason or "").startswith("assigned elsewhere: NetBox has it on web bridge")


@pytest.mark.parametrize("both", [False, True])
def test_a_sync_while_compose_makes_a_container_anew(three: Pipeline, host: DockerState, both: bool) -> None:
    """For a moment it is called after its id, alone or beside the new one."""
    old = host.containers["web"]
    temporary = f"{old.id[:12]}_web"
    host.rename("web", temporary)
    if both:
        host.add("web", "back", given_id="f" * 64)
    found = three.sync().rows
    # The new one has another address and MAC address as long as the old one holds its own.
    of_the_new_one = {"ip_addresses", "mac_addresses", "primary_macs", "primary_ips"} if both else set()
    assert {r.resource for r in found} <= of_the_new_one
    assert [r for r in found if r.resource == "virtual_machines" or r.action == "delete"] == []
    reason = "a temporary name: Docker Compose is recreating web"
    assert three.left_out() == [("virtual_machines", temporary, reason)]
    host.containers.pop(temporary)
    if not both:
        host.add("web", "back", given_id="f" * 64)
        assert three.sync().rows == ()


def test_compose_names_the_new_container_after_the_id_of_the_old_one(
    three: Pipeline, host: DockerState
) -> None:
    """As Docker Compose 2 does: the old one is gone, and the new one not yet renamed."""
    temporary = f"{host.containers['web'].id[:12]}_web"
    new = host.rename("web", temporary)
    new.given_id, new.labels = "f" * 64, {"com.docker.compose.project": "shop"}
    assert three.sync().rows == ()
    host.rename(temporary, "web")
    assert three.sync().rows == ()


def test_a_name_that_only_looks_like_a_temporary_one(docker: Pipeline, host: DockerState) -> None:
    host.add("0123456789ab_web", "front")
    assert [r.key for r in rows(docker.sync(), "virtual_machines", "create")] == ["0123456789ab_web"]


def test_a_task_of_a_swarm_service_has_the_name_of_its_slot(docker: Pipeline, host: DockerState) -> None:
    """An update of the service makes another task; the old one is listed for a while."""
    task = "com.docker.swarm.task.name"

    def run(name: str, **settings: Any) -> None:
        host.add(name, "front", labels={task: name, "com.docker.swarm.service.name": "shop"}, **settings)

    run("shop.1." + "a" * 25)
    run("shop.2." + "b" * 25)
    # A name of this shape alone does not make it a task.
    host.add("x.1." + "c" * 25, "front")
    assert [r.key for r in rows(docker.apply_all(), "virtual_machines")] == []
    assert [r[0] for r in docker.sql("SELECT name FROM docker.containers ORDER BY 1")] == [
        "shop.1",
        "shop.2",
        "x.1." + "c" * 25,
    ]
    host.containers["shop.1." + "a" * 25].state = "exited"
    run("shop.1." + "d" * 25)
    plan = docker.sync()
    assert rows(plan, "virtual_machines") == []
    assert [r for r in docker.left_out() if r[0] == "virtual_machines"] == [
        (
            "virtual_machines",
            "shop.1." + "a" * 25,
            "another task of the swarm service has the place shop.1",
        )
    ]


def test_containers_that_docker_removes_are_skipped_by_an_option(docker: Pipeline, host: DockerState) -> None:
    host.add("web", "front")
    host.add("job", "front", auto_remove=True)
    assert [r.key for r in rows(docker.sync(), "virtual_machines")] == ["job", "web"]
    docker.configure(auto_removed_containers=False)
    assert [r.key for r in rows(docker.sync(), "virtual_machines")] == ["web"]
    assert (
        "virtual_machines",
        "job",
        "Docker removes it when it stops; auto_removed_containers is off",
    ) in docker.left_out()


def test_project_and_service_of_compose_become_tags_by_an_option(
    docker: Pipeline, host: DockerState, netbox: NetBox
) -> None:
    labels = {"com.docker.compose.project": "Shop", "com.docker.compose.service": "web"}
    host.add("shop-web-1", "front", labels=labels)
    host.add("plain", "front")
    docker.configure(compose_tags=True)
    assert docker.apply_all().changes == []
    assert {vm["name"]: [tag["name"] for tag in vm["tags"]] for vm in netbox.all(VMS)} == {
        "plain": [],
        "shop-web-1": ["shop", "web"],
    }


def test_the_address_of_a_removed_container_goes_to_the_new_one(
    docker: Pipeline, host: DockerState, netbox: NetBox
) -> None:
    """In one plan and one apply: the old container is deleted first."""
    for number in range(8):
        host.add(f"other{number}", "back")
    host.add("old", "front")
    everything = ["virtual_machines", "vm_interfaces", "mac_addresses", "ip_addresses"]
    docker.configure(policies={"delete": everything})
    docker.apply()
    host.remove("old")
    host.add("new", "front")
    plan = docker.sync()
    assert {r.key: (r.action, r.reason) for r in rows(plan, "ip_addresses")} == {
        "172.30.0.2": ("create", "NetBox has it on old front, where this plan deletes it first"),
        "172.30.0.2/24 on old [container old] front": (
            "delete",
            "goes with its virtual machine: container old is no longer in Docker",
        ),
    }
    assert docker.apply_all().rows == ()
    machine = netbox.one(VMS, name="new")
    assert machine["primary_ip4"]["address"] == "172.30.0.2/24"


def test_one_container_alone(docker: Pipeline, host: DockerState) -> None:
    docker.configure(
        policies={"delete": ["virtual_machines", "vm_interfaces", "ip_addresses", "virtual_disks"]}
    )
    for name in ("web", "db", "job"):
        host.add(name, "front")
    docker.apply()
    host.containers["web"].memory = host.containers["db"].memory = 1 << 30
    del host.containers["job"]
    plan = docker.sync(only="web")
    assert [(r.key, r.action, after(r)) for r in plan.rows] == [("web", "update", {"memory": 1024})]
    plan = docker.sync(only="job")
    assert {r.parent for r in plan.rows} == {"job"}
    assert [r.key for r in rows(plan, "virtual_machines", "delete")] == ["job [container job]"]
    assert {r.parent for r in docker.sync().changes} == {"web", "db", "job"}
