"""Cron expressions, as Dagster takes them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Some date; a leap day and both clock changes are within the times looked at for a daily schedule.
_FROM = datetime(2024, 1, 1)
_TIMES = 370


def check_cron(text: str) -> str:
    """The expression, where it is one. Raises ValueError."""
    # Loading Dagster takes a second: only who has a schedule waits for it.
    from dagster._utils.schedules import is_valid_cron_string

    if not is_valid_cron_string(text):
        raise ValueError(
            f"'{text}' is no cron expression: minute hour day month weekday, e.g. \"15 3 * * *\" for 03:15 each day"
        )
    return text


def check_zone(name: str) -> str:
    """The time zone's name, where there is one. Raises ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no time zone; e.g. Europe/Paris or UTC") from None
    return name


@cache
def longest_gap(cron: str, zone: str) -> int:
    """Seconds that the schedule lets pass at most from one time to the next."""
    from dagster._utils.schedules import cron_string_iterator

    start = _FROM.replace(tzinfo=ZoneInfo(zone)).timestamp()
    times = [moment.timestamp() for moment in islice(cron_string_iterator(start, cron, zone), _TIMES)]
    return int(max(later - earlier for earlier, later in pairwise(times)))
