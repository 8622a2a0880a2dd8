"""What the ledger says of objects, by its lines: last written, created, deleted; undos and what NetBox emptied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.approve import open_ledger
from netbox_sync_dagster.storage import Warehouse

VM = "virtualization/virtual-machines"
FIRST, LATER, UNDO = (f"2026112{day}T100000000Z-aaaa" for day in (1, 2, 3))


class Lines:
    """Writes lines of applies, one after the other."""

    def __init__(self, home: Path) -> None:
        self.warehouse = Warehouse(home)
        self.seq = 0

    def apply(
        self, apply_id: str, *changes: dict[str, Any], endpoint: str = "pve", undoes: str | None = None
    ) -> None:
        head = {"apply_id": apply_id, "endpoint": endpoint, "target": "http://netbox"}
        lines: list[dict[str, Any]] = [{"kind": "start", "undoes": undoes}]
        lines += [
            {"kind": "verdict", "verdict": "applied", "operation_id": f"{apply_id}/1", **c} for c in changes
        ]
        file = self.warehouse.ledger / "applies" / endpoint / f"{apply_id}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        for line in lines:
            self.seq += 1
            with file.open("a") as out:
                # The clock says the same all the time: the order is that of the sequence.
                out.write(
                    json.dumps({**head, **line, "seq": self.seq, "at": "2026-11-21T10:00:00+00:00"}) + "\n"
                )

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        con = open_ledger(self.warehouse, objects=True)
        try:
            return con.execute(query).fetchall()
        finally:
            con.close()

    def written(self) -> list[tuple[Any, ...]]:
        return self.ask(
            "SELECT netbox_id, field, value, endpoint, restored FROM ledger.last_written ORDER BY ALL"
        )


def change(action: str, netbox_id: int, key: str = "vm", **more: Any) -> dict[str, Any]:
    fields = [{"field": name, "before": b, "after": a} for name, (b, a) in more.pop("fields", {}).items()]
    content = {"resource": "virtual_machines", "object_type": VM, **more}
    return {"action": action, "netbox_id": netbox_id, "key": key, "fields": fields, **content}


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    return Lines(tmp_path)


def test_a_null_that_was_written_last_counts(lines: Lines) -> None:
    lines.apply(FIRST, change("update", 5, fields={"memory": (1, 2)}))
    lines.apply(LATER, change("update", 5, fields={"memory": (2, None)}))
    assert lines.written() == [(5, "memory", "null", "pve", False)]


def test_what_netbox_emptied_because_of_a_delete_counts_as_written(lines: Lines) -> None:
    ip = {"id": 9, "name": "10.0.0.9"}
    lines.apply(FIRST, change("update", 5, fields={"primary_ip4": (None, ip)}))
    emptied = {"object_type": VM, "netbox_id": 5, "owner": "vm", "field": "primary_ip4", "before": ip}
    lines.apply(LATER, change("delete", 9, object_type="ipam/ip-addresses", cleared=[emptied]))
    assert lines.written() == [(5, "primary_ip4", "null", "pve", False)]
    assert lines.ask("SELECT object_type, netbox_id FROM ledger.deleted") == [("ipam/ip-addresses", 9)]


def test_a_value_that_an_undo_brought_back_belongs_to_who_had_written_it(lines: Lines) -> None:
    lines.apply(FIRST, change("update", 5, fields={"memory": (1, 2)}), endpoint="lnms")
    lines.apply(LATER, change("update", 5, fields={"memory": (2, 3), "vcpus": (4, 8)}))
    lines.apply(UNDO, change("update", 5, fields={"memory": (3, 2), "vcpus": (8, 4)}), undoes=LATER)
    assert lines.written() == [(5, "memory", "2", "lnms", False), (5, "vcpus", "4", "pve", True)]


def test_an_object_that_an_undo_made_again_counts_as_the_old_one(lines: Lines) -> None:
    lines.apply(FIRST, change("create", 5, "ours", fields={"name": (None, "ours"), "tags": (None, ["a"])}))
    lines.apply(
        LATER,
        change("delete", 5, "ours", fields={"name": ("ours", None)}),
        change("delete", 6, "theirs", fields={"name": ("theirs", None)}),
    )
    lines.apply(
        UNDO,
        change("create", 17, "ours", fields={"name": (None, "ours"), "tags": (None, ["a", "b"])}),
        change("create", 18, "theirs", fields={"name": (None, "theirs")}),
        undoes=LATER,
    )
    assert lines.ask("SELECT former_id, netbox_id FROM ledger.made_again ORDER BY ALL") == [(5, 17), (6, 18)]
    assert lines.ask("SELECT netbox_id FROM ledger.created ORDER BY ALL") == [(5,), (17,)]
    assert lines.ask("SELECT netbox_id, after FROM ledger.tag_lists ORDER BY ALL") == [
        (5, '["a"]'),
        (17, '["a"]'),
    ]
    assert [row for row in lines.written() if row[0] > 6] == [
        (17, "name", '"ours"', "pve", False),
        (17, "tags", '["a","b"]', "pve", True),
        (18, "name", '"theirs"', "pve", True),
    ]


def test_a_change_that_was_done_already_creates_and_writes_nothing(lines: Lines) -> None:
    lines.apply(FIRST, change("create", 5, fields={"name": (None, "vm")}))
    lines.apply(LATER, change("create", 5, fields={"name": (None, "vm")}, already=True), endpoint="second")
    assert lines.ask("SELECT endpoint FROM ledger.created") == [("pve",)]
    assert lines.written() == [(5, "name", '"vm"', "pve", False)]
