"""Dagster's log, metadata, checks and pages over names and texts that are made to fool who reads them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest

from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.defs.partitions import keep_in_step
from netbox_sync_dagster.text import needs_escape
from tests.defs.browser import CHROMIUM, Page, page
from tests.defs.conftest import DagsterHarness, build_house

EVIL = "evil\x1b[1A\x1b[2K | create\n\u202e<img src=x onerror=\"document.title='owned'\">[a](http://evil.example)"
SHOWN = (
    r"evil\x1b[1A\x1b[2K | create\n\u202e<img src=x onerror="
    "\"document.title='owned'\">[a](http://evil.example)"
)
KEY = dg.AssetKey(["diff", "librenms", "interfaces"])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterHarness]:
    """The harness after a sync of ``paris`` and a decision by a person of that name; Dagster's records on disk."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as monkeypatch, build_house(folder, monkeypatch) as harness:
        (folder / "dagster").mkdir()
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "dagster"))
        switch = harness.paris.state.device("sw-paris")
        assert switch is not None
        harness.paris.state.add_port(switch, EVIL)
        harness.paris.state.add_port(switch, "Gi0/9", ifAlias=EVIL)
        harness.paris.state.add_device(EVIL, hardware="C9300-48P")
        with dg.DagsterInstance.get() as instance:
            harness.instance = instance
            keep_in_step(instance, load_config(harness.config_path))
            assert harness.run("sync_librenms", tags={"dagster/partition": "paris"}).success
            port = next(row for row in harness.plan("paris").changes if row.key == "sw-paris Gi0/9")
            decision = {"endpoint": "paris", "who": EVIL, "change_ids": [port.change_id]}
            assert harness.run("approve", run_config={"ops": {"decide": {"config": decision}}}).success
            # An invalid id: the sentence of the failure quotes it.
            wrong = {"endpoint": "paris", "who": "alice", "change_ids": [EVIL]}
            assert not harness.run("approve", run_config={"ops": {"decide": {"config": wrong}}}).success
            yield harness


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts(name)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def test_every_text_in_dagsters_records_is_escaped(hostile: DagsterHarness) -> None:
    """Log lines, failures, metadata of every kind, results of checks: nothing that a terminal or page would obey."""
    seen: list[str] = []
    metadata: list[tuple[str, Any]] = []
    for run in hostile.instance.get_runs():
        for entry in hostile.instance.all_logs(run.run_id):
            seen.append(entry.user_message)
            event = entry.dagster_event
            if event is None:
                continue
            if event.is_step_materialization:
                metadata += event.step_materialization_data.materialization.metadata.items()
            if event.event_type_value == "ASSET_CHECK_EVALUATION":
                metadata += event.asset_check_evaluation_data.metadata.items()
                seen.append(event.asset_check_evaluation_data.description or "")
            if event.event_type_value == "STEP_OUTPUT":
                metadata += event.step_output_data.metadata.items()
            if event.is_step_failure and event.step_failure_data.user_failure_data is not None:
                seen.append(str(event.step_failure_data.user_failure_data.description))
    seen += [text for name, item in metadata for text in (name, *texts(item.value))]
    assert len(metadata) > 100
    # What was put together of several lines has them; else an escape stands for each.
    assert [text for text in seen if needs_escape(text.replace("\n", ""))] == []
    found = [text for text in seen if "evil" in text]
    assert all(
        r"evil\x1b[1A" in text or r"evil\\x1b\[1A" in text or "evil [1A" in text or r"evil \[1A" in text
        for text in found
    )
    failures = [text for text in found if text.startswith("no change ")]
    assert failures and all(
        text.startswith(f"no change '{SHOWN}' in the current diff of 'paris'") for text in failures
    )


@pytest.fixture(scope="module")
def site(hostile: DagsterHarness) -> Iterator[str]:
    """The address of a Dagster webserver over these records."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
    command += ["-m", "netbox_sync_dagster.definitions", "--live-data-poll-rate", "60000"]
    log = hostile.config_path.parent / "webserver.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=os.environ.copy())
        try:
            address = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 240
            while True:
                assert time.monotonic() < end and process.poll() is None, log.read_text(encoding="utf-8")[
                    -3_000:
                ]
                try:
                    if httpx.get(f"{address}/server_info", timeout=5).status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.5)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# Clicks on whatever shows exactly this text; the rows of the table that the dialog shows.
CLICK = """(text => [...document.querySelectorAll('*')]
    .filter(e => e.children.length === 0 && e.textContent.trim() === text)
    .forEach(e => ['mousedown', 'mouseup', 'click'].forEach(
        type => e.dispatchEvent(new MouseEvent(type, {bubbles: true, cancelable: true, view: window})))))"""
TABLE = "[...document.querySelectorAll('table')].map(t => [...t.rows]).find(r => r[0]?.cells[0]?.innerText === 'action')"


def click(tab: Page, text: str, then: str) -> None:
    """Click, and wait for what comes of it: what is clicked before the page listens is lost, twice is once too often."""
    for _ in range(6):
        time.sleep(1)
        tab.run(f"{CLICK}('{text}')")
        for _ in range(30):
            if tab.run(then):
                return
            time.sleep(1)
    raise AssertionError(f"nothing came of a click on {text}")


@pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium: install the package chromium to open Dagster's pages"
)
def test_a_hostile_row_in_dagsters_table_is_text_in_a_browser(
    hostile: DagsterHarness, site: str, tmp_path: Path
) -> None:
    with page(
        f"{site}/assets/diff/librenms/interfaces?view=partitions&partition=paris", tmp_path / "b"
    ) as tab:
        tab.wait("document.body.innerText?.includes('Materialized (1)')")
        click(tab, "paris", "document.body.innerText?.includes('[Show Markdown]')")
        click(tab, "[Show Markdown]", f"{TABLE} !== undefined")
        rows = tab.run(f"{TABLE}.map(row => [...row.cells].map(cell => cell.innerText))")
        inside = tab.run(f"{TABLE}.map(row => [...row.querySelectorAll('*')].map(e => e.tagName)).flat()")
        links = tab.run(f"{TABLE}.map(row => [...row.querySelectorAll('a')].map(a => a.href)).flat()")
        title = tab.run("document.title")
    assert rows[0] == ["action", "object", "field: before → after", "reason", "change"]
    # A line per row of the plan: the pipe and the line break in the name make no cell and no row.
    assert [row[:2] for row in rows[1:]] == [
        ["blocked", f"sw-paris {SHOWN}"],
        ["create", "sw-paris Gi0/1"],
        ["create", "sw-paris Gi0/2"],
        ["create", "sw-paris Gi0/9"],
    ]
    assert r"""description: "evil [1A [2K | create \u202e<img src=x onerror=""" in rows[4][2]
    assert rows[1][3] == "the name has 91 characters; NetBox takes 64"
    assert not {"IMG", "SCRIPT", "IFRAME"} & set(inside)
    assert links == []
    assert "owned" not in title
