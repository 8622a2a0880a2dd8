"""The list of a plan of 500,000 rows on the review page, against the bare query of one page of rows.

    python benchmarks/review_page.py [rows]

The page is asked over HTTP as a browser asks it, by a person who is logged in: it counts the tabs, reads how far every change
is, sorts, and draws 50 rows. The bare query reads the first 50 rows that match from the same file with DuckDB. Prints the
medians of the rounds. Fails where a page takes longer than LIMIT_SECONDS.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb
from logged_in import pages

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_lab.netbox import LabNetBox

LIMIT_SECONDS = 1.0
ROUNDS = 5
PER_DEVICE = 100
# Name, filters of the page, the same as SQL.
LISTS = (
    ("all rows", {}, "true"),
    ("by action", {"action": "conflict"}, "action = 'conflict'"),
    ("of one device", {"parent": "sw42"}, "parent = 'sw42'"),
    ("by state", {"state": "waiting"}, "action = 'update'"),
    ("by text", {"text": "Gi7/1"}, "contains(lower(key), 'gi7/1')"),
    ("by field", {"field": "mtu"}, "list_contains(list_transform(fields, lambda f: f.field), 'mtu')"),
    ("by cause", {"view": "causes"}, "cause is not null"),
    ("by device", {"view": "objects"}, "true"),
    ("page 5,000", {"page": "5000"}, "true"),
)
_ROWS = """SELECT 'bench' AS endpoint, $diff AS diff_id, 'interfaces' AS resource,
    'sw' || n // {per} || ' Gi' || n % {per} // 10 || '/' || n % 10 AS key, 'sw' || n // {per} AS parent,
    CASE WHEN n % 50 = 0 THEN 'conflict' ELSE 'update' END AS action,
    CASE WHEN n % 50 = 0 THEN '' ELSE md5(n::VARCHAR) END AS change_id,
    'dcim/interfaces' AS object_type, n AS netbox_id, '2026-01-01T00:00:00+00:00' AS last_updated,
    CASE WHEN n % 50 = 0 THEN 'two interfaces could be it' END AS reason,
    CASE WHEN n % 50 = 0 THEN 'name_taken' END AS cause,
    [{{'field': CASE WHEN n % 2 = 0 THEN 'mtu' ELSE 'description' END, 'before': '"old ' || n || '"',
       'after': '"new ' || n || '"', 'decision': 'update', 'reason': NULL, 'cause': NULL}}] AS fields,
    []::VARCHAR[] AS depends_on
    FROM range({rows}) t(n)"""


def prepare(warehouse: Warehouse, rows: int) -> Path:
    """Write a plan of so many rows; its file."""
    with warehouse.publish(warehouse.diffs("bench"), 3) as (diff_id, stage):
        file = stage / "interfaces.parquet"
        write_parquet(file, DIFF_COLUMNS, [])
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE shape AS FROM read_parquet('{file}')")
            con.execute(
                f"INSERT INTO shape BY NAME {_ROWS.format(rows=rows, per=PER_DEVICE)}", {"diff": diff_id}
            )
            con.execute(f"COPY shape TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        manifest = {
            **{"diff_id": diff_id, "endpoint": "bench", "kind": "librenms", "source_complete": True},
            **{
                "source_snapshot": "none",
                "target_snapshot": "none",
                "only": None,
                "existing": {},
                "gates": [],
            },
            **{"counts": {"interfaces": {"update": rows}}, "inputs": {}, "carried_over_from": None},
            **{"finished": "2026-11-29T12:00:00+00:00", "written_twice": []},
        }
        write_json(stage / "manifest.json", manifest)
    build_database(warehouse)
    return warehouse.current(warehouse.diffs("bench")) / "interfaces.parquet"


def timed(call: Callable[[], object]) -> float:
    """The median of the rounds, in seconds."""
    call()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return median(times)


def bare(file: Path, where: str) -> Callable[[], object]:
    """Read the first 50 rows that match."""
    sql = f"SELECT * FROM read_parquet('{file}') WHERE {where} ORDER BY key LIMIT 50"

    def run() -> object:
        with duckdb.connect() as con:
            return con.execute(sql).fetchall()

    return run


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    slow = []
    with tempfile.TemporaryDirectory() as place, LabNetBox(0, token="lab-token") as netbox:
        os.environ["NETBOX_TOKEN"] = netbox.token
        netbox.add_user("anna", "anna", superuser=True)
        config = Path(place) / "netbox_sync.yaml"
        endpoint = "{name: bench, kind: librenms, url: http://127.0.0.1:1}"
        config.write_text(f"netbox: {{url: '{netbox.url}'}}\nendpoints: [{endpoint}]\n")
        warehouse = Warehouse(Path(place) / "data")
        file = prepare(warehouse, rows)
        with pages(config, warehouse) as page:
            print(f"{rows:,} rows")
            for name, filters, where in LISTS:

                def ask(filters: dict[str, str] = filters) -> None:
                    answer = page.get("/plans/bench", params=filters)
                    assert answer.status_code == 200, answer.text

                seconds, least = timed(ask), timed(bare(file, where))
                print(f"{name:16} {seconds:6.2f} s   bare query {least:6.2f} s   x {seconds / least:5.1f}")
                if seconds > LIMIT_SECONDS:
                    slow.append(name)
    if slow:
        print(f"more than {LIMIT_SECONDS} s: {', '.join(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
