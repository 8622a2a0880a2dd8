"""What the answers about one endpoint cost when the ledger of the others grows: CPU milliseconds, and a ratio.

    python benchmarks/ledger_reads.py [endpoints] [applies per endpoint]        default 50 and 4

The ledger holds the decisions and applies of that many endpoints, and then of four times as many; the endpoint that is
asked about has the same in both. Asked are what is approved and not applied (``approve``, ``apply``, ``diff``), when each
change was applied last, and what was applied since NetBox was read. The least of nine rounds; fails above LIMIT.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from netbox_sync_dagster.apply.ledger import applied_changes
from netbox_sync_dagster.approve.records import applied_numbers, approved
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse

LIMIT = 1.5
ROUNDS = 9
CHANGES = 200
TARGET = "https://netbox.example.org"


def write_endpoint(warehouse: Warehouse, name: str, applies: int) -> None:
    """The ledger files of one endpoint: a decision and an apply of CHANGES changes each time."""
    head = {"endpoint": name, "at": "2026-11-01T00:00:00+00:00"}
    for number in range(applies):
        ids = [f"{number:08x}{change:024x}" for change in range(CHANGES)]
        rows = [{"change_id": i, "resource": "interfaces", "action": "update", "key": i[:8]} for i in ids]
        decision = {
            **head, "kind": "approval", "approval_id": f"a{number}", "seq": 10 * number + 1, "who": "alice",
            "through": "cli", "decision": "approve", "diff_id": "d", "expires": None, "override": None,
            "second": False, "trusted_names": False, "by": {}, "changes": rows,
        }  # fmt: skip
        verdicts = [
            {
                **head, **row, "kind": "verdict", "apply_id": f"{number:06d}", "seq": 10 * number + 2,
                "target": TARGET, "operation_id": f"{number:06d}/1", "object_type": "dcim/interfaces",
                "netbox_id": at, "verdict": "applied", "message": "", "open": False, "approval_id": f"a{number}",
                "fields": [{"field": "description", "before": "one", "after": "two"}],
            }
            for at, row in enumerate(rows)
        ]  # fmt: skip
        write(warehouse.ledger / "approvals" / name / f"{number:04d}.jsonl", [decision])
        write(warehouse.ledger / "applies" / name / f"{number:06d}.jsonl", verdicts)


def write(path: Path, lines: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def cpu_ms(work: Callable[[], object]) -> float:
    """The least of the rounds, after one that is not counted: what else the machine does only adds to it."""
    work()
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - began))
    return min(taken)


def main() -> int:
    endpoints, applies = (int(text) for text in (*sys.argv[1:], *["50", "4"][len(sys.argv) - 1 :]))
    plan = Plan("one", "20261101T000000000Z-0000", {}, ())
    ids = [f"{0:08x}{change:024x}" for change in range(CHANGES)]
    answers: dict[str, Callable[[Warehouse], object]] = {
        "what is approved": lambda warehouse: approved(warehouse, "one", plan),
        "when it was applied": lambda warehouse: applied_numbers(warehouse, "one"),
        "applied since": lambda warehouse: applied_changes(warehouse, "one", TARGET, ids, 0),
    }
    found: dict[str, list[float]] = {name: [] for name in answers}
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(folder)
        write_endpoint(warehouse, "one", applies)
        there = 1
        for size in (endpoints, 4 * endpoints):
            for number in range(there, size):
                write_endpoint(warehouse, f"other-{number}", applies)
            there = size
            for name, answer in answers.items():
                found[name].append(cpu_ms(lambda answer=answer: answer(warehouse)))  # type: ignore[misc]
    print(f"{'':22}{f'{endpoints} endpoints':>16}{f'{4 * endpoints} endpoints':>16}{'ratio':>8}")
    for name, (small, large) in found.items():
        print(f"{name:22}{small:13.1f} ms{large:13.1f} ms{large / small:8.2f}")
    worst = max(large / small for small, large in found.values())
    print(f"ratio: {worst:.2f} (limit {LIMIT})")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
