"""Partitions, intervals, schedules and alarms: the sensors called directly."""

from __future__ import annotations

import json
import time
from contextvars import copy_context
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.defs.alarms import failure_sentences
from netbox_sync_dagster.defs.due import due, in_flight, interval_sensor, run_tags, schedules, stretches
from netbox_sync_dagster.defs.freshness import snapshot_freshness
from netbox_sync_dagster.defs.partitions import endpoints, partition_keys
from netbox_sync_dagster.defs.resources import SyncResource
from tests.defs.conftest import House


def tick(sensor: Any, house: House, cursor: str | None = None) -> Any:
    context = dg.build_sensor_context(instance=house.instance, cursor=cursor)
    return sensor(context, sync=SyncResource())


def test_partitions_follow_the_configuration(house: House) -> None:
    assert partition_keys(house.instance, "librenms") == ["paris", "lyon"]
    assert tick(endpoints, house).skip_message == (
        "the partitions are the enabled endpoints of the configuration"
    )
    text = house.config_path.read_text(encoding="utf-8").replace("name: lyon", "name: nice")
    house.config_path.write_text(text, encoding="utf-8")

    result = tick(endpoints, house)

    [add, remove] = result.dynamic_partitions_requests
    assert (add.partitions_def_name, add.partition_keys) == ("librenms_endpoints", ["nice"])
    assert (remove.partitions_def_name, remove.partition_keys) == ("librenms_endpoints", ["lyon"])


def test_a_disabled_endpoint_is_no_partition(house: House) -> None:
    house.write(lyon={"enabled": False})
    assert partition_keys(house.instance, "librenms") == ["paris"]
    house.write(lyon={"enabled": True})
    assert partition_keys(house.instance, "librenms") == ["paris", "lyon"]
    assert partition_keys(house.instance, "proxmox") == ["pve"]


def test_a_wrong_configuration_is_a_reason_to_wait_not_a_crash(house: House) -> None:
    house.config_path.write_text("netbox: [", encoding="utf-8")
    for sensor in (endpoints, interval_sensor("librenms")):
        assert tick(sensor, house).skip_message.startswith(f"{house.config_path}:1: not valid YAML")


def test_endpoints_of_one_interval_come_due_together_and_once(house: House) -> None:
    house.write(paris={"interval": 300}, lyon={"interval": 300}, pve={"interval": 300})
    sensor = interval_sensor("librenms")
    turn = int(time.time() // 300) * 300

    first = tick(sensor, house)

    [request] = first.run_requests
    assert request.run_key == f"paris@{turn},lyon@{turn}"
    assert request.tags == {
        "dagster/asset_partition_range_start": "paris",
        "dagster/asset_partition_range_end": "lyon",
        "netbox_sync/endpoint": "paris,lyon",
    }
    assert json.loads(first.cursor) == {"lyon": turn, "paris": turn}
    again = tick(sensor, house, first.cursor)
    # At the boundary of two turns the second tick may see the next one.
    assert isinstance(again, dg.SkipReason) or again.run_requests[0].run_key != request.run_key


def test_an_interval_sensor_starts_only_endpoints_with_an_interval(house: House) -> None:
    assert tick(interval_sensor("librenms"), house).skip_message == "no librenms endpoint has an interval"
    house.write(lyon={"interval": 60})
    [request] = tick(interval_sensor("librenms"), house).run_requests
    assert request.tags["dagster/partition"] == "lyon"


def test_an_endpoint_that_is_being_worked_on_waits_for_its_run_to_end(house: House) -> None:
    house.write(paris={"interval": 60}, lyon={"interval": 60})
    run = house.instance.add_run(
        dg.DagsterRun(
            job_name="sync_librenms",
            run_id="11111111-1111-4111-8111-111111111111",
            status=dg.DagsterRunStatus.STARTED,
            tags=run_tags(["paris"]),
        )
    )
    assert in_flight(house.instance, "librenms") == {"paris"}
    [request] = tick(interval_sensor("librenms"), house).run_requests
    assert request.tags["dagster/partition"] == "lyon"
    house.instance.report_run_failed(run)
    assert in_flight(house.instance, "librenms") == set()


@pytest.mark.parametrize(
    ("now", "started", "expected"),
    [
        (1000.0, {}, {"a": 960, "b": 900}),
        (1000.0, {"a": 960}, {"b": 900}),
        (1019.9, {"a": 960, "b": 900}, {}),
        (1020.0, {"a": 960, "b": 900}, {"a": 1020}),
        # Turns that were missed are not made up for.
        (100_000.0, {"a": 960, "b": 900}, {"a": 99_960, "b": 99_900}),
    ],
)
def test_turns(house: House, now: float, started: dict[str, int], expected: dict[str, int]) -> None:
    house.write(paris={"interval": 60}, lyon={"interval": 300})
    named = dict(zip(("paris", "lyon"), ("a", "b"), strict=True))
    found = due(
        load_config(house.config_path).endpoints,  # type: ignore[arg-type]
        {name: started[short] for name, short in named.items() if short in started},
        now,
    )
    assert {named[name]: turn for name, turn in found.items()} == expected


def test_a_run_takes_neighbouring_partitions_only() -> None:
    assert list(stretches(["a", "b", "c", "d", "e"], {"a", "b", "d"})) == [["a", "b"], ["d"]]
    assert list(stretches(["a", "b"], set())) == []
    assert run_tags(["a"]) == {"dagster/partition": "a", "netbox_sync/endpoint": "a"}


def test_a_cron_expression_makes_a_schedule(house: House, tmp_path: Path) -> None:
    house.write(paris={"schedule": "15 3 * * *"})
    [schedule] = schedules(load_config(house.config_path))
    assert (schedule.name, schedule.cron_schedule) == ("paris_schedule", "15 3 * * *")
    storage = tmp_path / "dagster"
    storage.mkdir()

    def evaluate(context: dg.ScheduleEvaluationContext) -> Any:
        # A schedule called by hand opens the instance again and never leaves it: in a context of its own,
        # that instance's storage does not stay the one that later tests load definitions with.
        return copy_context().run(schedule, context, sync=SyncResource())

    with (
        dg.DagsterInstance.local_temp(str(storage)) as instance,
        dg.build_schedule_context(instance=instance) as context,
    ):
        request = evaluate(context)
        assert (request.partition_key, request.tags["netbox_sync/endpoint"]) == ("paris", "paris")
        # The partition need not have been there before.
        assert partition_keys(instance, "librenms") == ["paris", "lyon"]
        house.write(paris={"enabled": False})
        skipped = evaluate(context)
    assert skipped.skip_message == "endpoint 'paris' is no longer in the configuration or disabled"


def test_no_interval_no_freshness_policy() -> None:
    # The code location of these tests was loaded without a configuration.
    assert snapshot_freshness("librenms") is None


def test_the_alarm_says_the_sentence(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETBOX_TOKEN")
    result = house.run("read_netbox")
    [failed] = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
    context = dg.build_run_status_sensor_context(
        "failed_runs",
        dagster_event=failed,
        dagster_instance=house.instance,
        dagster_run=house.instance.get_run_by_id(result.run_id),
    ).for_run_failure()
    assert failure_sentences(context) == ["netbox.token_env: set the environment variable NETBOX_TOKEN"]
