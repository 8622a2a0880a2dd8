"""Which endpoints are due: intervals, the pause after a failure, and the error of a run that takes too long."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbox_sync_dagster.defs.sensors.interval_sensor import Asked, known_time, settle
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.sync.attempts import Attempts, read_attempts
from netbox_sync_dagster.sync.scheduling import EndpointSchedule, back_off, decide, offset

NOW = 1_800_000_000.0
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
INTERVALS = st.integers(30, 100_000)


def test_without_an_interval_an_endpoint_is_synced_by_hand_only() -> None:
    decision = decide(EndpointSchedule("paris", interval=0, every=0, failures=3, last_end=NOW - 10_000), NOW)
    assert (decision.start, decision.why) == (False, "by hand only")


def test_a_new_endpoint_is_due_at_once() -> None:
    assert decide(EndpointSchedule("paris", interval=3600, every=3600), NOW).start


@given(name=NAMES, interval=INTERVALS, ago=st.floats(0, 1_000_000))
def test_after_a_downtime_there_is_one_sync_not_many(name: str, interval: int, ago: float) -> None:
    schedule = EndpointSchedule(name, interval, interval, last_start=NOW - ago)
    decision = decide(schedule, NOW)
    if decision.start:
        decision = decide(replace(schedule, last_start=NOW), NOW)
    assert not decision.start
    # The next one comes within an interval.
    assert NOW < decision.at <= NOW + interval + 0.001


@given(name=NAMES, interval=INTERVALS)
def test_an_endpoint_is_synced_once_per_interval_however_often_it_is_asked(name: str, interval: int) -> None:
    schedule = EndpointSchedule(name, interval, interval, last_start=NOW - interval * 50)
    starts = []
    step = interval / 7
    for number in range(7 * 12):
        moment = NOW + number * step
        if decide(schedule, moment).start:
            starts.append(moment)
            schedule = replace(schedule, last_start=moment)
    assert 12 <= len(starts) <= 13
    gaps = [later - earlier for earlier, later in pairwise(starts[1:])]
    assert all(gap == pytest.approx(interval, abs=step * 1.01) for gap in gaps)


def test_endpoints_of_one_interval_are_spread_over_it() -> None:
    tenths = [int(offset(f"site-{number}", 300) // 30) for number in range(100)]
    assert {tenths.count(tenth) for tenth in range(10)} <= set(range(3, 20))


@pytest.mark.parametrize(
    ("interval", "points"),
    [(30, [0]), (60, [0, 30]), (300, list(range(0, 300, 30))), (3600, list(range(0, 3600, 360)))],
)
def test_turns_come_at_few_points_of_an_interval_so_that_a_run_has_many(
    interval: int, points: list[int]
) -> None:
    assert sorted({offset(f"site-{number}", interval) for number in range(200)}) == points


def test_pauses_double_with_every_failure_up_to_the_interval() -> None:
    pauses = [back_off("paris", failures, NOW, 3600) for failures in range(1, 10)]
    assert [round(pause / (30 * 2**n), 1) for n, pause in enumerate(pauses[:6])] == [
        pytest.approx(1.0, abs=0.2)
    ] * 6
    assert pauses[8:] == [3600.0]
    # Two that failed together do not come back together.
    assert back_off("paris", 4, NOW, 3600) != back_off("lyon", 4, NOW, 3600)


def test_after_a_failure_the_pause_counts_from_its_end_and_says_so() -> None:
    schedule = EndpointSchedule(
        "paris", 3600, 3600, last_start=NOW - 65, last_end=NOW - 5, failures=2, error="cannot connect"
    )
    decision = decide(schedule, NOW)
    assert not decision.start
    assert decision.at == NOW - 5 + back_off("paris", 2, NOW - 5, 3600)
    assert decision.why.startswith("the last 2 tries failed (cannot connect); tried again at 2027-01-15 08:0")
    assert decide(schedule, decision.at).start


@given(failures=st.integers(1, 10_000), interval=INTERVALS)
def test_an_endpoint_that_fails_for_ever_is_still_tried_within_its_interval(
    failures: int, interval: int
) -> None:
    schedule = EndpointSchedule(
        "paris", interval, interval, last_start=NOW - 1, last_end=NOW, failures=failures
    )
    assert NOW < decide(schedule, NOW).at <= NOW + interval + 0.001


def test_an_endpoint_with_a_schedule_only_is_tried_again_too() -> None:
    schedule = EndpointSchedule(
        "paris", interval=0, every=86_400, last_start=NOW - 100, last_end=NOW - 60, failures=1
    )
    assert decide(schedule, NOW).start
    assert decide(replace(schedule, failures=0), NOW).why == "by hand only"


def test_an_interval_shorter_than_the_run_is_reported_and_not_queued_up() -> None:
    schedule = EndpointSchedule(
        "paris", 60, 60, last_start=NOW - 200, busy="the run 1f0c works on it", busy_since=NOW - 95
    )
    decision = decide(schedule, NOW)
    assert (decision.start, decision.late) == (False, True)
    assert decision.why == (
        "the run 1f0c works on it for 95 s now, longer than its interval of 60 s: raise the interval"
    )
    soon = decide(replace(schedule, busy_since=NOW - 20), NOW)
    assert (soon.start, soon.late, soon.why) == (False, False, "due, but the run 1f0c works on it")


def test_tries_are_read_from_their_record(tmp_path) -> None:
    warehouse = Warehouse(tmp_path)
    assert read_attempts(warehouse, "librenms", "paris") == Attempts()
    reads = warehouse.snapshots("librenms", "paris") / "attempts.jsonl"
    compares = warehouse.diffs("paris") / "attempts.jsonl"

    def line(second: int, seconds: int, error: str = "") -> dict[str, object]:
        times = {
            "started": f"2026-01-01T00:00:{second:02d}+00:00",
            "finished": f"2026-01-01T00:00:{second + seconds:02d}+00:00",
        }
        return {**times, "system": "librenms", "ok": not error, "error": error or None}

    def last(path: Path) -> int:
        return json.loads(path.read_text().splitlines()[-1])["seq"]

    warehouse.append_jsonl(reads, line(0, 5))
    warehouse.append_jsonl(compares, line(5, 2))
    at = 1_767_225_600.0
    assert read_attempts(warehouse, "librenms", "paris") == Attempts(at, at + 7, 0, "", 7.0, last(compares))
    warehouse.append_jsonl(reads, line(10, 1, "cannot connect"))
    warehouse.append_jsonl(reads, line(20, 1))
    warehouse.append_jsonl(compares, line(21, 3, "NetBox was never read"))
    with reads.open("a") as file:
        file.write('{"started": "2026-01-01T0')
    assert read_attempts(warehouse, "librenms", "paris") == Attempts(
        at + 20, at + 24, 2, "NetBox was never read", 7.0, last(compares)
    )
    # Of another kind, once, under the same name.
    assert read_attempts(warehouse, "proxmox", "paris") == Attempts()


def test_syncs_of_a_part_do_not_postpone_the_next_one(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    reads = warehouse.snapshots("librenms", "paris") / "attempts.jsonl"
    compares = warehouse.diffs("paris") / "attempts.jsonl"

    def line(second: int, part: str | None, *, ok: bool = True) -> dict[str, object]:
        time = f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}+00:00"
        return {
            "started": time,
            "finished": time,
            "system": "librenms",
            "ok": ok,
            "error": None if ok else "cannot connect",
            "who": "netbox-sync hook",
            "part": part,
        }

    warehouse.append_jsonl(reads, line(0, None, ok=False))
    failed = read_attempts(warehouse, "librenms", "paris")
    assert (failed.last_start, failed.failures, failed.error) == (1_767_225_600.0, 1, "cannot connect")
    # More lines than the end of the file that is usually read.
    many = b"".join(json.dumps({"seq": 10**14 + n, **line(n, "sw1")}).encode() + b"\n" for n in range(500))
    with reads.open("ab") as file:
        file.write(many)
    warehouse.append_jsonl(compares, line(600, ""))
    assert len(many) > 2**16
    assert read_attempts(warehouse, "librenms", "paris") == failed


# -- clocks that are wrong -----------------------------------------------------------------------

DAY = 86_400


@pytest.mark.parametrize(
    ("read", "asked", "due"),
    [
        pytest.param(NOW + DAY, 0, True, id="read by a clock a day ahead, nobody remembers when"),
        pytest.param(NOW + DAY, NOW + DAY, True, id="the sensor's own clock was a day ahead, too"),
        pytest.param(NOW + DAY, NOW - 1, False, id="read a second ago by a machine a day ahead"),
        pytest.param(NOW - DAY, NOW - 1, False, id="read a second ago by a machine a day behind"),
        pytest.param(NOW + DAY, NOW - 61, True, id="asked for more than an interval ago"),
    ],
)
def test_a_clock_that_was_wrong_keeps_no_endpoint_waiting_and_starts_none_again_and_again(
    read: float, asked: float, due: bool
) -> None:
    start = known_time(NOW, read, asked)
    # Each endpoint has its turn at its own point of the interval: this one's is at NOW.
    schedule = EndpointSchedule("paris", 60, 60, last_start=start)
    turn = (NOW - offset("paris", 60)) // 60 * 60 + offset("paris", 60)
    assert decide(schedule, turn + (NOW - turn)).start == (due or start < turn)
    assert decide(schedule, NOW + 60).start


def test_a_failed_try_by_a_clock_that_is_behind_has_its_pause_after_it_was_asked_for() -> None:
    end = known_time(NOW, NOW - DAY, 0, NOW - 1)
    schedule = EndpointSchedule("paris", 3600, 3600, last_start=end, last_end=end, failures=1, error="down")
    assert not decide(schedule, NOW).start
    assert decide(schedule, NOW + 40).start


@pytest.mark.parametrize("last", [5, 7], ids=["not tried", "tried"])
def test_what_became_of_a_run_is_told_by_the_last_try_not_by_its_date(last: int) -> None:
    asked = Asked(at=NOW, open=True, before=5)
    settled = settle(asked, last, busy=False, now=NOW + 100)
    assert (settled.open, settled.lost) == (False, int(last == 5))
