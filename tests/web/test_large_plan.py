"""A plan of 100,000 rows in a browser: the rows of one device are found, approved and recorded with few clicks."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.approve.records import read_approvals
from netbox_sync_dagster.compare.change_id import LENGTH
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS
from netbox_sync_lab.netbox import LabNetBox
from tests.defs import browser
from tests.kept import fresh
from tests.parquet import looking
from tests.web.conftest import PASSWORD, served

DEVICES = 5_000
PORTS = 20


SEEN = "2026-01-01T00:00:00+00:00"
# What a change id is the hash of, as ``change_id`` writes it. In Python, 100,000 ids take most of the test's time.
CONTENT = f"""
    '{{"action":"update","endpoint":"nms","fields":[["description","","port ' || n || '"]],"key":"' || key
    || '","last_updated":"{SEEN}","netbox_id":' || (n + 1)
    || ',"object_type":"dcim/interfaces","resource":"interfaces","target":null}}'
"""
# Columns that are not named are empty.
ROWS = f"""
    SELECT 'nms' AS endpoint, ? AS diff_id, 'interfaces' AS resource, 'update' AS action,
           'dcim/interfaces' AS object_type, parent, key, n + 1 AS netbox_id, '{SEEN}' AS last_updated,
           left(sha256({CONTENT}), {LENGTH}) AS change_id, CAST([] AS VARCHAR[]) AS depends_on,
           [{{'field': 'description', 'before': '""', 'after': '"port ' || n || '"', 'decision': 'update',
             'reason': NULL, 'cause': NULL}}] AS fields
    FROM (SELECT range AS n, 'sw' || (n // {PORTS}) AS parent, parent || ' Gi0/' || (n % {PORTS}) AS key
          FROM range({DEVICES * PORTS}))
"""


def publish(warehouse: Warehouse) -> None:
    """A plan of LibreNMS's endpoint nms: every port of 5,000 devices has another description."""
    empty = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in DIFF_COLUMNS.items())
    with warehouse.publish(warehouse.diffs("nms"), 3) as (diff_id, stage):
        rows = f"SELECT {empty} WHERE false UNION ALL BY NAME ({ROWS})"
        looking().execute(f"COPY ({rows}) TO '{stage}/interfaces.parquet'", [diff_id])
        number = DEVICES * PORTS
        manifest = {
            **{
                "diff_id": diff_id,
                "endpoint": "nms",
                "kind": "librenms",
                "source_complete": True,
                "only": None,
            },
            **{"source_snapshot": "none", "target_snapshot": "none", "gates": [], "written_twice": []},
            **{"counts": {"interfaces": {"update": number}}, "existing": {"interfaces": number * 10}},
            **{"inputs": {}, "carried_over_from": None, "lapsed": [], "finished": now().isoformat()},
        }
        write_json(stage / "manifest.json", manifest)


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium here")
def test_twenty_rows_of_100_000_are_approved_with_four_clicks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LabNetBox(0, token="lab-token") as netbox:
        netbox.add_user("anna", PASSWORD, superuser=True)
        monkeypatch.setenv("NETBOX_TOKEN", netbox.token)
        config = tmp_path / "netbox_sync.yaml"
        endpoint = "{name: nms, kind: librenms, url: 'http://127.0.0.1:1'}"
        config.write_text(f"netbox: {{url: '{netbox.url}'}}\nendpoints: [{endpoint}]\n", encoding="utf-8")
        warehouse = fresh(tmp_path / "data")
        publish(warehouse)
        with served(config, warehouse) as url, browser.page("about:blank", tmp_path / "browser") as tab:
            tab.call("Page.enable")
            tab.call("Page.navigate", url=f"{url}/login?next=/plans/nms")
            tab.wait(f"location.href.startsWith('{url}') && document.readyState === 'complete'")
            tab.run(
                f"user.value = 'anna', password.value = '{PASSWORD}',"
                "document.querySelector('form[action=\"/login\"] button').click()"
            )
            tab.wait("document.querySelector('#rows') && document.readyState === 'complete'")
            assert "100,000" in tab.run("document.body.innerText")

            button = (
                "[...document.querySelectorAll('button')].find((b) => b.innerText.startsWith('{}')).click()"
            )
            tab.run("document.querySelector('input[name=parent]').value = 'sw4711'")
            tab.run(button.format("Filter"))
            tab.wait("location.search.includes('sw4711') && document.readyState === 'complete'")
            tab.run("everything.click()")
            tab.run(button.format("Approve"))
            tab.wait("document.querySelector('#record') && document.readyState === 'complete'")
            tab.run("record.click()")
            tab.wait("document.body.innerText.includes('approved ')")

        (approval,) = read_approvals(warehouse, "nms")
    assert (len(approval.change_ids), approval.who, approval.through) == (20, "anna", "web")
