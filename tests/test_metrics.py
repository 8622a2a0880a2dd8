"""Metrics: what Prometheus reads, and what it can be alerted by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.metrics import _gauge, _text
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.configured import note_endpoints
from tests.storage.versions import add_device, publish_diff

# Of the format's definition: a metric line.
SAMPLE = re.compile(r'^[a-z_]+\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)*\} -?[0-9.e+]+$')


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "data")
    endpoint = {"name": "nms", "kind": "librenms", "url": "http://127.0.0.1:1", "interval": 60}
    config = Config.model_validate({"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": [endpoint]})
    note_endpoints(warehouse, config)
    add_device(warehouse, "nms", "sw1")
    publish_diff(warehouse, "nms", create=2, delete=1, conflict=1)
    verdict = '"kind":"verdict","apply_id":"1","endpoint":"nms","at":"2026-01-01T00:00:00","verdict"'
    applies = warehouse.ledger / "applies" / "nms" / "1.jsonl"
    applies.parent.mkdir(parents=True)
    applies.write_text(
        '{"kind":"start","apply_id":"1","endpoint":"nms","at":"2026-01-01T00:00:00"}\n'
        f'{{{verdict}:"applied"}}\n{{{verdict}:"stale"}}\n'
    )
    return warehouse


def read(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_the_metrics_of_an_endpoint(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--config", "none.yaml", "--home", str(warehouse.home), "metrics"]) == 0
    text = capsys.readouterr().out
    # As Prometheus reads it.
    families = {family.name: family for family in text_string_to_metric_families(text)}
    [age] = families["netbox_sync_last_good_snapshot_age_seconds"].samples
    assert age.labels == {"endpoint": "nms", "system": "librenms"} and 0 <= age.value < 600
    assert families["netbox_sync_verdicts"].type == "counter"
    bad = [line for line in text.splitlines() if not line.startswith("# ") and not SAMPLE.match(line)]
    assert bad == []
    found = read(text)
    who = 'endpoint="nms",system="librenms"'
    assert [
        name for name, value in found.items() if name.startswith("netbox_sync_status") and value == 1
    ] == ['netbox_sync_status{endpoint="nms",status="changes waiting",system="librenms"}']
    assert found[f"netbox_sync_interval_seconds{{{who}}}"] == 60
    assert found[f"netbox_sync_failed_tries{{{who}}}"] == 0
    assert found[f"netbox_sync_snapshot_complete{{{who}}}"] == 1
    assert found[f'netbox_sync_changes{{{who},what="waiting"}}'] == 3
    assert found[f'netbox_sync_changes{{{who},what="deletes"}}'] == 1
    assert found[f'netbox_sync_changes{{{who},what="conflicts"}}'] == 1
    assert 0 <= found[f"netbox_sync_last_good_snapshot_age_seconds{{{who}}}"] < 600
    assert found['netbox_sync_verdicts_total{endpoint="nms",verdict="stale"}'] == 1
    assert found['netbox_sync_verdicts_total{endpoint="nms",verdict="failed"}'] == 0
    assert found['netbox_sync_applies_unfinished{endpoint="nms"}'] == 1
    assert found['netbox_sync_reads_last_day{endpoint="nms",result="good",system="librenms"}'] == 1
    # Every family is announced once, before its samples.
    names = re.findall(r"# TYPE (\w+) (?:gauge|counter)\n", text)
    assert len(names) == len(set(names)) > 10


def test_the_file_is_whole_or_not_there(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "netbox_sync.prom"
    options = ["--config", "none.yaml", "--home", str(warehouse.home), "metrics", "--file"]
    assert run([*options, str(file)]) == 0
    assert file.read_text().startswith("# HELP netbox_sync_status ")
    assert run([*options, str(tmp_path / "missing" / "x.prom")]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "netbox_sync.prom"]


def test_a_label_is_one_word_of_the_format() -> None:
    """Names of endpoints are plain; should another one ever come in, it makes no line and turns nothing around."""
    lines = _text([_gauge("x", "text", [({"endpoint": 'evil"\n\u202e\\'}, 1)])]).splitlines()
    assert lines[2:] == [r'netbox_sync_x{endpoint="evil\"\\n\\u202e\\"} 1.0']
    assert SAMPLE.match(lines[2])
    [family] = text_string_to_metric_families("\n".join(lines) + "\n")
    # The escape of what cannot be seen, as text.
    assert family.samples[0].labels == {"endpoint": 'evil"\\n\\u202e\\'}
