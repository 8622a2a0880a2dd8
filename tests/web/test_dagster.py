"""*Apply* starts a Dagster run where the configuration names Dagster's web server; the page follows the ledger."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import httpx
import pytest

from netbox_sync_dagster.defs.partitions import keep_in_step
from netbox_sync_dagster.storage.views import ask
from tests.web.conftest import Site


@contextmanager
def dagster_dev(site: Site, home: Path) -> Iterator[str]:
    """Dagster with its web server and daemon on the site's files; the address."""
    home.mkdir()
    shutil.copy(Path(__file__).parents[2] / "dagster.yaml", home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "NETBOX_SYNC_CONFIG": str(site.config_path),
        "NETBOX_SYNC_HOME": str(site.warehouse.home),
    }
    with dg.DagsterInstance.from_config(str(home)) as instance:
        keep_in_step(instance, site.config)
    command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
    log = (home / "log").open("w")
    process = subprocess.Popen(
        [*command, "-m", "netbox_sync_dagster.definitions"],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 180
        while True:
            assert process.poll() is None and time.monotonic() < end, (home / "log").read_text()[-3000:]
            try:
                if httpx.get(f"{url}/server_info", timeout=2).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(180)
        log.close()


def name_dagster(site: Site, url: str) -> None:
    content = json.loads(site.config_path.read_text())
    content["web"] = {**(content["web"] or {}), "dagster_url": url}
    site.config_path.write_text(json.dumps(content))


@pytest.mark.timeout(600)
def test_an_apply_is_a_dagster_run_and_the_page_shows_its_verdicts(site: Site, tmp_path: Path) -> None:
    anna = site.visitor()
    anna.log_in()
    [web1] = [
        row.change_id
        for row in site.plan().changes
        if (row.resource, row.key) == ("virtual_machines", "web1")
    ]
    anna.approve("paris", web1)
    with dagster_dev(site, tmp_path / "dagster") as url:
        name_dagster(site, url)
        anna.open("/plans/paris")
        anna.send("/plans/paris/apply")
        for _ in range(600):
            if anna.status != 200 or " ended " in anna.text:
                break
            time.sleep(0.5)
            anna.open(anna.path)
        text = anna.text
        assert "applies it; this page follows the ledger" in text
        assert f'href="{url}/runs/' in anna.page
        assert "create virtual machines web1" in text
    assert [row["name"] for row in site.netbox.store.rows("virtualization.virtualmachine")] == ["web1"]
    sql = "select distinct who, through, run_id is not null from ledger.applies"
    assert ask(site.warehouse, lambda con: con.execute(sql).fetchall()) == [("anna", "dagster", True)]
    # Dagster that does not answer is a sentence, and what was approved stays approved.
    anna.approve("paris", *[row.change_id for row in site.plan().changes if row.key == "db1"])
    anna.open("/plans/paris")
    assert "dagster" in anna.send("/plans/paris/apply")
    assert anna.status == 409
