"""Metrics in Prometheus's text format: the status of every endpoint, and results of applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from netbox_sync_dagster.apply import VERDICTS
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.status import STATES, Status, read_status
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.text import harmless

_WAITS = ("waiting", "deletes", "approved", "conflicts", "blocked", "drifted", "acknowledged")
_DAY = 86_400
Samples = Iterable[tuple[dict[str, str], float]]


def metrics(warehouse: Warehouse) -> str:
    """All metrics, as node_exporter's textfile collector takes them. Raises WarehouseError without a warehouse."""
    rows = read_status(warehouse)
    now = datetime.now(UTC)
    found = [
        *_family("status", "1 for the endpoint's status, 0 for the others", "gauge", _states(rows)),
        *_family(
            "last_good_snapshot_timestamp_seconds",
            "When the last good snapshot began",
            "gauge",
            ((_who(row), row.last_success.timestamp()) for row in rows if row.last_success),
        ),
        *_family(
            "last_good_snapshot_age_seconds",
            "How old the last good snapshot is",
            "gauge",
            ((_who(row), (now - row.last_success).total_seconds()) for row in rows if row.last_success),
        ),
        *_family(
            "interval_seconds",
            "Seconds from sync to sync as configured, 0 by hand only",
            "gauge",
            ((_who(row), row.every) for row in rows if row.system != "netbox"),
        ),
        *_family(
            "sync_duration_seconds",
            "What the last good sync took, from the start of the read to the end of the comparison",
            "gauge",
            ((_who(row), row.seconds) for row in rows if row.seconds is not None),
        ),
        *_family(
            "failed_tries",
            "Failed tries since the last good sync",
            "gauge",
            ((_who(row), row.failures) for row in rows),
        ),
        *_family(
            "snapshot_complete",
            "Whether everything could be read",
            "gauge",
            ((_who(row), int(row.complete)) for row in rows if row.complete is not None),
        ),
        *_family(
            "snapshot_rows",
            "Rows of the current snapshot",
            "gauge",
            ((_who(row), row.rows) for row in rows if row.rows is not None),
        ),
        *_family("changes", "Rows of the current diff by state", "gauge", _changes(rows)),
        *_ledger(warehouse),
    ]
    return "\n".join(found) + "\n"


def _states(rows: list[Status]) -> Iterator[tuple[dict[str, str], float]]:
    for row in rows:
        for state in ("ok",) if row.system == "netbox" else STATES:
            yield {**_who(row), "status": state}, int(row.state == state)


def _changes(rows: list[Status]) -> Iterator[tuple[dict[str, str], float]]:
    for row in rows:
        for name in _WAITS:
            number = getattr(row, name)
            if number is not None:
                yield {**_who(row), "what": name}, number


_VERDICTS = "SELECT endpoint, verdict, count(*) FROM ledger.verdicts GROUP BY ALL ORDER BY ALL"
_APPLIES = """
    SELECT endpoint, count(*), count(*) FILTER (finished IS NULL), max(epoch(finished - started))
    FROM ledger.applies GROUP BY ALL ORDER BY ALL
"""
_READS = f"""
    SELECT system, endpoint, count(*) FILTER (ok), count(*) FILTER (NOT ok)
    FROM sync.attempts WHERE started > now() - to_seconds({_DAY})
    GROUP BY ALL ORDER BY ALL
"""


def _ledger(warehouse: Warehouse) -> Iterator[str]:
    verdicts, applies, tries = ask(
        warehouse, lambda con: [con.execute(sql).fetchall() for sql in (_VERDICTS, _APPLIES, _READS)]
    )
    counted = {(endpoint, verdict): number for endpoint, verdict, number in verdicts}
    yield from _family(
        "verdicts_total",
        "Changes that applies took up, by verdict",
        "counter",
        (
            ({"endpoint": endpoint, "verdict": verdict}, counted.get((endpoint, verdict), 0))
            for endpoint in sorted({endpoint for endpoint, _ in counted})
            for verdict in VERDICTS
        ),
    )
    yield from _family(
        "applies_total", "Applies", "counter", (({"endpoint": row[0]}, row[1]) for row in applies)
    )
    yield from _family(
        "applies_unfinished",
        "Applies that run, or were killed and not settled by a later one",
        "gauge",
        (({"endpoint": row[0]}, row[2]) for row in applies),
    )
    yield from _family(
        "reads_last_day",
        "Tries to read in the last 24 hours",
        "gauge",
        (
            ({"endpoint": row[1], "system": row[0], "result": result}, number)
            for row in tries
            for result, number in (("good", row[2]), ("failed", row[3]))
        ),
    )


def _who(row: Status) -> dict[str, str]:
    return {"endpoint": row.endpoint, "system": row.system}


def _family(name: str, text: str, kind: str, samples: Samples) -> Iterator[str]:
    full = f"netbox_sync_{name}"
    yield f"# HELP {full} {text}"
    yield f"# TYPE {full} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(item)}"' for key, item in labels.items())
        number = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        yield f"{full}{{{inside}}} {number}"


def _escaped(text: str) -> str:
    return harmless(text).replace("\\", "\\\\").replace('"', '\\"')
