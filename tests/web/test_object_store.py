"""The review page of a warehouse on an object store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_lab.netbox import LabNetBox
from tests.object_store import BUCKET_URL, counted_s3_server
from tests.storage.test_object_store_requests import NAMES, sync
from tests.web.conftest import Visitor, served


def test_the_overview_takes_at_most_8_requests_for_any_number_of_endpoints(
    netbox: LabNetBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T", "t")
    endpoint = {"kind": "librenms", "url": "http://127.0.0.1:1", "token_env": "T", "interval": 3600}
    policies = {"second_approver": True}
    endpoints = [{"name": name, **endpoint, "policies": policies} for name in NAMES]
    config = tmp_path / "netbox_sync.yaml"
    config.write_text(
        json.dumps({"netbox": {"url": netbox.url}, "endpoints": endpoints, "web": {"port": 0}}),
        encoding="utf-8",
    )
    with counted_s3_server() as s3:
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "elsewhere"))
        elsewhere = Warehouse(BUCKET_URL)
        for name in NAMES:
            sync(elsewhere, name, create=2)
        monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / "here"))
        with served(config, Warehouse(BUCKET_URL)) as url:
            anna = Visitor(url)
            anna.log_in()
            s3.calls.clear()
            shown = anna.open("/")
            assert len(s3.calls) <= 8
            assert all(f"2 changes of {name} to decide on" in shown for name in NAMES)
            sync(elsewhere, "nms4", create=7)
            assert "7 changes of nms4 to decide on" in anna.open("/")
