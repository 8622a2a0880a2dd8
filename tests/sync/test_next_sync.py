"""When an endpoint is synced next, as the review page shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.sync.next_sync import next_sync

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def endpoint(**more: Any) -> Any:
    given = {"name": "paris", "kind": "docker", "url": "http://127.0.0.1:2375", **more}
    return Config.model_validate({"netbox": {"url": "http://127.0.0.1"}, "endpoints": [given]}).endpoint(
        "paris"
    )


def test_by_schedule_in_its_zone(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    found = next_sync(warehouse, endpoint(schedule="15 3 * * *", timezone="Europe/Paris"), NOW)
    assert found == datetime(2026, 11, 30, 2, 15, tzinfo=UTC)


def test_by_interval_it_is_due_until_it_was_read(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    found = next_sync(warehouse, endpoint(interval=3600), NOW)
    assert found is not None
    assert found <= NOW
    folder = warehouse.snapshots("docker", "paris")
    folder.mkdir(parents=True)
    warehouse.append_jsonl(
        folder / "attempts.jsonl",
        {"started": NOW.isoformat(), "finished": NOW.isoformat(), "seconds": 1, "ok": True},
    )
    later = next_sync(warehouse, endpoint(interval=3600), NOW)
    assert later is not None
    assert NOW < later <= datetime(2026, 11, 29, 13, 0, tzinfo=UTC)


def test_never(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    assert next_sync(warehouse, endpoint(), NOW) is None
    assert next_sync(warehouse, endpoint(interval=3600, enabled=False), NOW) is None
