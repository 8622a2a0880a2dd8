"""The status of endpoints: one computation from facts, and everything that shows it shows the same."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.defs.checks.status_check import status_result
from netbox_sync_dagster.defs.sensors.status_sensor import status_sensor
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.configured import note_endpoints
from netbox_sync_dagster.storage.locks import EndpointLock
from netbox_sync_dagster.storage.status import BAD_STATES, STATES, good_until, read_status, status_inputs
from netbox_sync_dagster.storage.views import build_database
from tests.kept import fresh, same_place
from tests.storage.versions import publish_diff
from tests.support import evaluate

# In the order of the promise; the first that holds.
RULES = (
    ("not configured", lambda f: not f["configured"]),
    ("disabled", lambda f: not f["enabled"]),
    ("unreachable", lambda f: f["failed"] and f["unreachable"]),
    ("error", lambda f: f["failed"]),
    ("never synced", lambda f: not f["synced"]),
    ("running", lambda f: f["running"]),
    ("stale", lambda f: f["stale"]),
    ("changes waiting", lambda f: f["waiting"] > 0),
    ("changes approved", lambda f: f["approved"] > 0),
    ("questions", lambda f: f["questions"] > 0),
    ("in sync", lambda f: True),
)


def expected(facts: dict[str, Any]) -> str:
    return next(state for state, holds in RULES if holds(facts))


def test_every_combination_of_facts_has_the_first_state_that_holds() -> None:
    flags = ("configured", "enabled", "failed", "unreachable", "synced", "running", "stale")
    numbers = ("waiting", "approved", "questions")
    combinations = [
        dict(zip((*flags, *numbers), values, strict=True))
        for values in product(*[(False, True)] * len(flags), *[(0, 3)] * len(numbers))
    ]
    assert [state for state, _ in RULES] == list(STATES)
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE facts (number INT, system VARCHAR, "
            + ", ".join([f"{name} BOOLEAN" for name in flags] + [f"{name} INT" for name in numbers])
            + ")"
        )
        con.executemany(
            f"INSERT INTO facts VALUES (?, 'librenms'{', ?' * (len(flags) + len(numbers))})",
            [(number, *item.values()) for number, item in enumerate(combinations)],
        )
        found = con.execute(f"SELECT {read_sql('views/state.sql')} FROM facts ORDER BY number").fetchall()
    assert len(found) == 1024
    assert [state for (state,) in found] == [expected(item) for item in combinations]


@dataclass(frozen=True)
class Case:
    """One endpoint's history, as runs and the configuration leave it."""

    configured: bool
    enabled: bool
    interval: int
    # When the endpoint was last read well, in seconds; None: never.
    read: int | None
    compared: bool
    # What came after that.
    fault: str
    running: bool
    creates: int
    asking: tuple[str, ...]


CASES = st.builds(
    Case,
    configured=st.sampled_from([True, True, False]),
    enabled=st.sampled_from([True, True, False]),
    interval=st.sampled_from([0, 60, 3600]),
    read=st.sampled_from([None, 10, 1000]),
    compared=st.booleans(),
    fault=st.sampled_from(["", "", "unreachable", "error", "compare"]),
    running=st.booleans(),
    creates=st.sampled_from([0, 2]),
    asking=st.sampled_from([(), ("conflict",), ("blocked",), ("drifted", "blocked")]),
)


def state_of(case: Case) -> str | None:
    """What the status must be; None where nothing at all is known of the endpoint."""
    known = case.configured or case.read is not None or case.fault
    synced = case.read is not None and case.compared
    facts = {
        "configured": case.configured,
        "enabled": case.enabled,
        "failed": bool(case.fault),
        "unreachable": case.fault == "unreachable",
        "synced": synced,
        "running": case.running,
        "stale": bool(case.interval) and case.read is not None and case.read > 2 * case.interval,
        "waiting": case.creates if synced else 0,
        "approved": 0,
        "questions": len(case.asking) if synced else 0,
    }
    return expected(facts) if known else None


def write_case(warehouse: Warehouse, name: str, case: Case) -> None:
    reads = warehouse.snapshots("librenms", name) / "attempts.jsonl"
    compares = warehouse.diffs(name) / "attempts.jsonl"

    def line(ago: int, **more: Any) -> dict[str, Any]:
        at = (now() - timedelta(seconds=ago)).isoformat()
        return {"system": "librenms", "started": at, "finished": at, **more}

    if case.read is not None:
        warehouse.append_jsonl(reads, line(case.read, ok=True, snapshot_id="s", complete=True))
        if case.compared:
            publish_diff(warehouse, name, create=case.creates, **dict.fromkeys(case.asking, 1))
            warehouse.append_jsonl(compares, line(case.read - 1, ok=True, diff_id="d"))
    if case.fault == "compare":
        warehouse.append_jsonl(compares, line(3, ok=False, error="NetBox was never read"))
    elif case.fault:
        warehouse.append_jsonl(
            reads, line(3, ok=False, error="boom", unreachable=case.fault == "unreachable")
        )


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


# What one costs is almost the same for many endpoints.
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(CASES, min_size=1) | st.lists(CASES, min_size=20, max_size=40))
def test_sql_python_command_line_and_dagster_never_contradict(
    tokens: pytest.MonkeyPatch, cases: list[Case]
) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(same_place(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        warehouse = fresh(folder / "data")
        named = {f"e{number}": case for number, case in enumerate(cases)}
        config = folder / "netbox_sync.yaml"
        endpoints = [
            {
                "name": name,
                "kind": "librenms",
                "url": "http://127.0.0.1:1",
                "enabled": case.enabled,
                "interval": case.interval,
            }
            for name, case in named.items()
            if case.configured
        ]
        YAML(typ="safe").dump({"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": endpoints}, config)
        note_endpoints(warehouse, load_config(config))
        for name, case in named.items():
            write_case(warehouse, name, case)
            if case.running:
                stack.enter_context(EndpointLock.for_sync(warehouse, "librenms", name, "a test"))
        wanted = {name: state for name, case in named.items() if (state := state_of(case)) is not None}

        with duckdb.connect(str(warehouse.database), read_only=True) as con:
            sql = dict(con.execute("SELECT endpoint, state FROM sync.status").fetchall())
        rows = read_status(warehouse)
        python = {row.endpoint: row.state for row in rows}
        out = io.StringIO()
        with redirect_stdout(out):
            assert run(["--config", str(config), "--home", str(warehouse.home), "status", "--json"]) == 0
        shown = {row["endpoint"]: row["state"] for row in json.loads(out.getvalue())["endpoints"]}
        check = status_result("librenms", rows)
        tokens.setenv("NETBOX_SYNC_CONFIG", str(config))
        tokens.setenv("NETBOX_SYNC_HOME", str(warehouse.home))
        said = evaluate(status_sensor)

        assert sql == wanted
        assert python == wanted
        assert shown == wanted
        told = [line.split(" | ")[:2] for line in check.metadata["status"].value.splitlines()[2:]]
        assert {name.removeprefix("| "): state for name, state in told} == {
            name: state for name, state in wanted.items() if state != "not configured"
        }
        assert check.passed == all(state not in BAD_STATES for state in wanted.values())
        if wanted:
            assert [event.passed for event in said.asset_events] == [check.passed]
            for state in set(wanted.values()):
                assert f"{list(wanted.values()).count(state)} {state}" in said.skip_reason.skip_message


def test_a_status_is_told_again_only_when_it_is_another(tmp_path: Path, tokens: pytest.MonkeyPatch) -> None:
    warehouse = Warehouse(tmp_path / "data")
    config = tmp_path / "netbox_sync.yaml"
    endpoint = {"name": "paris", "kind": "librenms", "url": "http://127.0.0.1:1", "interval": 60}
    YAML(typ="safe").dump({"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": [endpoint]}, config)
    tokens.setenv("NETBOX_SYNC_CONFIG", str(config))
    tokens.setenv("NETBOX_SYNC_HOME", str(warehouse.home))

    first = evaluate(status_sensor)
    again = evaluate(status_sensor, cursor=first.cursor)
    write_case(warehouse, "paris", Case(True, True, 60, 1000, True, "unreachable", False, 0, ()))
    later = evaluate(status_sensor, cursor=first.cursor)

    assert [event.passed for event in first.asset_events] == [True]
    assert again.skip_message == "1 never synced"
    assert [event.passed for event in later.asset_events] == [False]
    assert later.skip_reason.skip_message == "1 unreachable. paris: unreachable: boom"


def test_an_idle_tick_reads_again_only_what_changed_or_gets_stale(
    tmp_path: Path, tokens: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(tmp_path / "data")
    config = tmp_path / "netbox_sync.yaml"
    endpoint = {"name": "paris", "kind": "librenms", "url": "http://127.0.0.1:1", "interval": 60}
    YAML(typ="safe").dump({"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": [endpoint]}, config)
    tokens.setenv("NETBOX_SYNC_CONFIG", str(config))
    tokens.setenv("NETBOX_SYNC_HOME", str(warehouse.home))
    cursor = evaluate(status_sensor).cursor
    inputs = status_inputs(warehouse)
    read_status(warehouse)
    build_database(warehouse)
    assert status_inputs(warehouse) == inputs
    assert evaluate(status_sensor, cursor=cursor).skip_message == "1 never synced"
    write_case(warehouse, "paris", Case(True, True, 60, 10, True, "", False, 0, ()))
    assert status_inputs(warehouse) != inputs
    # Stale after two intervals.
    rows = read_status(warehouse)
    success = next(row.last_success for row in rows if row.endpoint == "paris")
    assert success is not None
    assert good_until(rows, success + timedelta(seconds=10)) == success + timedelta(seconds=120)
    assert good_until(rows, success + timedelta(seconds=130)) == success + timedelta(seconds=730)


def test_an_endpoint_that_only_asks_is_not_in_sync(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "data")
    config = tmp_path / "netbox_sync.yaml"
    endpoints = [{"name": name, "kind": "librenms", "url": "http://127.0.0.1:1"} for name in ("lyon", "nms")]
    YAML(typ="safe").dump({"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": endpoints}, config)
    publish_diff(warehouse, "nms", blocked=113)
    publish_diff(warehouse, "lyon", drifted=1)
    for name in ("nms", "lyon"):
        write_case(warehouse, name, Case(True, True, 0, 10, False, "", False, 0, ()))
    rows = read_status(warehouse)
    assert [(row.endpoint, row.state, row.waiting, row.questions) for row in rows] == [
        ("lyon", "questions", 0, 1),
        ("nms", "questions", 0, 113),
    ]
    check = status_result("librenms", rows)
    assert "| nms | questions | 113 | 0 |" in check.metadata["status"].value
    out = io.StringIO()
    with redirect_stdout(out):
        run(["--config", str(config), "--home", str(warehouse.home), "status"])
    shown = out.getvalue().splitlines()
    assert "nms: 113 rows ask something: netbox-sync resolve nms" in shown
    assert "lyon: 1 row asks something: netbox-sync resolve lyon" in shown


def test_a_sync_that_takes_longer_than_its_interval_is_reported(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "data")
    config = tmp_path / "netbox_sync.yaml"
    endpoint = {"name": "paris", "kind": "librenms", "url": "http://127.0.0.1:1", "interval": 60}
    YAML(typ="safe").dump({"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": [endpoint]}, config)
    note_endpoints(warehouse, load_config(config))
    publish_diff(warehouse, "paris")
    began, read, end = (now() - timedelta(seconds=ago) for ago in (100, 90, 5))
    warehouse.append_jsonl(
        warehouse.snapshots("librenms", "paris") / "attempts.jsonl",
        {"started": began.isoformat(), "finished": read.isoformat(), "ok": True},
    )
    warehouse.append_jsonl(
        warehouse.diffs("paris") / "attempts.jsonl",
        {"system": "librenms", "started": read.isoformat(), "finished": end.isoformat(), "ok": True},
    )
    [row] = read_status(warehouse)
    sentence = "a sync takes 95 s, longer than the 60 s that the configuration gives it; raise the interval"
    assert (row.state, row.sentence) == ("in sync", f"in sync; {sentence}")
    check = status_result("librenms", [row])
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    out = io.StringIO()
    with redirect_stdout(out):
        run(["--config", str(config), "--home", str(warehouse.home), "status"])
    assert f"paris: {sentence}" in out.getvalue().splitlines()
