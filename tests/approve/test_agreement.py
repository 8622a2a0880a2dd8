"""Approvals of several people of certain groups: who counts, and that it holds when policies change."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.approve.agreement import Agreement, proven_groups, why_not_agreed
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.approve.records import ApprovalError, approved
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.storage import Warehouse
from tests.apply.drafts import Draft

RULE = Agreement(groups=("net", "sec"), at_least=2)
TRUSTED = Agreement(groups=("net", "sec"), at_least=2, trusted_names=True)


def web(name: str, *groups: str) -> Actor:
    return Actor(name, "web", login_by="password", groups=groups)


def cli(name: str, *groups: str, user: str = "") -> Actor:
    return Actor(name, "cli", user or name, 1000, groups=groups)


POLICY = Actor("auto_approve", "policy", groups=("net",))
ALICE, BOB, EVE = web("alice", "net"), web("bob", "sec"), web("eve")

CASES: dict[str, tuple[list[Actor], Agreement, str | None]] = {
    "nobody": ([], RULE, "0 of them have approved (nobody)"),
    "one": (
        [ALICE],
        RULE,
        "asks for the approval of 2 people of the groups net, sec; 1 of them has approved (alice)",
    ),
    "one, twice": ([ALICE, ALICE], RULE, "1 of them has approved (alice)"),
    "one under another spelling": (
        [ALICE, web("ALICE", "net")],
        RULE,
        "1 of them has approved (alice, ALICE)",
    ),
    "two of two groups": ([ALICE, BOB], RULE, None),
    "two of another group": ([web("alice", "old"), web("bob", "old")], RULE, "0 of them have approved"),
    "one is in no group": ([ALICE, EVE], RULE, "1 of them has approved (alice)"),
    "a policy is nobody": ([ALICE, POLICY], RULE, "1 of them has approved (alice)"),
    "two users of the operating system": ([cli("alice", "net"), cli("bob", "net")], RULE, None),
    "one user under two names": (
        [cli("alice", "net"), cli("bob", "net", user="alice")],
        RULE,
        "1 of them has",
    ),
    # alice in NetBox may be the user root2 of the operating system.
    "one on the page, one on the command line": ([ALICE, cli("carl", "net")], RULE, "1 of them has approved"),
    "the same, where names are trusted": ([ALICE, cli("carl", "net")], TRUSTED, None),
    "two on the page among others": ([cli("carl", "net"), ALICE, BOB], RULE, None),
}


@pytest.mark.parametrize("name", CASES)
def test_who_counts(name: str) -> None:
    voices, rule, expected = CASES[name]
    found = why_not_agreed(voices, Actor("carl", "cli", "carl", 1001), [Agreement(), rule])
    assert (found is None) == (expected is None), found
    assert expected is None or expected in (found or "")


def test_starting_the_apply_is_no_approval() -> None:
    assert why_not_agreed([ALICE], BOB, [RULE]) is not None
    assert why_not_agreed([ALICE, BOB], ALICE, [RULE]) is None


def test_both_rules_hold() -> None:
    one = Agreement(second=True, groups=("net",), at_least=1)
    assert "policies.second_approver" in (why_not_agreed([ALICE], ALICE, [one]) or "")
    assert why_not_agreed([ALICE], BOB, [one]) is None


def policies(**more: object) -> Policies:
    members = {"net": ["alice"]}
    approvers = {"groups": ["net", "sec"], "at_least": 2, "members": members}
    return Policies.model_validate({"approvers": approvers, **more})


def test_where_membership_is_proven() -> None:
    found = policies()
    assert proven_groups(web("alice"), found, {"net", "other"}) == ("net",)
    # A name alone proves nothing: not on the page, in a container, in Dagster, or as root.
    assert proven_groups(web("alice"), found) == ()
    assert proven_groups(Actor("alice", "cli", "alice", 1000), found, {"sec"}) == ("net",)
    assert proven_groups(Actor("alice", "cli", "mallory", 1001), found) == ()
    assert proven_groups(Actor("alice", "cli", "root", 0), found) == ()
    assert proven_groups(Actor("alice", "cli", "alice", 1000, container=True), found) == ()
    assert proven_groups(Actor("alice", "dagster", "alice", 1000), found) == ()
    assert proven_groups(Actor("alice", "dagster", "x", 1000), policies(trusted_names=True)) == ("net",)
    assert proven_groups(POLICY, policies(trusted_names=True)) == ()


def test_an_approval_that_would_not_count_is_refused_and_one_that_counts_is_recorded(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    draft = Draft()
    change = draft.create("tags", "blue", {"name": "blue"})
    plan = draft.publish(warehouse)
    with pytest.raises(ApprovalError, match="NetBox does not show that eve is in one of them"):
        approve(warehouse, plan, [change], who="eve", through="web", policies=policies(), login_by="password")
    with pytest.raises(ApprovalError, match="mallory is only a name that was given"):
        approve(warehouse, plan, [change], who="mallory", through="dagster", policies=policies())
    assert approved(warehouse, "lab", plan) == {}
    given = {"through": "web", "login_by": "password", "policies": policies()}
    approve(warehouse, plan, [change], who="alice", netbox_groups=["net"], **given)  # type: ignore[arg-type]
    found = approved(warehouse, "lab", plan)[change]
    assert found.by.groups == ("net",)
    # A weaker policy at the apply does not make one approval enough.
    assert why_not_agreed(found.voices, BOB, [found.agreement, Agreement()]) is not None
    approve(warehouse, plan, [change], who="bob", netbox_groups=["sec", "x"], **given)  # type: ignore[arg-type]
    found = approved(warehouse, "lab", plan)[change]
    assert why_not_agreed(found.voices, BOB, [found.agreement]) is None
    # Rejecting needs no group.
    approve(warehouse, plan, [change], who="eve", decision="reject", comment="no", **given)  # type: ignore[arg-type]
    assert approved(warehouse, "lab", plan) == {}
