"""Every line of the ledger holds the hash of the line before it: nobody can change a decision unnoticed.

A line begins with ``hash`` (SHA-256 of the bytes that follow), ``prev`` (the hash of the line before) and
``seq`` (``storage.sequence``). The files of an endpoint's approvals are one chain, those of its applies another:
the first line of a file follows the last one of the file before. ``ledger/heads/<kind>/<endpoint>.json`` names the
last acknowledged line of each chain, so that missing lines at the end are found too. Lines from before there were chains
are covered by the first line with a hash: its ``prev`` is the hash of all bytes before it.

A crash may cut off a line while it is written: the line then has no line break and follows the line that ``heads``
names. The next writer appends a line of kind ``torn`` with its hash. No other invalid line is accepted.

The hashes use no secret: someone who may write to the files can compute all hashes again. They reveal everything else:
lines that were edited, zeroed, deleted, restored or written by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from netbox_sync_dagster.storage.clock import now

if TYPE_CHECKING:
    from netbox_sync_dagster.storage.store import Warehouse

Line = dict[str, Any]

_START = re.compile(rb'\{"hash":"([0-9a-f]{64})","prev":"([0-9a-f]{64})","seq":(\d{1,18}),')
# The offset of the hashed content, without its brace.
_HASHED = len(b'{"hash":"') + 64 + len(b'",')
_BRACE = hashlib.sha256(b"{")


@dataclass(frozen=True)
class Head:
    """The end of a chain: its last line's hash and number, and that line's file and end in bytes."""

    file: str
    bytes: int
    hash: str
    seq: int


class Link(NamedTuple):
    """The chain's fields of a line. ``sound``: the hash is that of its content."""

    hash: str
    prev: str
    seq: int
    sound: bool


def link_of(raw: bytes) -> Link | None:
    """A line as a link of a chain; None if it is not one."""
    match = _START.match(raw)
    if match is None:
        return None
    made = _BRACE.copy()
    made.update(memoryview(raw)[_HASHED : -1 if raw.endswith(b"\n") else None])
    said, prev, number = match.groups()
    return Link(said.decode(), prev.decode(), int(number), made.hexdigest().encode() == said)


def linked(line: Line, prev: str, number: int) -> tuple[bytes, str]:
    """The bytes of a line that follows the one with the hash ``prev``, without its line break; and its hash."""
    content = {name: value for name, value in line.items() if name not in ("hash", "prev", "seq")}
    rest = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    body = f'"prev":"{prev}","seq":{number},'.encode() + rest[1:]
    made = hashlib.sha256(b"{" + body).hexdigest()
    return f'{{"hash":"{made}",'.encode() + body, made


def chain_name(folder: Path) -> str:
    """``approvals/paris``, from the folder that holds the chain's files."""
    return f"{folder.parent.name}/{folder.name}"


def head_file(warehouse: Warehouse, folder: Path) -> Path:
    """The file that records the end of the chain in ``folder``."""
    return warehouse.ledger / "heads" / folder.parent.name / f"{folder.name}.json"


def read_head(warehouse: Warehouse, folder: Path) -> Head | None:
    """The last acknowledged end of the chain in ``folder``; None if there is no record."""
    try:
        content = json.loads(warehouse.storage.read(head_file(warehouse, folder)) or b"")
        return Head(str(content["file"]), int(content["bytes"]), str(content["hash"]), int(content["seq"]))
    except (ValueError, LookupError, TypeError):
        return None


def first_prev(folder: Path, upto: tuple[Path, int]) -> str:
    """What the first line of a chain follows: all bytes of its files before, up to that line's file and offset."""
    made = hashlib.sha256(f"{chain_name(folder)}\n".encode())
    for path in ledger_chain(folder):
        if path > upto[0]:
            break
        content = path.read_bytes()[: upto[1] if path == upto[0] else None]
        if content.strip(b"\n"):
            made.update(content.rstrip(b"\n") + b"\n")
    return made.hexdigest()


def ledger_chain(folder: Path) -> list[Path]:
    """The files of a chain, oldest first."""
    return sorted(folder.glob("*.jsonl"))


def append(warehouse: Warehouse, path: Path, lines: Iterable[Line]) -> None:
    """Append lines to a file of the ledger; they are durable, for all machines, when this returns."""
    content, folder, storage = list(lines), path.parent, warehouse.storage
    head = head_file(warehouse, folder)
    made: list[Head] = []

    def build() -> bytes:
        if not path.exists():
            storage.pull(folder)
        size = path.stat().st_size if path.exists() else 0
        known: Head | None = storage.known_head(head)
        torn: list[Line] = []
        if known is None or known.file != path.name or known.bytes != size:
            known, torn = _end(warehouse, folder, path)
        if known is None:
            # If the process is killed between the first line and the record of the chain's end, the record must not
            # look deleted.
            storage.write(head, _as_json(_start(path)))
        data, last = _data(warehouse, path, content, known, torn)
        made.append(last)
        return data

    def acknowledge(end: int) -> bytes:
        last = replace(made[-1], bytes=end)
        storage.know_head(head, last)
        return _as_json(last)

    storage.append(path, build, head, acknowledge)


def _start(path: Path) -> Head:
    """The start of a chain whose first line will be in this file: no line has the number 0."""
    size = path.stat().st_size if path.exists() else 0
    return Head(path.name, size, first_prev(path.parent, (path, size)), 0)


def _data(
    warehouse: Warehouse, path: Path, content: list[Line], head: Head | None, torn: list[Line]
) -> tuple[bytes, Head]:
    """The bytes to append, and the new end of the chain, without its offset, which the caller knows."""
    size = path.stat().st_size if path.exists() else 0
    prev = head.hash if head is not None else first_prev(path.parent, (path, size))
    number = warehouse.next_number(above=head.seq if head is not None else 0)
    parts = []
    for line in (*torn, *content):
        data, prev = linked(line, prev, number)
        parts.append(data + b"\n")
    return b"".join(parts), Head(path.name, 0, prev, number)


def _end(warehouse: Warehouse, folder: Path, path: Path) -> tuple[Head | None, list[Line]]:
    """The end of the chain, including what a crash left after the acknowledged end; and the lines that report what it
    cut off."""
    head = read_head(warehouse, folder)
    acknowledged = head
    if head is not None and head.file == path.name:
        files = [path] if path.exists() else []
    else:
        files = [file for file in ledger_chain(folder) if head is None or file.name >= head.file]
    torn: list[Line] = []
    for file in files:
        seen = acknowledged.bytes if acknowledged is not None and file.name == acknowledged.file else 0
        if file.stat().st_size > seen:
            head = _follow(file, seen, head)
        rest, at = fragment(file)
        # After the acknowledged end a crash may have cut it off; before it, a person did.
        if is_torn(rest) and head is not None and at >= seen:
            torn.append(
                {
                    "kind": "torn",
                    "at": now().isoformat(),
                    "file": file.name,
                    "bytes": len(rest),
                    "sha256": hashlib.sha256(rest).hexdigest(),
                }
            )
    if head is not None and head.seq == 0:
        # A crash came before the first line, which covers the present content.
        return None, []
    if acknowledged is None and head is not None:
        # The record was deleted: what it said about the end is lost, and this must be reported.
        torn.insert(0, {"kind": "headless", "at": now().isoformat()})
    return head, torn


def _follow(file: Path, start: int, head: Head | None) -> Head | None:
    """The end of the chain with the lines of ``file`` from ``start`` on that follow it."""
    with file.open("rb") as content:
        content.seek(start)
        at = start
        for raw in content:
            at += len(raw)
            link = link_of(raw)
            if link is None or not link.sound:
                continue
            # Without a record of its end the chain continues wherever the line says.
            if head is None or link.prev == head.hash:
                head = Head(file.name, at, link.hash, link.seq)
    return head


def is_torn(raw: bytes) -> bool:
    """Whether these are bytes of a line that a crash may have cut off: without a line break, and no whole line."""
    if not raw or raw.endswith(b"\n"):
        return False
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return True
    return False


def fragment(path: Path) -> tuple[bytes, int]:
    """The bytes after the last line break of a file, and their offset; empty if the file ends with a line break."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            piece = 65_536
            while True:
                start = max(0, size - piece)
                file.seek(start)
                content = file.read(size - start)
                found = content.rfind(b"\n")
                if found >= 0 or start == 0:
                    return content[found + 1 :], start + found + 1
                piece *= 16
    except FileNotFoundError:
        return b"", 0


def _as_json(head: Head) -> bytes:
    return json.dumps(asdict(head)).encode()
