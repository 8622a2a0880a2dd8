"""Checks the ledger's chains for lines that were changed, added or removed (see ``storage.chain``).

``verify`` reads everything; ``look``, for syncs, only files that changed since they were last found good.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from netbox_sync_dagster.storage.chain import (
    Line,
    Link,
    append,
    chain_name,
    is_torn,
    ledger_chain,
    link_of,
    read_head,
)
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import write_atomically
from netbox_sync_dagster.storage.sequence import id_of
from netbox_sync_dagster.storage.store import Warehouse

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_Signatures = dict[str, dict[str, list[int]]]
KINDS = ("approvals", "applies", "accepted", "freezes", "resolutions")
_SHOWN = 5
# Kinds of lines about other lines.
_TELLING = re.compile(rb'"kind":"(?:torn|headless|start)"')


class LedgerDamaged(WarehouseError):
    """The ledger was changed by others; the sentence names the lines and says what to do."""


@dataclass(frozen=True)
class Problem:
    """One problem. ``mark`` identifies it permanently, whatever is appended later; ``line`` counts from 1."""

    file: str
    line: int
    text: str
    mark: str

    @property
    def sentence(self) -> str:
        """E.g. ``ledger/approvals/paris/2026-11.jsonl, line 3: ...``"""
        return f"{self.file}, line {self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


@dataclass
class Report:
    """The result. ``problems``: not accepted yet; ``accepted``: those that a person has accepted; ``torn``: sentences
    about lines that a crash cut off; ``lines``: the number of lines checked."""

    problems: list[Problem] = field(default_factory=list)
    accepted: list[Problem] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    lines: int = 0

    def check(self) -> None:
        """Raise LedgerDamaged if there is a problem that nobody has accepted."""
        if self.problems:
            raise LedgerDamaged(self.sentence)

    @property
    def sentence(self) -> str:
        """The problems and what to do; empty without problems."""
        if not self.problems:
            return ""
        shown = "; ".join(problem.sentence for problem in self.problems[:_SHOWN])
        more = len(self.problems) - _SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        return (
            f"the ledger is not as netbox-sync wrote it, so nothing is applied: {shown}{rest}. Compare with a backup; see "
            "all with `netbox-sync ledger verify`, and go on with `netbox-sync ledger accept --reason ...`"
        )


@dataclass
class _Chain:
    """One chain while it is checked."""

    name: str
    expected: str | None = None
    begun: bool = False
    hashes: set[str] = field(default_factory=set)
    # Invalid lines, until a later line reports that a crash cut them off: by file name and hash of their bytes.
    bad: dict[tuple[str, str], Problem] = field(default_factory=dict)
    # The ends of approvals that applies began with: hash, file, line.
    anchors: list[tuple[str, str, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    lines: int = 0


def verify(warehouse: Warehouse) -> Report:
    """Check the whole ledger, on an object store the current objects."""
    warehouse.storage.pull_anew(warehouse.ledger)
    report = _verify(warehouse)
    # Possibly only this machine's copy is affected.
    if report.problems and warehouse.storage.pull_anew(warehouse.ledger, everything=True):
        report = _verify(warehouse)
    return report


def _verify(warehouse: Warehouse) -> Report:
    seen = _signatures(warehouse)
    chains = [_read(warehouse, folder) for folder in _folders(warehouse)]
    by_name = {chain.name: chain for chain in chains}
    for chain in chains:
        kind, _, endpoint = chain.name.partition("/")
        known = by_name.get(f"approvals/{endpoint}")
        for said, file, line in chain.anchors if kind == "applies" else ():
            if known is None or said not in known.hashes:
                text = "the approvals that were on record when this apply began are gone"
                chain.problems.append(Problem(file, line, text, f"anchor {said}"))
    return _report(warehouse, [*chains, *_vanished(_found_whole(warehouse), by_name)], seen)


def look(warehouse: Warehouse) -> Report:
    """``verify``, only for chains with a file that changed since it was last found to be good."""
    warehouse.pull(warehouse.ledger)
    seen = _signatures(warehouse)
    whole, folders = _found_whole(warehouse), _folders(warehouse)
    chains = [
        _read(warehouse, path)
        for path in folders
        if whole.get(chain_name(path)) != seen.get(chain_name(path))
    ]
    return _report(warehouse, [*chains, *_vanished(whole, [chain_name(path) for path in folders])], seen)


def _vanished(whole: _Signatures, there: Collection[str]) -> list[_Chain]:
    """Chains that were found good before, and of which all files and the record of the end are missing."""
    text = "all of its files are gone, and so is the record of where it ends"
    return [
        _Chain(
            name, problems=[Problem(f"ledger/{name}", 0, text, f"vanished {name} {sorted(files.items())}")]
        )
        for name, files in sorted(whole.items())
        if name not in there
    ]


def _report(warehouse: Warehouse, chains: list[_Chain], seen: _Signatures) -> Report:
    report = Report()
    marks = _accepted(warehouse) if any(chain.problems for chain in chains) else set()
    for chain in chains:
        report.lines += chain.lines
        report.torn += chain.torn
        for problem in chain.problems:
            (report.accepted if problem.mark in marks else report.problems).append(problem)
    bad = {chain.name for chain in chains if any(item.mark not in marks for item in chain.problems)}
    with suppress(OSError):
        whole = {name: files for name, files in seen.items() if name not in bad}
        # A missing chain is remembered until a person accepts it.
        whole |= {name: files for name, files in _found_whole(warehouse).items() if name in bad - seen.keys()}
        write_atomically(_memory(warehouse), json.dumps(whole).encode())
    return report


def accept(warehouse: Warehouse, reason: str, by: Line) -> list[Problem]:
    """Accept the current problems, so that applies continue; returns them. Raises WarehouseError."""
    if not reason.strip():
        raise WarehouseError('say why the ledger may be used despite this: --reason "..."')
    report = verify(warehouse)
    if report.problems:
        number = id_of(warehouse.next_number())
        path = warehouse.ledger / "accepted" / "all" / f"{number[:4]}-{number[4:6]}.jsonl"
        line = {
            "kind": "accept",
            "at": now().isoformat(),
            "reason": reason.strip(),
            **by,
            "problems": [{"mark": item.mark, "sentence": item.sentence} for item in report.problems],
        }
        append(warehouse, path, [line])
    return report.problems


def _folders(warehouse: Warehouse) -> list[Path]:
    """The folders of all chains: those with files, and those with only the record of the end."""
    found = set()
    for kind in KINDS:
        found |= {path for path in (warehouse.ledger / kind).glob("*") if path.is_dir()}
        heads = warehouse.storage.names_of_files(warehouse.ledger / "heads" / kind, ".json")
        found |= {warehouse.ledger / kind / name.removesuffix(".json") for name in heads}
    return sorted(path for path in found if path.name[:1] not in "_.")


def _read(warehouse: Warehouse, folder: Path) -> _Chain:
    chain = _Chain(chain_name(folder))
    # Before the files: lines written meanwhile come after it.
    head = read_head(warehouse, folder)
    files = ledger_chain(folder)
    before = hashlib.sha256(f"{chain.name}\n".encode())
    for file in files:
        name = f"ledger/{chain.name}/{file.name}"
        acknowledged = head.bytes if head is not None and head.file == file.name else 0
        # The bytes of this file before the first line with a hash.
        old = b""
        at = 0
        with file.open("rb") as content:
            for number, raw in enumerate(content, 1):
                at += len(raw)
                chain.lines += 1
                link = link_of(raw)
                if not chain.begun:
                    if link is None or not link.sound:
                        old += raw
                        continue
                    _begin(chain, (name, number), link, before, old)
                if link is not None and (link.sound or _parsed(raw) is not None):
                    _note(chain, name, number, raw, link)
                elif is_torn(raw) and at - len(raw) >= acknowledged and file == files[-1]:
                    chain.torn.append(f"{name}, line {number}: cut off by a crash; the next line will say so")
                else:
                    _note_bad(chain, name, file.name, number, raw)
        if not chain.begun and old.strip(b"\n"):
            before.update(old.rstrip(b"\n") + b"\n")
    chain.problems += chain.bad.values()
    # Number 0 is where the chain begins: a crash came before its first line.
    empty = head is not None and head.seq == 0 and not chain.begun
    if head is not None and not empty and head.hash not in chain.hashes:
        text = "its last lines are gone, or the whole file is"
        chain.problems.append(Problem(f"ledger/{chain.name}/{head.file}", 0, text, f"gone {head.hash}"))
    elif head is None and chain.begun:
        text = f"the record of where it ends is gone (ledger/heads/{chain.name}.json)"
        chain.problems.append(Problem(f"ledger/{chain.name}", 0, text, f"headless {chain.name}"))
    return chain


def _begin(chain: _Chain, at: tuple[str, int], link: Link, before: Hash, old: bytes) -> None:
    """The first line with a hash: it covers everything that was written before."""
    chain.begun = True
    if old.strip(b"\n"):
        before.update(old.rstrip(b"\n") + b"\n")
    chain.expected = before.hexdigest()
    chain.hashes.add(chain.expected)
    if link.prev != chain.expected:
        text = "what is before it, or was, is not what was there when it was written"
        for line, raw in enumerate(old.splitlines(), 1):
            if _parsed(raw) is None:
                at, text = (at[0], line), _what(raw)
        chain.problems.append(Problem(*at, text, f"gone {link.prev}"))
        chain.expected = None


def _note_bad(chain: _Chain, name: str, file: str, number: int, raw: bytes) -> None:
    """A line without a hash among lines with hashes."""
    content = raw.rstrip(b"\n")
    made = hashlib.sha256(content).hexdigest()
    text = _what(content)
    chain.bad[file, made] = Problem(
        name, number, text, f"line {chain.name} {file} {made} after {chain.expected}"
    )
    # The line before the next one may have been here.
    chain.expected = None


def _what(raw: bytes) -> str:
    """The problem of a line without a hash."""
    if not raw.strip(b"\0 "):
        return "it is empty: what was there has been overwritten"
    if _parsed(raw) is not None:
        return "netbox-sync has not written it: it has no hash"
    return "this is not a line of the ledger: the original was overwritten"


def _note(chain: _Chain, name: str, number: int, raw: bytes, link: Link) -> None:
    if not link.sound:
        made = hashlib.sha256(raw).hexdigest()
        text = "it was changed after it was written: its hash is another one"
        chain.problems.append(Problem(name, number, text, f"changed {made}"))
    elif _TELLING.search(raw):
        _note_kind(chain, name, number, raw)
    if chain.expected is not None and link.prev != chain.expected:
        text = "the line before it is gone or was put there by somebody else"
        chain.problems.append(Problem(name, number, text, f"gone {link.prev}"))
    chain.expected = link.hash
    chain.hashes.add(link.hash)


def _note_kind(chain: _Chain, name: str, number: int, raw: bytes) -> None:
    """What a line says about other lines."""
    if b'"kind":"torn"' in raw:
        line = _parsed(raw) or {}
        if chain.bad.pop((str(line.get("file")), str(line.get("sha256"))), None) is not None:
            chain.torn.append(f"{name}, before line {number}: a line that a crash cut off, {line.get('at')}")
    elif b'"kind":"headless"' in raw:
        text = "when it was written the record of where its chain ends was gone"
        chain.problems.append(Problem(name, number, text, f"headless {chain.name}"))
    elif b'"kind":"start"' in raw and chain.name.startswith("applies/"):
        said = (_parsed(raw) or {}).get("approvals_end")
        if isinstance(said, str):
            chain.anchors.append((said, name, number))


def _parsed(raw: bytes) -> Line | None:
    with suppress(orjson.JSONDecodeError):
        line = orjson.loads(raw)
        return line if isinstance(line, dict) else None
    return None


def _accepted(warehouse: Warehouse) -> set[str]:
    """The marks of accepted problems."""
    return {
        str(problem["mark"]) for line in accepted_lines(warehouse) for problem in line.get("problems") or ()
    }


def accepted_lines(warehouse: Warehouse) -> Iterator[Line]:
    """Who accepted which problems, oldest first."""
    for file in ledger_chain(warehouse.ledger / "accepted" / "all"):
        with file.open("rb") as content:
            for raw in content:
                link = link_of(raw)
                line = _parsed(raw) if link is not None and link.sound else None
                if line is not None and line.get("kind") == "accept":
                    yield line


# -- what was found whole ------------------------------------------------------------------------


def _memory(warehouse: Warehouse) -> Path:
    return warehouse.home / ".ledger_verified.json"


def _found_whole(warehouse: Warehouse) -> _Signatures:
    """The signatures of the chains without problems, from the last check."""
    with suppress(OSError, ValueError):
        content = json.loads(_memory(warehouse).read_bytes())
        if isinstance(content, dict):
            return content
    return {}


def _signatures(warehouse: Warehouse) -> _Signatures:
    """{chain: {file: values that change with every write; nobody can set the last of them}}"""
    found: _Signatures = {}
    for path in (*warehouse.ledger.glob("*/*/*.jsonl"), *warehouse.ledger.glob("heads/*/*.json")):
        with suppress(FileNotFoundError):
            stat = path.stat()
            is_head = path.suffix == ".json"
            folder = path.parent / path.stem if is_head else path.parent
            if folder.name[:1] in "_.":
                continue
            files = found.setdefault(chain_name(folder), {})
            files["" if is_head else path.name] = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    return found
