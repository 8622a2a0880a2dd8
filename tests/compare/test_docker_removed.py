"""Containers that are gone, that Docker does not show, and those that take their place."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.compare.plan import Plan
from tests.compare.docker_lab import IPS, VMS, DockerLab
from tests.compare.docker_story import Story, begin, change, later
from tests.compare.stages import of
from tests.support import after, row, rows

ESTATE = "containers of one host"
# Nothing happens to it.
begin(lambda lab: lab.host.add("staying", "front"))


@begin
def a_container_that_will_go(lab: DockerLab) -> None:
    lab.host.add_network("going", "172.41.0.0/24", subnet6="2001:db8:41::/64")
    lab.host.add("gone", "going")


change(lambda lab: lab.host.remove("gone"))


def test_a_container_that_is_gone_is_deleted_with_what_hangs_on_it(story: Story) -> None:
    plan = of(story.changed.plan, "gone")
    [gone] = rows(plan, "virtual_machines")
    assert (gone.key, gone.action, gone.reason) == (
        "gone [container gone]",
        "delete",
        "container gone is no longer in Docker",
    )
    assert [(r.resource, r.action) for r in plan.rows] == [
        ("ip_addresses", "delete"),
        ("ip_addresses", "delete"),
        ("mac_addresses", "delete"),
        ("vm_interfaces", "delete"),
        ("virtual_machines", "delete"),
    ]
    assert of(story.changed.then, "gone").rows == ()
    assert len(story.begun.named(VMS, "gone", "staying")) == 2
    assert [vm["name"] for vm in story.changed.named(VMS, "gone", "staying")] == ["staying"]
    networks = ("172.41.0.", "2001:db8:41:")
    assert [a["address"] for a in story.begun.held[IPS] if a["address"].startswith(networks)] != []
    assert [a["address"] for a in story.changed.held[IPS] if a["address"].startswith(networks)] == []


@pytest.mark.parametrize("policy", ["offline", "decommissioning"])
def test_a_container_that_is_gone_may_be_marked_instead(story: Story, policy: str) -> None:
    [gone] = of(story.under[policy], "gone").rows
    assert (gone.action, after(gone)) == ("update", {"status": policy})


def test_it_may_be_left_alone(story: Story) -> None:
    [gone] = of(story.under["leave"], "gone").rows
    assert (gone.action, gone.reason) == (
        "drifted",
        "container gone is no longer in Docker; missing_guests is leave",
    )


def test_deletes_need_a_policy(story: Story) -> None:
    [gone] = of(story.under["none"], "gone").rows
    assert gone.action == "blocked"
    assert (gone.reason or "").endswith("policies.delete does not name virtual_machines")


@change
def somebody_else_creates_virtual_machines(lab: DockerLab) -> None:
    cluster = lab.netbox.one("virtualization/clusters", name="docker1")
    lab.netbox.create(VMS, name="planned", cluster=cluster["id"])
    fields = {"docker_host": "docker1", "docker_container": "old"}
    lab.netbox.create(VMS, name="old", cluster=cluster["id"], custom_fields=fields)


def test_somebody_elses_virtual_machine_is_not_deleted(story: Story) -> None:
    [found] = of(story.changed.plan, "old", "planned").rows
    assert (found.key, found.action) == ("old [container old]", "drifted")
    assert "netbox-sync did not create it" in (found.reason or "")


def nothing_gone(plan: Plan, name: str, reason: str) -> None:
    """The plan proposes no delete of this container, and says why."""
    assert [r for r in of(plan, name).rows if r.action == "delete"] == []
    gone = [r for r in plan.rows if r.key == f"{name} [container {name}]"]
    assert [r.action for r in gone] == ["blocked"]
    assert reason in (gone[0].reason or "")


begin(lambda lab: lab.host.add("late", "back"))
later(lambda lab: lab.host.remove("late"))


def test_no_delete_while_a_row_of_the_list_is_malformed(story: Story) -> None:
    assert row(story.later, "virtual_machines", "late [container late]").action == "delete"
    nothing_gone(story.malformed, "late", "that is no evidence: containers ?")
    assert [r for r in story.malformed.rows if r.action == "delete"] == []


begin(lambda lab: lab.host.add("hidden", "back"))


def test_no_delete_where_the_daemon_still_has_it(story: Story) -> None:
    nothing_gone(story.hidden, "hidden", "container hidden is not listed, but it exists")


def test_no_delete_where_no_container_is_listed(story: Story) -> None:
    nothing_gone(story.none_listed, "staying", "the daemon lists no container at all")
    assert [r for r in story.none_listed.rows if r.action == "delete"] == []
    ours = [vm["name"] for vm in story.changed.held[VMS] if vm["custom_fields"]["docker_host"] == "docker1"]
    ours.remove("old")
    assert sorted(str(r.parent) for r in rows(story.shrunk, "virtual_machines", "delete")) == sorted(ours)


@begin
def a_container_that_docker_will_not_show(lab: DockerLab) -> None:
    lab.host.add("unread", "back")


@change
def docker_shows_neither_it_nor_a_new_one(lab: DockerLab) -> None:
    lab.host.add("unread-too", "front")
    for name in ("unread", "unread-too"):
        lab.daemon.replace[f"/containers/{lab.host.containers[name].id}/json"] = 500


def test_a_container_that_is_not_shown_is_not_touched(story: Story) -> None:
    [interface] = of(story.changed.plan, "unread").rows
    assert (interface.key, interface.action) == ("unread back (gone)", "blocked")
    assert "that is no evidence: GET /v1.51/containers/" in (interface.reason or "")
    [found] = rows(of(story.changed.plan, "unread-too"), "virtual_machines")
    assert found.action == "blocked"
    assert "Docker does not show enough to create it" in (found.reason or "")


begin(lambda lab: lab.host.add("mysql", "back"))


@change
def it_has_another_name(lab: DockerLab) -> None:
    lab.host.add("mariadb", "back")
    lab.host.remove("mysql")


def test_a_renamed_container_is_another_one(story: Story) -> None:
    plan = of(story.changed.plan, "mysql", "mariadb")
    assert {(r.key, r.action) for r in rows(plan, "virtual_machines")} == {
        ("mariadb", "create"),
        ("mysql [container mysql]", "delete"),
    }


@begin
def a_container_on_a_network_alone(lab: DockerLab) -> None:
    lab.host.add_network("freed", "172.40.0.0/24")
    lab.host.add("former", "freed")


@change
def another_takes_its_address(lab: DockerLab) -> None:
    lab.host.remove("former")
    lab.host.add("heir", "freed")


def test_the_address_of_a_removed_container_goes_to_the_new_one(story: Story) -> None:
    """In one plan and one apply: the old container is deleted first."""
    plan = of(story.changed.plan, "former", "heir")
    assert {r.key: (r.action, r.reason) for r in rows(plan, "ip_addresses")} == {
        "172.40.0.2": ("create", "NetBox has it on former freed, where this plan deletes it first"),
        "172.40.0.2/24 on former [container former] freed": (
            "delete",
            "goes with its virtual machine: container former is no longer in Docker",
        ),
    }
    assert of(story.changed.then, "former", "heir").rows == ()
    [machine] = story.changed.named(VMS, "heir")
    assert machine["primary_ip4"]["address"] == "172.40.0.2/24"
