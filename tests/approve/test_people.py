"""Who counts as a second person: names that are given, users of the operating system, and programs."""

from __future__ import annotations

import os
import pwd
import socket

import pytest

from netbox_sync_dagster.approve.people import Actor, me, why_alone


def person(name: str, user: str | None = None, uid: int = 1000, **more: object) -> Actor:
    return Actor(name, "cli", user or name, uid, **{"host": "admin1", **more})  # type: ignore[arg-type]


ALICE, BOB = person("alice"), person("bob", uid=1001)
POLICY = Actor("auto_approve", "policy", "netbox-sync", 999, host="sync1")
SENSOR = Actor("dagster run 1f0c22aa", "sensor", "netbox-sync", 999, host="sync1")
RUN = Actor("dagster run 1f0c22aa", "dagster run", "netbox-sync", 999, host="sync1")


def in_dagster(name: str) -> Actor:
    return Actor(name, "dagster", "netbox-sync", 999, host="sync1", run="1f0c22aa")


def in_container(name: str, host: str = "c0ffee") -> Actor:
    return person(name, "netbox-sync", 999, host=host, container=True)


ALONE = "approved by alice alone; policies.second_approver"
PROGRAM = "approved by alice alone, and no person is named who started this apply"
ONE_USER = "alice and bob are both the user alice of the operating system"
ONLY_A_NAME = "is who he says is only a name that was given"
# approvers, applier, the reason against, the reason where names are trusted
CASES = {
    "the same person": ([ALICE], ALICE, ALONE, ALONE),
    "the same name in other letters": (
        [ALICE],
        person("Alice", "asmith", 1002),
        "approved by alice alone",
        "approved by alice alone",
    ),
    "the same name with a character that nobody sees": (
        [ALICE],
        person("al\u200bice ", "asmith", 1002),
        "approved by alice alone",
        "approved by alice alone",
    ),
    "the same name in wide letters": (
        [ALICE],
        person("ａｌｉｃｅ", "asmith", 1002),
        "approved by alice alone",
        "approved by alice alone",
    ),
    "two users": ([ALICE], BOB, None, None),
    "one user under two names": ([ALICE], person("bob", "alice"), ONE_USER, None),
    "one user under two names, on two hosts": (
        [ALICE],
        person("bob", "alice", host="admin2"),
        ONE_USER,
        None,
    ),
    "one login under two users": (
        [person("alice", login="alice")],
        person("bob", "bob", 1001, login="alice"),
        ONE_USER,
        None,
    ),
    "root by way of two logins": (
        [person("alice", "root", 0, login="alice")],
        person("bob", "root", 0, login="bob"),
        None,
        None,
    ),
    "root under two names": ([person("alice", "root", 0)], person("bob", "root", 0), ONLY_A_NAME, None),
    "root under another name": ([ALICE], person("bob", "root", 0), ONLY_A_NAME, None),
    "a container, another container": (
        [in_container("alice")],
        in_container("bob", "beef"),
        ONLY_A_NAME,
        None,
    ),
    "a user, and a container": ([ALICE], in_container("bob"), ONLY_A_NAME, None),
    "a user, and a name in Dagster": ([ALICE], in_dagster("bob"), ONLY_A_NAME, None),
    "a name in Dagster, and that name": ([in_dagster("alice")], in_dagster("alice"), ALONE, ALONE),
    "from before more than the name was kept": ([Actor("alice", "cli")], BOB, ONLY_A_NAME, None),
    "one approver, and a sensor": ([ALICE], SENSOR, PROGRAM, PROGRAM),
    "one approver, and a run without a name": ([ALICE], RUN, PROGRAM, PROGRAM),
    "two approvers, and a sensor": ([ALICE, BOB], SENSOR, None, None),
    "two approvals of one, and a sensor": ([ALICE, ALICE], SENSOR, PROGRAM, PROGRAM),
    "two approvers, one of whom applies": ([ALICE, BOB], BOB, None, None),
    "a policy, and a person": ([POLICY], ALICE, None, None),
    "a policy, and a sensor": ([POLICY], SENSOR, "no person is named", "no person is named"),
    "a policy and a person, and a sensor": ([POLICY, ALICE], SENSOR, None, None),
}


@pytest.mark.parametrize("case", CASES)
def test_two_people(case: str) -> None:
    approvers, applier, reason, trusted = CASES[case]
    for names, expected in ((False, reason), (True, trusted)):
        found = why_alone(approvers, applier, trusted_names=names)
        assert (found is None) == (expected is None), found
        assert expected is None or expected in (found or "")
        assert found is None or "policies.second_approver asks for" in found


def test_what_the_operating_system_knows_is_kept_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "mallory")
    made = me(" alice ", "cli", "1f0c")
    user = pwd.getpwuid(os.getuid()).pw_name
    assert (made.name, made.user, made.uid, made.host, made.run) == (
        "alice",
        user,
        os.getuid(),
        socket.gethostname(),
        "1f0c",
    )
    assert Actor.from_json(made.name, made.through, made.to_json()) == made
