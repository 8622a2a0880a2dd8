"""Cron expressions, as Dagster accepts them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Any date. The times examined for a daily schedule include a leap day and both clock changes.
_FROM = datetime(2024, 1, 1)
_TIMES = 370


def check_cron(text: str) -> str:
    """Return the expression. Raises ValueError if Dagster does not accept it or it never occurs."""
    # Imported late: few configurations have a schedule.
    from croniter import CroniterError, croniter

    try:
        fields = croniter.expand(text)[0]
        # croniter also takes seconds, years and the weekday nearest to a day (15W); Dagster does not.
        taken = len(fields) == 5 and not _names_nearest_weekday(text)
        if taken:
            croniter(text, _FROM).get_next()
    except (CroniterError, AttributeError):
        taken = False
    if not taken:
        raise ValueError(
            f"'{text}' is not a cron expression: minute hour day month weekday, e.g. \"15 3 * * *\" for 03:15 each day"
        )
    return text


def _names_nearest_weekday(text: str) -> bool:
    fields = text.split()
    return len(fields) > 2 and "w" in fields[2].lower()


def check_zone(name: str) -> str:
    """Return the name. Raises ValueError if there is no such time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone; e.g. Europe/Paris or UTC") from None
    return name


@cache
def longest_gap(cron: str, zone: str) -> int:
    """Maximum number of seconds between two times of the schedule."""
    from croniter import croniter

    tz = ZoneInfo(zone)
    # Hourly schedules also run in the hour that a clock change repeats or skips; all others follow local time.
    hourly = croniter.expand(cron)[0][1] == ["*"]
    times = croniter(cron, _FROM.replace(tzinfo=tz) if hourly else _FROM, ret_type=datetime)
    moments = [times.get_next(datetime) for _ in range(_TIMES)]
    seconds = [(moment if hourly else moment.replace(tzinfo=tz)).timestamp() for moment in moments]
    return int(max(later - earlier for earlier, later in pairwise(seconds)))
