"""status on terminals of different widths; no server."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from netbox_sync_dagster.cli.console import SafeConsole
from netbox_sync_dagster.cli.status import print_status

NAME = "pve-frankfurt-production"


def row(endpoint: str, **more: Any) -> dict[str, Any]:
    read = datetime.now(UTC) - timedelta(minutes=5, seconds=10)
    numbers = dict.fromkeys(("waiting", "approved", "conflicts", "blocked", "drifted", "acknowledged"), 0)
    return (
        {"endpoint": endpoint, "state": "changes waiting", "last_success": read, "complete": True}
        | numbers
        | more
    )


def lines(width: int) -> list[str]:
    """What a terminal of this width shows."""
    out = io.StringIO()
    console = SafeConsole(file=out, width=width, force_terminal=True, color_system=None, highlight=False)
    rows = [
        row(NAME, waiting=2957, conflicts=5, blocked=49),
        row("nms", state="never synced", last_success=None, complete=None, waiting=None),
    ]
    print_status(console, rows)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_wide_terminal_has_a_table() -> None:
    head, _, first, second = lines(120)
    assert head.split() == ["endpoint", "state", "read", "(UTC)", "age", "waiting", "conflicts", "blocked"]
    assert first.split()[:3] + first.split()[5:] == [
        NAME,
        "changes",
        "waiting",
        "5",
        "min",
        "2957",
        "5",
        "49",
    ]
    assert second.split() == ["nms", "never", "synced", "never", "0", "0"]


def test_a_narrower_one_leaves_out_what_the_age_says_too() -> None:
    head, _, first, _ = lines(85)
    assert head.split() == ["endpoint", "state", "age", "waiting", "conflicts", "blocked"]
    assert first.split() == [NAME, "changes", "waiting", "5", "min", "2957", "5", "49"]


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_one_has_lines_with_the_whole_names(width: int) -> None:
    assert lines(width) == [
        f"{NAME}  changes waiting, read 5 min ago",
        "    2957 waiting, 5 conflicts, 49 blocked",
        "nms  never synced, never read",
    ]
