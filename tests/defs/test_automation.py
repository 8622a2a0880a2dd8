"""Partitions, intervals, schedules and alarms: the sensors called directly."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import pytest
from dagster import DagsterEventType
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.defs.freshness import sync_freshness
from netbox_sync_dagster.defs.jobs.endpoint_schedules import schedules
from netbox_sync_dagster.defs.keys import RESOURCES_OF
from netbox_sync_dagster.defs.partitions import partition_keys
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.runs import in_flight
from netbox_sync_dagster.defs.sensors.interval_sensor import interval_sensor
from netbox_sync_dagster.defs.sensors.notification_sensors import failure_sentences
from netbox_sync_dagster.defs.sensors.partition_sensor import partition_sensor
from netbox_sync_dagster.storage import SYSTEMS
from netbox_sync_dagster.storage.locks import EndpointLock
from tests.defs.conftest import DagsterHarness, build_house, checks, definitions, failure, made
from tests.fake_clock import FakeClock
from tests.support import evaluate


def tick(sensor: Any, harness: DagsterHarness, cursor: str | None = None) -> Any:
    return evaluate(sensor, instance=harness.instance, cursor=cursor)


def test_partitions_follow_the_configuration(harness: DagsterHarness) -> None:
    assert partition_keys(harness.instance, "librenms") == ["paris", "lyon"]
    assert tick(partition_sensor, harness).skip_message == (
        "the partitions are the enabled endpoints of the configuration"
    )
    text = harness.config_path.read_text(encoding="utf-8").replace("name: lyon", "name: nice")
    harness.config_path.write_text(text, encoding="utf-8")

    result = tick(partition_sensor, harness)

    [add, remove] = result.dynamic_partitions_requests
    assert (add.partitions_def_name, add.partition_keys) == ("librenms_endpoints", ["nice"])
    assert (remove.partitions_def_name, remove.partition_keys) == ("librenms_endpoints", ["lyon"])


def test_a_disabled_endpoint_is_no_partition(harness: DagsterHarness) -> None:
    harness.write(lyon={"enabled": False})
    assert partition_keys(harness.instance, "librenms") == ["paris"]
    harness.write(lyon={"enabled": True})
    assert partition_keys(harness.instance, "librenms") == ["paris", "lyon"]
    assert partition_keys(harness.instance, "proxmox") == ["pve"]


def test_a_wrong_configuration_is_a_reason_to_wait_not_a_crash(harness: DagsterHarness) -> None:
    harness.config_path.write_text("netbox: [", encoding="utf-8")
    for sensor in (partition_sensor, interval_sensor):
        assert tick(sensor, harness).skip_message.startswith(f"{harness.config_path}:1: not valid YAML")


def config_of(request: Any) -> list[str]:
    return request.run_config["ops"]["sync_endpoints"]["config"]["endpoints"]


def start(harness: DagsterHarness, request: Any) -> Any:
    """Run what the sensor asked for, as the daemon does."""
    return harness.run("sync_group", run_config=request.run_config, tags=dict(request.tags))


class Group(NamedTuple):
    """A tick of the sensor after which every endpoint is due, its run, a second tick, and what was read and written."""

    harness: DagsterHarness
    first: Any
    result: Any
    again: Any
    requests: list[str]
    writes: list[tuple[str, str]]


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        build_house(tmp_path_factory.mktemp("group"), monkeypatch) as harness,
    ):
        with pytest.MonkeyPatch.context() as clocks:
            FakeClock(clocks).wait_for_turns(86400)
            harness.write(paris={"interval": 86400}, lyon={"interval": 86400}, pve={"interval": 86400})
            first = tick(interval_sensor, harness)
            [request] = first.run_requests
            result = start(harness, request)
            again = tick(interval_sensor, harness, first.cursor)
        asked = [item.path for item in harness.netbox_server.requests[harness.built :]]
        yield Group(harness, first, result, again, asked, harness.writes())


def test_endpoints_that_are_due_are_one_run_whatever_their_kind(group: Group) -> None:
    [request] = group.first.run_requests
    assert config_of(request) == ["paris", "lyon", "pve"]
    assert request.tags == {"netbox_sync/endpoint": "paris,lyon,pve"}
    result = group.result
    assert result.success
    assert {name for key in ("librenms/ports", "proxmox/guests") for name in made(result, key)} == {
        "paris", "lyon", "pve",
    }  # fmt: skip
    # NetBox is read once for all of them.
    assert group.requests.count("/api/status/") == 1
    # A turn is used once.
    assert group.again.skip_message.count("next at") == 3


def test_a_run_of_a_group_says_the_same_as_the_jobs_of_one_kind(group: Group) -> None:
    result = group.result
    found = made(result, "diff/librenms/interfaces")["paris"]
    assert (found["create"], found["update"]) == (2, 0)
    assert made(result, "netbox/devices")[None]["dagster/row_count"] == 1
    evaluations = checks(result)
    assert evaluations["librenms/devices:complete"].passed
    assert evaluations["diff/proxmox/virtual_machines:gates"].passed
    assert evaluations["netbox/status:complete"].passed
    assert group.writes == []


def out_of_step(harness: DagsterHarness) -> set[str]:
    """The diffs of paris that Dagster's pages call unsynced: their upstream was reported after them."""
    graph = definitions().get_repository_def().asset_graph
    resolver = CachingStaleStatusResolver(harness.instance, graph, LoadingContextForTest(harness.instance))
    keys = [dg.AssetKey(["diff", "librenms", name]) for name in RESOURCES_OF["librenms"]]
    return {key.path[-1] for key in keys if resolver.get_status(key, "paris") != StaleStatus.FRESH}


def test_what_is_as_it_was_is_not_told_at_every_sync(group: Group) -> None:
    harness = group.harness
    tables = [f"librenms/{name}" for name in SYSTEMS["librenms"]]
    every = {*tables, *(f"diff/librenms/{name}" for name in RESOURCES_OF["librenms"])}

    def synced() -> set[str]:
        result = harness.sync("paris")
        assert result.success
        assert made(result, "netbox/status").keys() == {None}
        return {name for name in every if made(result, name).keys() == {"paris"}}

    assert {name for name in every if "paris" in made(group.result, name)} == every
    assert synced() == {"diff/librenms/devices"}
    assert out_of_step(harness) == set()
    # One more port is one more interface. All diffs are computed from ports too: a device is known by their addresses.
    state = harness.paris.state
    state.add_port(state.devices[0], "Gi1/0/99")
    assert synced() == {"librenms/ports", *(f"diff/librenms/{name}" for name in RESOURCES_OF["librenms"])}
    assert out_of_step(harness) == set()
    # One more tag in NetBox, from which these diffs are computed.
    harness.netbox.create("extras/tags", name="new", slug="new")
    assert synced() == {f"diff/librenms/{name}" for name in ("devices", "tags", "virtual_machines")}
    assert out_of_step(harness) == set()
    # Another run reports to Dagster in between: then everything is reported again.
    harness.run("sync_librenms", partition_key="paris")
    assert out_of_step(harness) == set()
    assert synced() == every
    assert out_of_step(harness) == set()
    # An hour later.
    memory = harness.warehouse.diffs("paris") / ".recorded.json"
    old = {name: (said, at - 3601) for name, (said, at) in json.loads(memory.read_text()).items()}
    memory.write_text(json.dumps(old))
    assert synced() == every


def test_only_endpoints_with_an_interval_are_started(harness: DagsterHarness) -> None:
    assert tick(interval_sensor, harness).skip_message == "no enabled endpoint has an interval or a schedule"
    harness.write(lyon={"interval": 60})
    [request] = tick(interval_sensor, harness).run_requests
    assert config_of(request) == ["lyon"]


def test_an_endpoint_that_is_being_worked_on_waits_for_its_run_to_end(harness: DagsterHarness) -> None:
    harness.write(paris={"interval": 60}, lyon={"interval": 60})
    run = harness.instance.add_run(
        dg.DagsterRun(
            job_name="sync_librenms",
            run_id="11111111-1111-4111-8111-111111111111",
            status=dg.DagsterRunStatus.STARTED,
            tags={"dagster/partition": "paris"},
        )
    )
    assert set(in_flight(harness.instance, "librenms")) == {"paris"}
    result = tick(interval_sensor, harness)
    [request] = result.run_requests
    assert config_of(request) == ["lyon"]
    assert json.loads(result.cursor)["paris"]["waits"] == "due, but the run 11111111 works on it"
    harness.instance.report_run_failed(run)
    assert in_flight(harness.instance) == {}


def test_an_endpoint_that_somebody_syncs_on_the_command_line_waits(harness: DagsterHarness) -> None:
    harness.write(paris={"interval": 60})
    with EndpointLock.for_sync(harness.warehouse, "librenms", "paris", "netbox-sync by alice"):
        assert (
            tick(interval_sensor, harness).skip_message
            == "paris: due, but netbox-sync by alice is reading it"
        )
        # Nor can a run that is started all the same get at it.
        result = harness.run("sync_librenms", partition_key="paris")
        assert "endpoint 'paris' is being synced already (by netbox-sync by alice, process" in failure(result)
    assert asked(harness.paris) == 0
    assert len(tick(interval_sensor, harness).run_requests) == 1


def test_a_failed_endpoint_is_tried_again_after_a_pause_and_the_sensor_says_why_it_waits(
    harness: DagsterHarness, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setenv("LYON_TOKEN", "wrong")
    clock.wait_for_turns(3600)
    harness.write(paris={"interval": 3600}, lyon={"interval": 3600})
    first = tick(interval_sensor, harness)
    [request] = first.run_requests
    result = start(harness, request)

    sentence = (
        "endpoint 'lyon': the server refused the token in LYON_TOKEN (GET /system answered 401); check it and that it has not "
        "expired"
    )
    assert failure(result) == f"{sentence}. Done: paris."
    assert list(made(result, "librenms/ports")) == ["paris"]
    waiting = tick(interval_sensor, harness, first.cursor)
    assert waiting.skip_message.startswith(f"lyon: the last try failed ({sentence}); tried again at 20")
    assert "; paris: next at 20" in waiting.skip_message
    # A daemon that was restarted and remembers nothing decides the same from the records.
    assert tick(interval_sensor, harness).skip_message == waiting.skip_message


def test_a_run_that_never_came_to_the_endpoint_counts_as_a_failed_try(harness: DagsterHarness) -> None:
    harness.write(paris={"interval": 3600})
    first = tick(interval_sensor, harness)
    # The run is killed before it has read anything: there is none, and no try on record.
    second = tick(interval_sensor, harness, first.cursor)

    assert second.skip_message.startswith(
        "paris: the last try failed (the run ended without reading it); tried again at 20"
    )


def test_a_run_whose_process_is_gone_does_not_hold_its_endpoints_for_ever(
    harness: DagsterHarness, clock: FakeClock
) -> None:
    """Counted is how long the sensor has seen it silent, not when its machine says that it began."""

    def add(run_id: str, ago: float) -> None:
        run = harness.instance.add_run(
            dg.DagsterRun(job_name="sync_group", run_id=run_id, tags={"netbox_sync/endpoint": "paris"})
        )
        harness.instance.handle_run_event(
            run_id,
            dg.DagsterEvent(DagsterEventType.RUN_START.value, run.job_name),
            datetime.fromtimestamp(time.time() - ago, UTC),
        )

    harness.write(paris={"interval": 60})
    dead, alive, young = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "123")

    def states() -> dict[str, str]:
        with EndpointLock.for_run(harness.warehouse, alive):
            tick(interval_sensor, harness)
        return {
            run.run_id: run.status.value
            for run in harness.instance.get_runs()
            if run.job_name == "sync_group"
        }

    add(dead, 1000)
    add(alive, 1000)
    assert states() == {dead: "STARTED", alive: "STARTED"}
    clock.wait(170)
    add(young, 1000)
    assert states() == {dead: "STARTED", alive: "STARTED", young: "STARTED"}
    clock.wait(20)
    assert states() == {dead: "FAILURE", alive: "STARTED", young: "STARTED"}


def test_a_cron_expression_makes_a_schedule(harness: DagsterHarness, tmp_path: Path) -> None:
    harness.write(paris={"schedule": "15 3 * * *", "timezone": "Europe/Paris"})
    [schedule] = schedules(load_config(harness.config_path))
    assert (schedule.name, schedule.cron_schedule) == ("paris_schedule", "15 3 * * *")
    assert schedule.execution_timezone == "Europe/Paris"
    storage = tmp_path / "dagster"
    storage.mkdir()

    def evaluate(context: dg.ScheduleEvaluationContext) -> Any:
        # A schedule called by hand opens the instance again and never leaves it: in a separate context,
        # that instance's storage does not stay the one that later tests load definitions with.
        return copy_context().run(schedule, context)

    with (
        dg.DagsterInstance.local_temp(str(storage)) as instance,
        dg.build_schedule_context(instance=instance, resources={"sync": SyncResource()}) as context,
    ):
        request = evaluate(context)
        assert (request.partition_key, request.tags["netbox_sync/endpoint"]) == ("paris", "paris")
        # The partition need not have been there before.
        assert partition_keys(instance, "librenms") == ["paris", "lyon"]
        harness.write(paris={"enabled": False})
        skipped = evaluate(context)
    assert skipped.skip_message == "endpoint 'paris' is no longer in the configuration or disabled"


def asked(server: Any) -> int:
    return sum(request.path == "/api/v0/system" for request in server.requests)


def test_no_interval_no_freshness_policy() -> None:
    # The code location of these tests was loaded without a configuration.
    assert sync_freshness("librenms") is None


def test_the_alarm_says_the_sentence(harness: DagsterHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETBOX_TOKEN")
    result = harness.run("read_netbox")
    [failed] = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
    context = dg.build_run_status_sensor_context(
        "failed_runs",
        dagster_event=failed,
        dagster_instance=harness.instance,
        dagster_run=harness.instance.get_run_by_id(result.run_id),
    ).for_run_failure()
    assert failure_sentences(context) == ["netbox.token_env: set the environment variable NETBOX_TOKEN"]
