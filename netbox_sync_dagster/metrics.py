"""Metrics in Prometheus's text format: the status of every endpoint, and results of applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

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
        _gauge("status", "1 for the endpoint's status, 0 for the others", _states(rows)),
        _gauge(
            "last_good_snapshot_timestamp_seconds",
            "When the last good snapshot began",
            ((_who(row), row.last_success.timestamp()) for row in rows if row.last_success),
        ),
        _gauge(
            "last_good_snapshot_age_seconds",
            "How old the last good snapshot is",
            ((_who(row), (now - row.last_success).total_seconds()) for row in rows if row.last_success),
        ),
        _gauge(
            "interval_seconds",
            "Seconds from sync to sync as configured, 0 by hand only",
            ((_who(row), row.every) for row in rows if row.system != "netbox"),
        ),
        _gauge(
            "sync_duration_seconds",
            "What the last good sync took, from the start of the read to the end of the comparison",
            ((_who(row), row.seconds) for row in rows if row.seconds is not None),
        ),
        _gauge(
            "failed_tries",
            "Failed tries since the last good sync",
            ((_who(row), row.failures) for row in rows),
        ),
        _gauge(
            "snapshot_complete",
            "Whether everything could be read",
            ((_who(row), int(row.complete)) for row in rows if row.complete is not None),
        ),
        _gauge(
            "snapshot_rows",
            "Rows of the current snapshot",
            ((_who(row), row.rows) for row in rows if row.rows is not None),
        ),
        _gauge("changes", "Rows of the current diff by state", _changes(rows)),
        *_ledger(warehouse),
    ]
    return _text(found)


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


def _ledger(warehouse: Warehouse) -> Iterator[Metric]:
    verdicts, applies, tries = ask(
        warehouse,
        lambda con: [con.execute(sql).fetchall() for sql in (_VERDICTS, _APPLIES, _READS)],
        status=True,
    )
    counted = {(endpoint, verdict): number for endpoint, verdict, number in verdicts}
    yield _counter(
        "verdicts",
        "Changes that applies took up, by verdict",
        (
            ({"endpoint": endpoint, "verdict": verdict}, counted.get((endpoint, verdict), 0))
            for endpoint in sorted({endpoint for endpoint, _ in counted})
            for verdict in VERDICTS
        ),
    )
    yield _counter("applies", "Applies", (({"endpoint": row[0]}, row[1]) for row in applies))
    yield _gauge(
        "applies_unfinished",
        "Applies that run, or were killed and not settled by a later one",
        (({"endpoint": row[0]}, row[2]) for row in applies),
    )
    yield _gauge(
        "reads_last_day",
        "Tries to read in the last 24 hours",
        (
            ({"endpoint": row[1], "system": row[0], "result": result}, number)
            for row in tries
            for result, number in (("good", row[2]), ("failed", row[3]))
        ),
    )


def _who(row: Status) -> dict[str, str]:
    return {"endpoint": row.endpoint, "system": row.system}


def _gauge(name: str, text: str, samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily(f"netbox_sync_{name}", text), samples)


def _counter(name: str, text: str, samples: Samples) -> Metric:
    return _filled(CounterMetricFamily(f"netbox_sync_{name}", text), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> Metric:
    # The samples of a counter end in _total, the name of its family does not.
    name = family.name + ("_total" if family.type == "counter" else "")
    for labels, value in samples:
        family.add_sample(name, {key: harmless(item) for key, item in labels.items()}, round(value, 3))
    return family


class _Found:
    """A collector of metrics that are already there."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> list[Metric]:
        return self._found


def _text(found: list[Metric]) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Found(found))
    return generate_latest(registry).decode()
