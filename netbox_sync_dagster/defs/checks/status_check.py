"""The check ``status``: every configured endpoint of a kind, also between its syncs."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from netbox_sync_dagster.defs.checks.findings import ERROR, WARN, Finding, check_result
from netbox_sync_dagster.defs.checks.specs import STATUS
from netbox_sync_dagster.defs.keys import MAIN_RESOURCE, Kind, diff_key
from netbox_sync_dagster.defs.markdown import markdown_value, plain, table
from netbox_sync_dagster.storage.status import BAD_STATES, Status

# Rows of the table of all endpoints.
_STATES_SHOWN = 200


def status_result(kind: Kind, rows: Iterable[Status]) -> dg.AssetCheckResult:
    """The result of the check ``status``, which covers every configured endpoint of the kind."""
    mine = [row for row in rows if row.system == kind and row.state != "not configured"]
    findings = [
        Finding(
            row.endpoint,
            row.sentence if row.state in BAD_STATES or row.overrun else "",
            ERROR if row.state in BAD_STATES else WARN,
        )
        for row in mine
    ]
    result = check_result(STATUS, diff_key(kind, MAIN_RESOURCE[kind]), findings)
    cells = [
        (
            plain(row.endpoint),
            row.state,
            str(row.questions or 0),
            str(row.acknowledged or 0),
            plain(row.error or ""),
        )
        for row in mine[:_STATES_SHOWN]
    ]
    heads = ("endpoint", "status", "rows that ask something", "acknowledged", "why")
    states = markdown_value(table(heads, cells))
    return result._replace(metadata={**result.metadata, "status": states})
