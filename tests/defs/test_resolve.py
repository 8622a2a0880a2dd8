"""The job ``resolve``: an answer is recorded, the endpoint compared again, and the run shows what follows."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.storage.resolutions import read_resolutions
from tests.defs.conftest import DagsterHarness, failure


def answer(harness: DagsterHarness, **config: Any) -> Any:
    """Run the job as the Launchpad does."""
    content = {"endpoint": "paris", "who": "alice", **config}
    return harness.run("resolve", run_config={"ops": {"answer_question": {"config": content}}})


@pytest.fixture
def two(harness: DagsterHarness) -> DagsterHarness:
    """NetBox has sw-paris in two sites, and the diff of ``paris`` asks which one it is."""

    def make() -> None:
        site = harness.netbox.create("dcim/sites", name="Lyon", slug="lyon")
        kind, role = harness.device["device_type"]["id"], harness.device["role"]["id"]
        harness.netbox.create("dcim/devices", name="sw-paris", site=site["id"], device_type=kind, role=role)
        assert harness.sync("paris").success

    harness.begun("two devices sw-paris", make)
    return harness


def actions(harness: DagsterHarness) -> list[tuple[str, int | None]]:
    return [(row.action, row.netbox_id) for row in harness.plan("paris").rows if row.resource == "devices"]


def test_one_of_two_devices_is_picked(two: DagsterHarness) -> None:
    assert [action for action, _ in actions(two)] == ["conflict"]

    result = answer(two, keys=["sw-paris"], answer="pick", netbox_id=two.device["id"], why="the old one")

    assert result.success
    assert actions(two) == [("update", two.device["id"])]
    [one] = read_resolutions(two.warehouse, "paris")
    assert (one.who, one.through, one.answer, one.netbox_id, one.why) == (
        *("alice", "dagster", "pick"),
        *(two.device["id"], "the old one"),
    )
    [event] = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    metadata = {name: item.value for name, item in event.step_output_data.metadata.items()}
    assert metadata["resolution"] == one.resolution_id
    assert "| conflict | 1 | 0 |" in metadata["what follows"]
    shown = metadata.get("different now") or metadata["first 20 that are different now"]
    assert "| update | " in shown and "sw-paris" in shown
    assert two.writes() == []


def test_an_impossible_answer_fails_with_its_sentence(two: DagsterHarness) -> None:
    for config, sentence in (
        ({"answer": "pick", "netbox_id": 1}, "say which rows: keys, resource, cause, device or field"),
        (
            {"answer": "move", "keys": ["sw-paris"]},
            "devices sw-paris cannot be answered with 'move'; possible: pick, create, leave, acknowledge",
        ),
        (
            {"answer": "leave", "keys": ["sw-paris"]},
            "'leave' needs a reason: say why (--why)",
        ),
        (
            {"answer": "acknowledge", "keys": ["sw-paris"], "why": "x", "until": "soon"},
            "soon: give a day (2027-01-31) or a number of days (30d)",
        ),
        (
            {"answer": "create", "endpoint": "nice"},
            "no endpoint 'nice' in the configuration; known: lyon, paris, pve",
        ),
        (
            {"answer": "create", "device": ["sw-pari"]},
            "device sw-pari: no such device, virtual machine or cluster; did you mean sw-paris?",
        ),
        (
            {"answer": "create", "keys": ["sw-pariz"]},
            "no row of the diff of 'paris' has the key 'sw-pariz'; did you mean sw-paris?",
        ),
        (
            {"answer": "create", "cause": ["several_device"]},
            "cause several_device: no such cause; did you mean several_devices or several_remote_devices or "
            "several_devices_of_a_name?",
        ),
        (
            {"answer": "create", "cause": ["unmapped"]},
            "no row asks this; see netbox-sync resolve without an answer",
        ),
    ):
        assert failure(answer(two, **config)) == sentence
    assert read_resolutions(two.warehouse, "paris") == []
    assert [action for action, _ in actions(two)] == ["conflict"]
