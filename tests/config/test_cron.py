"""Cron expressions: what the configuration takes is what Dagster takes, and how much time passes at most."""

from __future__ import annotations

import dagster as dg
import pytest

from netbox_sync_dagster.config.cron import check_cron, longest_gap


@pytest.mark.parametrize(
    "text",
    [
        *(
            "15 3 * * *",
            "*/5 * * * *",
            "0 22-2 * * *",
            "0 0 29 2 *",
            "0 0 1 JAN *",
            "0 0 * * SUN",
            "0 0 * * 7",
        ),
        *(
            "@hourly",
            "@daily",
            "@yearly",
            "0 0 L * *",
            "0 0 * * MON#1",
            "0 0 * * L5",
            "0 0 ? * *",
            " 15  3 * * * ",
        ),
    ],
)
def test_it_takes_what_dagster_takes(text: str) -> None:
    assert check_cron(text) == text
    job = dg.define_asset_job("some_job", selection="*")
    assert dg.ScheduleDefinition(job=job, cron_schedule=text).cron_schedule == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "60 * * * *", "0 0 0 0 0", "@reboot", "H H * * *"),
        # Seconds, years, the nearest weekday: more than Dagster takes.
        *("* * * * * *", "0 0 1 1 * 0 2030", "0 0 15w * *", "0 0 w1 * *", "0 0 lw * *"),
        # Days that no year has.
        *("0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6 *"),
    ],
)
def test_it_refuses_what_dagster_refuses_and_what_never_happens(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        check_cron(text)
    assert str(refused.value) == (
        f"'{text}' is not a cron expression: minute hour day month weekday, e.g. \"15 3 * * *\" for 03:15 each day"
    )


@pytest.mark.parametrize(
    ("text", "zone", "seconds"),
    [
        ("15 3 * * *", "UTC", 86_400),
        # The night on which the clock goes back is an hour longer; in Lord Howe half an hour.
        ("15 3 * * *", "Europe/Paris", 90_000),
        ("30 1 * * *", "Australia/Lord_Howe", 88_200),
        # What runs every hour runs in the repeated one too.
        ("*/5 * * * *", "Europe/Paris", 300),
        ("*/7 * * * *", "UTC", 420),
        ("17 * * * *", "America/New_York", 3_600),
        ("0 8-18 * * *", "UTC", 14 * 3_600),
        ("0 0 * * MON#1", "UTC", 35 * 86_400),
        ("0 0 29 2 *", "UTC", 8 * 365 * 86_400 + 86_400),
    ],
)
def test_the_longest_gap_counts_clock_changes(text: str, zone: str, seconds: int) -> None:
    assert longest_gap(text, zone) == seconds
