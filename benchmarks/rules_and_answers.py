"""What rules and answers add to the comparison of a million interfaces.

    python benchmarks/rules_and_answers.py [interfaces]

The estate of diff_interfaces.py, compared four times in turn:

- bare: without rules and answers;
- rules: a tenant for every device and a label for each hundredth interface, which NetBox has, and a rule that looks at
  every interface's name to leave one in a hundred out;
- answers: 10,000 of them, each about a field of an interface;
- all: a label for every interface, which NetBox has for all of them (the dearest rule there is; no limit).

Each in a separate process; medians of the rounds, in CPU seconds (user and system). Fails if the rules add more than
RULES_LIMIT of the bare comparison, or the answers more than ANSWERS_LIMIT seconds.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from apart import measure
from diff_interfaces import CONFIG, prepare

from netbox_sync_dagster.compare.database import connect
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.resolutions import Item, Resolution, write_resolution

RULES_LIMIT = 0.10
ANSWERS_LIMIT = 0.2
ANSWERS = 10_000
ROUNDS = 3

RULES = {
    "devices.sql": "SELECT key, 'tenant' AS field, 'Campus' AS value FROM desired.devices",
    "interfaces.sql": """SELECT key, 'label' AS field, 'uplink' AS value FROM desired.interfaces
        WHERE source_id::BIGINT % 100 = 7""",
    "interfaces.skip.sql": """SELECT key, 'access port' AS reason FROM desired.interfaces
        WHERE regexp_matches(name, '/47$') AND source_id::BIGINT % 2 = 0""",
}
EVERYTHING = {
    "interfaces.sql": "SELECT key, 'description' AS field, 'port ' || (source_id::BIGINT - 1) AS value FROM desired.interfaces"
}


def compared(home: Path, rules: dict[str, str]) -> dict[str, Any]:
    """One comparison; the counts of its rows."""
    folder = home / "rules"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in rules.items():
        (folder / name).write_text(text, encoding="utf-8")
    config = Config.model_validate({**CONFIG, "rules": {"folder": str(folder)}})
    counts: dict[str, Any] = compare(Warehouse(home), config, config.endpoint("bench"))["counts"]
    return counts


def fill(home: Path) -> None:
    """Give NetBox what the rules say: a rule that changes nothing is what a sync meets every day."""
    warehouse = Warehouse(home)
    folder = warehouse.current(warehouse.snapshots("netbox", "netbox"))
    con = connect(home / "tmp")
    for table, change in (
        ("tenants", "INSERT INTO shape BY NAME SELECT 1 AS id, 'Campus' AS name, 'campus' AS slug"),
        ("devices", "UPDATE shape SET tenant_id = 1"),
        ("interfaces", "UPDATE shape SET label = 'uplink' WHERE id % 100 = 7"),
    ):
        file = folder / f"{table}.parquet"
        con.execute(f"CREATE OR REPLACE TABLE shape AS FROM read_parquet('{file}')")
        con.execute(change)
        con.execute(f"COPY shape TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    con.close()


def answer(home: Path, interfaces: int) -> None:
    """Record the answers, each for one interface."""
    warehouse = Warehouse(home)
    step = max(interfaces // ANSWERS, 1)
    for number in range(min(ANSWERS, interfaces)):
        port = number * step
        name = f"Gi{port % 100 // 48}/{port % 100 % 48}"
        write_resolution(
            warehouse,
            Resolution(
                resolution_id=f"{number:032x}",
                endpoint="bench",
                at=datetime.now(UTC),
                who="bench",
                through="cli",
                answer="keep",
                cause="not_owned",
                sentence="",
                items=(Item("interfaces", f"sw{port // 100} {name}", "description", None),),
            ),
        )


def main() -> int:
    interfaces = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    taken: dict[str, list[float]] = {"bare": [], "rules": [], "answers": [], "all": []}
    peak = dict.fromkeys(taken, 0)
    counts: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare(home, interfaces)
        fill(home)
        answer(home, interfaces)
        answers = home / "ledger" / "resolutions"
        for _ in range(ROUNDS):
            for name, found in taken.items():
                shutil.rmtree(home / "diffs", ignore_errors=True)
                if name != "answers":
                    answers.rename(home / "put-aside")
                rules = {"rules": RULES, "all": EVERYTHING}.get(name, {})
                measured = measure(compared, home, rules)
                if name != "answers":
                    shutil.rmtree(answers, ignore_errors=True)
                    (home / "put-aside").rename(answers)
                found.append(measured.cpu)
                peak[name] = max(peak[name], measured.peak_mb)
                counts[name] = measured.result
    medians = {name: median(values) for name, values in taken.items()}
    bare = medians["bare"]
    print(f"{interfaces} interfaces per side, load {os.getloadavg()[0]:.1f}")
    for name, seconds in medians.items():
        rows = {resource: actions for resource, actions in counts[name].items() if actions}
        print(
            f"{name:8} {seconds:.2f} s CPU, {seconds / bare:.2f} times bare, peak {peak[name]} MB; rows {rows}"
        )
    print(f"limits: rules {1 + RULES_LIMIT:.2f} times bare, answers {ANSWERS_LIMIT} s")
    good = medians["rules"] <= bare * (1 + RULES_LIMIT) and medians["answers"] - bare <= ANSWERS_LIMIT
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
