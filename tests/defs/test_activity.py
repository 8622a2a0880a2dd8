"""The sensor ``activity``: what the command line and the review page did appears on Dagster's assets."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import dagster as dg
import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.sensors.activity_sensor import activity_sensor
from tests.defs.conftest import DagsterHarness
from tests.support import evaluate


class Activity:
    """The sensor with its cursor."""

    def __init__(self, harness: DagsterHarness) -> None:
        self.harness = harness
        self.cursor: str | None = None

    def tick(self) -> list[tuple[str, str, str | None]]:
        """What a tick reports: (materialization or observation, asset, partition), in their order."""
        with dg.build_sensor_context(
            resources={"sync": SyncResource()}, instance=self.harness.instance, cursor=self.cursor
        ) as context:
            result = activity_sensor(context)
            self.cursor = context.cursor
        if isinstance(result, dg.SkipReason):
            self.events: list[Any] = []
            return []
        self.cursor = result.cursor
        self.events = result.asset_events
        return [
            (type(event).__name__.removeprefix("Asset"), event.asset_key.to_user_string(), event.partition)
            for event in self.events
        ]

    def metadata(self, asset: str) -> dict[str, Any]:
        """Of the first event of this asset."""
        event = next(event for event in self.events if event.asset_key.to_user_string() == asset)
        return {name: getattr(value, "value", value) for name, value in event.metadata.items()}


@pytest.fixture
def activity(harness: DagsterHarness) -> Activity:
    return Activity(harness)


@pytest.fixture
def synced(activity: Activity) -> Activity:
    """After a sync of ``paris`` on the command line, which no tick has reported yet."""
    activity.harness.begun("paris is synced on the command line", lambda: cli("sync", "paris"))
    return activity


def cli(*arguments: str) -> int:
    """Run netbox-sync; its exit code."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return run(list(arguments))


def test_a_sync_of_the_command_line_appears_once(synced: Activity) -> None:
    activity = synced
    first = activity.tick()
    assert ("Materialization", "librenms/devices", "paris") in first
    assert ("Materialization", "diff/librenms/interfaces", "paris") in first
    assert {partition for _, _, partition in first} == {"paris"}
    assert activity.tick() == []
    # A run reports its own.
    assert activity.harness.sync("paris").success
    assert activity.tick() == []


def test_decisions_and_applies_of_the_command_line_appear(synced: Activity) -> None:
    activity = synced
    activity.tick()
    assert (
        cli("approve", "paris", "--device", "sw-paris", "--with-dependencies", "--who", "alice", "--yes") == 0
    )
    found = activity.tick()
    assert ("Observation", "diff/librenms/interfaces", "paris") in found
    # What waits is on the asset whose button writes it.
    assert ("Observation", "apply/librenms/interfaces", "paris") in found
    assert activity.metadata("diff/librenms/interfaces") == {
        "decision": "approve",
        "changes": 2,
        "who": "alice",
        "through": "cli",
    }
    assert activity.metadata("apply/librenms/interfaces")["approved and waiting"] == 2

    assert cli("apply", "paris", "--yes") == 0
    found = activity.tick()
    assert ("Materialization", "apply/librenms/interfaces", "paris") in found
    shown = activity.metadata("apply/librenms/interfaces")
    assert (shown["applied"], shown["through"]) == (2, "cli")
    assert activity.tick() == []


def test_what_waits_no_longer_is_shown_as_zero(synced: Activity) -> None:
    activity = synced
    activity.tick()
    chosen = ("paris", "--resource", "interfaces", "--who", "alice", "--yes")
    assert cli("approve", *chosen) == 0
    activity.tick()
    assert activity.metadata("apply/librenms/interfaces")["approved and waiting"] == 2
    assert cli("withdraw", *chosen) == 0
    activity.tick()
    assert activity.metadata("apply/librenms/interfaces") == {"approved and waiting": 0}
    assert cli("sync", "paris") == 0
    assert "apply/librenms/interfaces" not in [asset for _, asset, _ in activity.tick()]


def test_a_change_that_was_not_applied_is_no_materialization(synced: Activity) -> None:
    activity, harness = synced, synced.harness
    assert (
        cli("approve", "paris", "--resource", "devices", "--with-dependencies", "--who", "alice", "--yes")
        == 0
    )
    activity.tick()
    harness.netbox.http.patch(f"dcim/devices/{harness.device['id']}/", json={"serial": "OTHER"})
    assert cli("apply", "paris", "--yes") == 1
    found = activity.tick()
    assert ("Observation", "apply/librenms/devices", "paris") in found
    assert ("Materialization", "apply/librenms/devices", "paris") not in found
    assert activity.metadata("apply/librenms/devices")["stale"] == 1


def test_a_broken_cursor_starts_anew(harness: DagsterHarness) -> None:
    assert isinstance(
        evaluate(activity_sensor, instance=harness.instance, cursor='{"other": 1}'), dg.SkipReason
    )
