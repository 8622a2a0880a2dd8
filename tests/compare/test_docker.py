"""Docker hosts: containers as virtual machines of one cluster per host, over the whole path.

The cases are containers of one host that are synced together (``docker_story.py``).
"""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.docker import DockerState
from tests.compare.docker_lab import INTERFACES, IPS, VMS, DockerLab
from tests.compare.docker_story import ALONE, Story, begin, change, later
from tests.compare.stages import of
from tests.support import after, before, row, rows

ESTATE = "containers of one host"


def test_all_changes_are_written(story: Story) -> None:
    assert (story.begun.refused, story.second_host.refused, story.changed.refused) == ([], [], [])


def differences(plan: Plan, *names: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(r.resource, r.action, after(r)) for r in of(plan, *names).rows]


@begin
def a_container(lab: DockerLab) -> None:
    lab.netbox.create("dcim/device-roles", name="Container", slug="container", color="00ff00")
    lab.host.add(
        "web",
        "front",
        "back",
        image="registry.example.com/shop/web:2.1",
        nano_cpus=1_500_000_000,
        memory=536_870_912,
        restart="unless-stopped",
    )


def test_a_container_becomes_a_virtual_machine(story: Story) -> None:
    plan = story.begun.plan
    assert after(row(plan, "clusters", "docker1")) == {
        "name": "docker1",
        "type": {"id": 1, "name": "Docker"},
        "scope": {"id": 1, "name": "Paris", "type": "dcim.site"},
        "status": "active",
    }
    plan = of(plan, "web")
    assert after(row(plan, "virtual_machines", "web")) == {
        "name": "web",
        "cluster": {"key": "docker1", "name": "docker1", "ref": "clusters"},
        "status": "active",
        "role": {"id": 2, "name": "Container"},
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


@begin
def containers_of_all_kinds(lab: DockerLab) -> None:
    lab.host.add("named", "front", "back", hostname="web", nano_cpus=500_000_000)
    lab.host.add("stopped", "back", state="exited", memory=268_435_456)
    lab.host.add("proxy", "host")
    lab.host.add("batch", "none")
    lab.host.add("sidecar", "none", network_mode="container:named")


def test_everything_applied_leaves_nothing_to_do(story: Story) -> None:
    kinds = ("batch", "stopped", "proxy", "sidecar", "named")
    assert of(story.begun.then, *kinds).rows == ()
    assert story.begun.then.changes == []
    assert len(story.begun.named(VMS, *kinds)) == 5
    stopped, named = story.begun.named(VMS, "stopped", "named")
    assert named["primary_ip4"]["address"] == "172.30.0.3/24"
    assert (stopped["status"]["value"], stopped["memory"], stopped["vcpus"]) == ("offline", 256, None)
    interfaces = [(i["virtual_machine"]["name"], i["display"]) for i in story.begun.held[INTERFACES]]
    assert sorted(pair for pair in interfaces if pair[0] in kinds) == [
        ("named", "back"),
        ("named", "front"),
        ("stopped", "back"),
    ]
    of_named = ("172.30.0.3/24", "172.31.0.3/24", "2001:db8:31::3/64")
    assert {a["dns_name"] for a in story.begun.held[IPS] if a["address"] in of_named} == {"web"}
    assert [(key, reason) for _, key, reason in story.begun.left_out if key.split()[0] in kinds] == [
        ("batch none", "it has no network"),
        ("proxy host", "it uses the host's own interfaces"),
        ("sidecar container:named", "it uses the interfaces of another container"),
    ]
    first, second = story.stamps
    assert first == second


STATUS = {
    "running": "active",
    "restarting": "active",
    "paused": "paused",
    "created": "offline",
    "exited": "offline",
    "dead": "offline",
}


@begin
def a_container_of_each_state(lab: DockerLab) -> None:
    for state in STATUS:
        lab.host.add(f"is-{state}", "front", state=state)


@pytest.mark.parametrize(("state", "status"), STATUS.items())
def test_status(story: Story, state: str, status: str) -> None:
    assert after(row(story.begun.plan, "virtual_machines", f"is-{state}"))["status"] == status


@begin
def a_container_that_will_stop(lab: DockerLab) -> None:
    lab.host.add("stopper", "front", "back")


@change
def it_stops(lab: DockerLab) -> None:
    lab.host.containers["stopper"].state = "exited"


@later
def it_starts_again(lab: DockerLab) -> None:
    lab.host.containers["stopper"].state = "running"


def test_a_container_that_stops_keeps_what_it_has(story: Story) -> None:
    """It shows neither MAC nor addresses then, which is no evidence that they are gone."""
    assert differences(story.changed.plan, "stopper") == [
        ("virtual_machines", "update", {"status": "offline"})
    ]
    assert of(story.changed.then, "stopper").rows == ()
    assert differences(story.later, "stopper") == [("virtual_machines", "update", {"status": "active"})]


begin(lambda lab: lab.host.add("anew", "front", image="shop:1.0"))
change(lambda lab: lab.host.recreate("anew", image="shop:1.1"))


def test_a_container_made_anew_is_the_same_virtual_machine(story: Story) -> None:
    """Its id is another, its name is not."""
    assert [(r.resource, r.action, before(r), after(r)) for r in of(story.changed.plan, "anew").rows] == [
        ("virtual_machines", "update", {"description": "shop:1.0"}, {"description": "shop:1.1"})
    ]
    assert [vm["description"] for vm in story.changed.named(VMS, "anew")] == ["shop:1.1"]


begin(lambda lab: lab.host.add("shop", "front"))


@change
def a_person_renames_it(lab: DockerLab) -> None:
    lab.netbox.edit(VMS, lab.netbox.one(VMS, name="shop")["id"], name="Web shop")


def test_a_name_given_in_netbox_is_kept(story: Story) -> None:
    """The custom fields say which container it is."""
    [found] = of(story.changed.plan, "shop", "Web shop").rows
    assert (found.resource, found.action) == ("virtual_machines", "drifted")


begin(lambda lab: lab.host.add("limited", "front", nano_cpus=2_000_000_000, memory=268_435_456))
change(lambda lab: lab.host.recreate("limited", nano_cpus=0, memory=0))


def test_a_limit_that_is_lifted_is_cleared(story: Story) -> None:
    lifted = row(story.changed.plan, "virtual_machines", "limited")
    assert after(lifted) == {"vcpus": None, "memory": None}
    assert of(story.changed.then, "limited").rows == ()


begin(lambda lab: lab.host.add("leaver", "front", "back"))
change(lambda lab: lab.host.containers["leaver"].networks.pop("back"))


def test_a_container_that_leaves_a_network(story: Story) -> None:
    [gone] = rows(of(story.changed.plan, "leaver"), "vm_interfaces")
    assert (gone.action, gone.reason) == ("delete", "no network of the container in Docker")
    # NetBox does not let go of a primary address, so that one is shown for what it is.
    assert of(story.changed.then, "leaver").changes == []
    interfaces = [i for i in story.changed.held[INTERFACES] if i["virtual_machine"]["name"] == "leaver"]
    assert [i["name"] for i in interfaces] == ["front"]


# -- a second host -------------------------------------------------------------------------------


def test_a_virtual_machine_of_that_name_in_the_cluster_is_adopted(story: Story) -> None:
    [found] = rows(of(story.second_host.plan, "ours"), "virtual_machines")
    [known] = [
        vm for vm in story.second_host.held[VMS] if (vm["name"], vm["cluster"]["name"]) == ("ours", "docker2")
    ]
    assert (found.action, found.netbox_id) == ("update", known["id"])
    # Without limits Docker has no opinion on the size.
    assert {"vcpus", "memory"} & set(after(found)) == set()
    assert of(story.second_host.then, "ours", "docker2").rows == ()


begin(lambda lab: lab.host.add("bridged"))


def test_one_address_behind_two_hosts_is_not_moved(story: Story) -> None:
    """Every host has its own 172.17.0.0/16: without a separate VRF the second one is a conflict."""
    [found] = rows(of(story.second_host.plan, "bridged"), "ip_addresses")
    assert found.action == "conflict"
    assert found.reason == "assigned elsewhere: NetBox has it on bridged bridge (cluster docker1)"


# -- one container alone -------------------------------------------------------------------------


def test_one_container_alone(story: Story) -> None:
    plan = story.alone["alone-web"]
    assert [(r.key, r.action, after(r)) for r in plan.rows] == [("alone-web", "update", {"memory": 1024})]
    plan = story.alone["alone-job"]
    assert {r.parent for r in plan.rows} == {"alone-job"}
    assert [r.key for r in rows(plan, "virtual_machines", "delete")] == ["alone-job [container alone-job]"]
    assert {r.parent for r in of(story.changed.plan, *ALONE).changes} == set(ALONE)


# -- names ---------------------------------------------------------------------------------------


@begin
def names_that_netbox_does_not_take(lab: DockerLab) -> None:
    for name in ("same", "Same", "w" * 65):
        lab.host.add(name, "front")


def test_names_that_netbox_does_not_tell_apart(story: Story) -> None:
    plan = of(story.begun.plan, "same", "Same")
    assert {r.key: r.action for r in rows(plan, "virtual_machines")} == {"Same": "create", "same": "conflict"}
    found = row(story.begun.plan, "virtual_machines", "w" * 65)
    assert (found.action, found.reason) == ("blocked", "the name has 65 characters; NetBox takes 64")


begin(lambda lab: lab.host.add("0123456789ab_web", "front"))


def test_a_name_that_only_looks_like_a_temporary_one(story: Story) -> None:
    assert row(story.begun.plan, "virtual_machines", "0123456789ab_web").action == "create"


def temporary_name(host: DockerState, name: str) -> str:
    """As Docker Compose calls a container while it makes another in its place."""
    return f"{host.containers[name].id[:12]}_{name}"


TEMPORARY: dict[str, str] = {}


@begin
def containers_of_compose(lab: DockerLab) -> None:
    for number, name in enumerate(("composed", "composed-both", "composed-new")):
        lab.host.add_network(name, f"172.42.{number}.0/24")
        lab.host.add(name, name)
        TEMPORARY[name] = temporary_name(lab.host, name)


@change
def compose_makes_them_anew(lab: DockerLab) -> None:
    for name in ("composed", "composed-both"):
        lab.host.rename(name, TEMPORARY[name])
    lab.host.add("composed-both", "composed-both", given_id="e" * 64)
    new = lab.host.rename("composed-new", TEMPORARY["composed-new"])
    new.given_id, new.labels = "f" * 64, {"com.docker.compose.project": "shop"}


@later
def compose_has_made_them(lab: DockerLab) -> None:
    lab.host.containers.pop(TEMPORARY["composed"])
    lab.host.add("composed", "composed", given_id="d" * 64)
    lab.host.containers.pop(TEMPORARY["composed-both"])
    lab.host.rename(TEMPORARY["composed-new"], "composed-new")


@pytest.mark.parametrize("name", ["composed", "composed-both"])
def test_a_sync_while_compose_makes_a_container_anew(story: Story, name: str) -> None:
    """For a moment it is called after its id, alone or beside the new one."""
    found = of(story.changed.plan, name, TEMPORARY[name]).rows
    # The new one has another address and MAC address as long as the old one holds its own.
    of_the_new_one = {"ip_addresses", "mac_addresses", "primary_macs", "primary_ips"}
    assert {r.resource for r in found} <= (of_the_new_one if name == "composed-both" else set())
    assert [r for r in found if r.resource == "virtual_machines" or r.action == "delete"] == []
    reason = f"a temporary name: Docker Compose is recreating {name}"
    assert ("virtual_machines", TEMPORARY[name], reason) in story.changed.left_out
    if name == "composed":
        assert of(story.later, name).rows == ()


def test_compose_names_the_new_container_after_the_id_of_the_old_one(story: Story) -> None:
    """As Docker Compose 2 does: the old one is gone, and the new one not yet renamed."""
    assert of(story.changed.plan, "composed-new", TEMPORARY["composed-new"]).rows == ()
    assert of(story.later, "composed-new").rows == ()


def run_task(host: DockerState, name: str) -> None:
    """A task of the swarm service shop."""
    labels = {"com.docker.swarm.task.name": name, "com.docker.swarm.service.name": "shop"}
    host.add(name, "front", labels=labels)


@begin
def tasks_of_a_swarm_service(lab: DockerLab) -> None:
    run_task(lab.host, "shop.1." + "a" * 25)
    run_task(lab.host, "shop.2." + "b" * 25)
    # A name of this shape alone does not make it a task.
    lab.host.add("x.1." + "c" * 25, "front")


@change
def the_service_is_updated(lab: DockerLab) -> None:
    lab.host.containers["shop.1." + "a" * 25].state = "exited"
    run_task(lab.host, "shop.1." + "d" * 25)


def test_a_task_of_a_swarm_service_has_the_name_of_its_slot(story: Story) -> None:
    """An update of the service makes another task; the old one is listed for a while."""
    slots = ["shop.1", "shop.2", "x.1." + "c" * 25]
    assert rows(of(story.begun.then, *slots), "virtual_machines") == []
    assert [name for name in story.names if name.startswith(("shop.", "x."))] == slots
    assert rows(of(story.changed.plan, *slots), "virtual_machines") == []
    assert [r for r in story.changed.left_out if r[0] == "virtual_machines" and r[1].startswith("shop.")] == [
        (
            "virtual_machines",
            "shop.1." + "a" * 25,
            "another task of the swarm service has the place shop.1",
        )
    ]
