"""A line of the ledger that was changed, added or taken away is found and named; one that a crash cut off is not that."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.ledger import append_lines, open_ledger, read_lines
from netbox_sync_dagster.storage.object_store_sync import ObjectStoreSync
from netbox_sync_dagster.storage.verify import LedgerDamaged, Report, accept, accepted_lines, look, verify
from tests.object_store import BUCKET_URL, s3_server

BY = {"who": "carol", "through": "cli", "by": {}}
NOVEMBER, DECEMBER = "2026-11.jsonl", "2026-12.jsonl"


def lines(*numbers: int) -> list[dict[str, object]]:
    return [{"kind": "approval", "n": number} for number in numbers]


def written(home: Path) -> Path:
    """A warehouse with the lines 1 to 4 in two files of one chain; the chain's folder."""
    warehouse = Warehouse(home)
    folder = warehouse.ledger / "approvals" / "paris"
    append_lines(warehouse, folder / NOVEMBER, lines(1))
    append_lines(warehouse, folder / NOVEMBER, lines(2, 3))
    append_lines(warehouse, folder / DECEMBER, lines(4))
    assert verify(warehouse).problems == []
    return folder


def edit(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def replaced(at: int, make: Callable[[bytes], bytes]) -> Callable[[list[bytes]], list[bytes]]:
    return lambda raw: [make(line) if number == at else line for number, line in enumerate(raw, 1)]


FOREIGN = b'{"kind":"approval","n":9}\n'
CHANGED = "it was changed after it was written: its hash is another one"
EMPTY = "it is empty: what was there has been overwritten"
GARBAGE = "this is not a line of the ledger: the original was overwritten"
ADDED = "netbox-sync has not written it: it has no hash"
BEFORE = "the line before it is gone or was put there by somebody else"
BEGUN = "what is before it, or was, is not what was there when it was written"
END = "its last lines are gone, or the whole file is"

DAMAGES = {
    "a value is changed": (
        NOVEMBER,
        replaced(2, lambda raw: raw.replace(b'"n":2', b'"n":7')),
        [(NOVEMBER, 2, CHANGED)],
    ),
    "zeroed": (NOVEMBER, replaced(2, lambda raw: b"\0" * (len(raw) - 1) + b"\n"), [(NOVEMBER, 2, EMPTY)]),
    "zeroed with its line break": (
        NOVEMBER,
        replaced(2, lambda raw: b"\0" * len(raw)),
        [(NOVEMBER, 2, GARBAGE)],
    ),
    "blanked": (NOVEMBER, replaced(3, lambda raw: b" " * (len(raw) - 1) + b"\n"), [(NOVEMBER, 3, EMPTY)]),
    "cut in two": (NOVEMBER, replaced(2, lambda raw: raw[:100] + b"\n"), [(NOVEMBER, 2, GARBAGE)]),
    "removed": (NOVEMBER, lambda raw: [raw[0], raw[2]], [(NOVEMBER, 2, BEFORE)]),
    "the first one removed": (NOVEMBER, lambda raw: raw[1:], [(NOVEMBER, 1, BEGUN)]),
    "turned round": (NOVEMBER, lambda raw: [raw[0], raw[2], raw[1]], None),
    "one put between": (NOVEMBER, lambda raw: [raw[0], FOREIGN, *raw[1:]], [(NOVEMBER, 2, ADDED)]),
    "one put at the beginning": (NOVEMBER, lambda raw: [FOREIGN, *raw], [(NOVEMBER, 2, BEGUN)]),
    "one written at the end": (DECEMBER, lambda raw: [*raw, FOREIGN], [(DECEMBER, 2, ADDED)]),
    "one written at the end without its line break": (
        DECEMBER,
        lambda raw: [*raw, FOREIGN.rstrip()],
        [(DECEMBER, 2, ADDED)],
    ),
    "an older one written again": (DECEMBER, lambda raw: [*raw, raw[0]], [(DECEMBER, 2, BEFORE)]),
    "the last one removed": (DECEMBER, lambda raw: raw[:-1], [(DECEMBER, 0, END)]),
    "the last one cut": (DECEMBER, lambda raw: [raw[0][:-10]], [(DECEMBER, 1, GARBAGE), (DECEMBER, 0, END)]),
    "the end of a file that is not the last": (NOVEMBER, lambda raw: raw[:-1], [(DECEMBER, 1, BEFORE)]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_line_that_is_not_as_it_was_written_is_found_and_named(tmp_path: Path, damage: str) -> None:
    file, change, named = DAMAGES[damage]
    folder = written(tmp_path)
    warehouse = Warehouse(tmp_path)
    edit(folder / file, change)

    for report in (look(warehouse), verify(warehouse)):
        found = [(Path(item.file).name, item.line, item.text) for item in report.problems]
        assert found == named if named is not None else found
        with pytest.raises(LedgerDamaged, match=r"ledger/approvals/paris/2026-1[12]\.jsonl"):
            report.check()
    # It is found as well when more was written behind it, and stays known once somebody has looked.
    append_lines(warehouse, folder / DECEMBER, lines(5))
    assert verify(warehouse).problems
    accepted = accept(warehouse, "looked at it with Bob", BY)
    assert accepted
    assert [line["reason"] for line in accepted_lines(warehouse)] == ["looked at it with Bob"]
    append_lines(warehouse, folder / DECEMBER, lines(6))
    assert verify(warehouse).problems == []
    assert {item.mark for item in verify(warehouse).accepted} == {item.mark for item in accepted}
    # What somebody else wrote does not count, before and after.
    read = [line["n"] for name in (NOVEMBER, DECEMBER) for line in read_lines(folder / name)]
    assert {5, 6} <= set(read)
    if damage != "one put at the beginning":
        assert not {7, 9} & set(read)
    # The next damage is another one.
    edit(folder / DECEMBER, replaced(1, lambda raw: raw.replace(b'"kind"', b'"kinds"')))
    assert verify(warehouse).problems


@pytest.mark.parametrize("gone", [NOVEMBER, DECEMBER, "both", "folder and head", "head", "replaced"])
def test_a_file_that_is_gone_or_another_is_missed(tmp_path: Path, gone: str) -> None:
    folder = written(tmp_path)
    warehouse = Warehouse(tmp_path)
    apply = warehouse.ledger / "applies" / "paris" / "20261128T190000000Z-aaaa.jsonl"
    end = json.loads((warehouse.ledger / "heads" / "approvals" / "paris.json").read_text())["hash"]
    append_lines(warehouse, apply, [{"kind": "start", "approvals_end": end}])
    assert verify(warehouse).problems == []
    if gone in (NOVEMBER, DECEMBER):
        (folder / gone).unlink()
    elif gone == "replaced":
        other = written(tmp_path / "other")
        (folder / DECEMBER).write_bytes((other / DECEMBER).read_bytes())
    else:
        if gone != "head":
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        if gone != "both":
            (warehouse.ledger / "heads" / "approvals" / "paris.json").unlink()
    assert verify(warehouse).problems
    if gone == "head":
        append_lines(warehouse, folder / DECEMBER, lines(5))
        assert [item.text for item in verify(warehouse).problems] == [
            "when it was written the record of where its chain ends was gone"
        ]


@pytest.mark.parametrize("check", [look, verify])
def test_a_chain_of_which_nothing_is_left_is_missed(
    tmp_path: Path, check: Callable[[Warehouse], Report]
) -> None:
    """A rejection in it would let its change pass. No apply has named its end yet."""
    # Without any decision the views read empty files that are no chain.
    open_ledger(Warehouse(tmp_path)).close()
    assert check(Warehouse(tmp_path)).problems == []
    folder = written(tmp_path)
    warehouse = Warehouse(tmp_path)
    open_ledger(warehouse).close()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    (warehouse.ledger / "heads" / "approvals" / "paris.json").unlink()
    for _ in range(2):
        assert [item.sentence for item in check(warehouse).problems] == [
            "ledger/approvals/paris: all of its files are gone, and so is the record of where it ends"
        ]
    assert accept(warehouse, "restored from a backup of before", BY)
    assert check(warehouse).problems == []
    append_lines(warehouse, folder / DECEMBER, lines(1))
    assert check(warehouse).problems == []


@pytest.mark.parametrize("cut", [1, 80, 150, 175])
def test_a_line_that_a_crash_cut_off_is_recorded_and_blocks_nothing(tmp_path: Path, cut: int) -> None:
    folder = written(tmp_path)
    warehouse = Warehouse(tmp_path)
    head = warehouse.ledger / "heads" / "approvals" / "paris.json"
    before = head.read_bytes()
    append_lines(warehouse, folder / DECEMBER, lines(5))
    # As if the machine had lost power while the line was written: it was not acknowledged.
    head.write_bytes(before)
    raw = (folder / DECEMBER).read_bytes()
    start = raw.index(b"\n") + 1
    (folder / DECEMBER).write_bytes(raw[: start + cut])
    report = verify(warehouse)
    assert (report.problems, len(report.torn)) == ([], 1)
    append_lines(warehouse, folder / DECEMBER, lines(6))
    report = verify(warehouse)
    assert (report.problems, len(report.torn)) == ([], 1)
    assert [line.get("n") for line in read_lines(folder / DECEMBER)] == [4, None, 6]
    # That explains these very bytes and no others.
    (folder / DECEMBER).write_bytes((folder / DECEMBER).read_bytes().replace(b'{"hash":', b'{"hush":', 2))
    assert verify(warehouse).problems


@pytest.mark.parametrize("break_", [True, False], ids=["with its line break", "without"])
def test_a_whole_line_that_nobody_was_told_of_counts(tmp_path: Path, break_: bool) -> None:
    folder = written(tmp_path)
    warehouse = Warehouse(tmp_path)
    head = warehouse.ledger / "heads" / "approvals" / "paris.json"
    before = head.read_bytes()
    append_lines(warehouse, folder / DECEMBER, lines(5))
    head.write_bytes(before)
    if not break_:
        (folder / DECEMBER).write_bytes((folder / DECEMBER).read_bytes().rstrip())
    assert verify(warehouse).problems == []
    append_lines(warehouse, folder / DECEMBER, lines(6))
    assert verify(warehouse).problems == []
    assert [line["n"] for line in read_lines(folder / DECEMBER)] == [4, 5, 6]


@pytest.mark.parametrize("cut", [0, 1, 100, None], ids=["nothing", "a byte", "a part", "all"])
def test_a_crash_at_the_first_line_of_a_chain_blocks_nothing(tmp_path: Path, cut: int | None) -> None:
    warehouse = Warehouse(tmp_path)
    file = warehouse.ledger / "applies" / "paris" / NOVEMBER
    head = warehouse.ledger / "heads" / "applies" / "paris.json"
    append_lines(warehouse, file, lines(1))
    # The state after the line, or a part of it, was written, and before it was acknowledged.
    first = json.loads(file.read_bytes())
    head.write_text(json.dumps({"file": NOVEMBER, "bytes": 0, "hash": first["prev"], "seq": 0}))
    file.write_bytes(file.read_bytes()[:cut])
    assert verify(warehouse).problems == []
    append_lines(warehouse, file, lines(2))
    append_lines(warehouse, file, lines(3))
    assert verify(warehouse).problems == []
    assert [line["n"] for line in read_lines(file)] == [1, 2, 3] if cut is None else [2, 3]
    # Whoever takes the record away is found as ever.
    head.unlink()
    assert [problem.line for problem in verify(warehouse).problems] == [0]


def test_an_apply_that_was_killed_while_it_wrote_is_followed_by_the_next(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    folder = warehouse.ledger / "applies" / "paris"
    append_lines(warehouse, folder / "20261128T190000000Z-aaaa.jsonl", lines(1))
    with (folder / "20261128T190000000Z-aaaa.jsonl").open("ab") as file:
        file.write(b'{"hash":"12')
    append_lines(warehouse, folder / "20261128T200000000Z-bbbb.jsonl", lines(2))
    report = verify(warehouse)
    assert (report.problems, len(report.torn)) == ([], 1)


def test_what_is_older_than_the_chain_goes_on_and_is_covered_by_its_first_line(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    folder = warehouse.ledger / "approvals" / "paris"
    folder.mkdir(parents=True)
    (folder / "2026-10.jsonl").write_text('{"kind":"approval","n":1}\n{"kind":"appro')
    (folder / NOVEMBER).write_text('{"kind":"approval","n":2}\n')
    assert verify(warehouse).problems == []
    append_lines(warehouse, folder / NOVEMBER, lines(3))
    append_lines(warehouse, folder / DECEMBER, lines(4))
    assert verify(warehouse).problems == []
    read = [line["n"] for file in sorted(folder.glob("*.jsonl")) for line in read_lines(file)]
    assert read == [1, 2, 3, 4]
    edit(folder / "2026-10.jsonl", replaced(1, lambda raw: raw.replace(b'"n":1', b'"n":7')))
    [problem] = verify(warehouse).problems
    assert (problem.file, problem.line, problem.text) == (f"ledger/approvals/paris/{NOVEMBER}", 2, BEGUN)


def test_accepting_needs_a_reason_and_something_to_accept(tmp_path: Path) -> None:
    folder = written(tmp_path)
    warehouse = Warehouse(tmp_path)
    assert accept(warehouse, "nothing there", BY) == []
    assert not (warehouse.ledger / "accepted").exists()
    edit(folder / NOVEMBER, lambda raw: raw[1:])
    with pytest.raises(WarehouseError, match="say why the ledger may be used"):
        accept(warehouse, " ", BY)
    assert verify(warehouse).problems


def test_who_accepted_is_in_a_chain_too(tmp_path: Path) -> None:
    folder = written(tmp_path)
    warehouse = Warehouse(tmp_path)
    edit(folder / NOVEMBER, lambda raw: raw[1:])
    accept(warehouse, "restored from a backup", BY)
    assert verify(warehouse).problems == []
    [file] = (warehouse.ledger / "accepted" / "all").iterdir()
    file.write_bytes(file.read_bytes().replace(b"carol", b"alice"))
    assert len(verify(warehouse).problems) == 2


def test_on_an_object_store_it_is_found_from_every_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        machines = []
        for name in ("one", "two"):
            monkeypatch.setenv("NETBOX_SYNC_CACHE", str(tmp_path / name))
            machines.append(Warehouse(BUCKET_URL))
        one, two = machines
        path = one.ledger / "approvals" / "paris" / NOVEMBER
        there = two.ledger / "approvals" / "paris" / NOVEMBER
        append_lines(one, path, lines(1))
        append_lines(two, there, lines(2))
        append_lines(one, path, lines(3))
        append_lines(two, there.with_name(DECEMBER), lines(4))
        append_lines(one, path.with_name(DECEMBER), lines(5))
        for machine in machines:
            assert (verify(machine).problems, verify(machine).lines) == ([], 5)
        assert isinstance(one.storage, ObjectStoreSync)
        store = one.storage.store
        parts = [item.key for item in store.below("ledger/approvals/paris")]
        assert len(parts) == 5
        content = store.get(parts[1])
        assert content is not None
        # As long as before, so that nobody brings it here for its size.
        store.put(parts[1], content[0].replace(b'"n":2', b'"n":7'))
        for machine in machines:
            assert [(item.line, item.text) for item in verify(machine).problems] == [(2, CHANGED)]
        store.put(parts[1], content[0])
        assert verify(one).problems == []
        # A copy is only a copy.
        path.write_bytes(path.read_bytes().replace(b'"n":2', b'"n":7'))
        assert verify(one).problems == []
        store.delete(parts[-1:])
        for machine in machines:
            assert [item.text for item in verify(machine).problems] == [END]
        accept(one, "the bucket was restored", BY)
        append_lines(two, there.with_name(DECEMBER), lines(6))
        for machine in machines:
            assert verify(machine).problems == []


def test_a_hundred_thousand_lines_are_looked_through_in_little_time(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    path = warehouse.ledger / "applies" / "paris" / "20261128T190000000Z-aaaa.jsonl"
    append_lines(warehouse, path, [{"kind": "verdict", "n": n, "message": "x" * 500} for n in range(100_000)])
    began = time.process_time()
    assert verify(warehouse).lines == 100_000
    # Well below one second on a machine that does nothing else; less than the tests' other work here.
    assert time.process_time() - began < 5
    began = time.process_time()
    assert look(warehouse).lines == 0
    assert time.process_time() - began < 0.1
