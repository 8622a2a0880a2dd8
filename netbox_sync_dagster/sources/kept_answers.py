"""Answers about single objects that the last snapshot holds and that are not asked for again.

A source that must ask once per device or guest often knows from a list whether the answer can have changed. It says so
with a proof: a text that changes whenever the answer may have changed. An answer is kept while its proof is the same, and
at most for a time after which everything is read again. ``kept_answers.json`` beside the snapshot's tables records when
each answer was asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from netbox_sync_dagster.sources.last_snapshot import LastSnapshot, file_hashes
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.falls import SHORT
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.parquet import Row
from netbox_sync_dagster.storage.snapshots import SnapshotWriter

_FILE = "kept_answers.json"
_GAPS = "scopes"
# {call: {owner: (proof, when it was asked)}}
_Answers = dict[str, dict[str, tuple[str, datetime]]]


class KeptAnswers:
    """The answers to calls for single objects in the last snapshot, and those of this one.

    ``calls``: the tables that hold them; a call goes by the name of its table.

    ``hours``: an answer is kept for at most this long; 0: never. ``alone``: one object is read, everything about it is asked
    for (see ``forget``), and what the last snapshot holds of others stays recorded.
    """

    def __init__(
        self, last: LastSnapshot, calls: Iterable[str], hours: float, *, alone: bool = False
    ) -> None:
        self.calls = tuple(calls)
        self._last = last
        self._longest = timedelta(hours=hours)
        self._before, self.reason = _read(last, self.calls) if hours else ({}, "full_read_hours is 0")
        self._asked: _Answers = defaultdict(dict)
        self._kept: dict[str, set[str]] = defaultdict(set)
        self._alone = alone
        if alone:
            self._asked |= {call: dict(answers) for call, answers in self._before.items()}

    def forget(self, owner: object) -> None:
        """Everything about this object is asked for again."""
        for answers in (*self._before.values(), *self._asked.values()):
            answers.pop(str(owner), None)

    def proof(self, call: str, owner: object) -> str | None:
        """The proof with which the last snapshot holds this answer; None where it does not."""
        before = self._before.get(call, {}).get(str(owner))
        return None if before is None else before[0]

    def holds(self, call: str, owner: object, proof: str | None, longest: timedelta | None = None) -> bool:
        """Whether the last snapshot holds this answer and it is kept; ``proof`` None: nothing proves it."""
        before = None if self._alone else self._before.get(call, {}).get(str(owner))
        if before is None or before[0] != proof:
            return False
        age = now() - before[1]
        # Less than nothing: the clock was set back.
        if not timedelta() <= age < min(self._longest, longest or self._longest):
            return False
        self._kept[call].add(str(owner))
        self._asked[call][str(owner)] = before
        return True

    def asked(self, call: str, owner: object, proof: str | None) -> None:
        """Record a complete answer of this snapshot."""
        if proof is not None:
            self._asked[call][str(owner)] = proof, now()

    def rows(self, call: str, column: str, table: str | None = None) -> Iterator[Row]:
        """The rows of the kept answers to ``call``, in its table or another one; ``column`` holds the owner."""
        kept = self._kept[call]
        if kept:
            yield from (row for row in self._last.rows(table or call) if str(row[column]) in kept)

    def number(self, call: str) -> int:
        """How many answers of a call were kept."""
        return len(self._kept[call])

    def save(self, writer: SnapshotWriter) -> None:
        """Write what the next snapshot may keep, and how this one was read. The tables of ``calls`` are complete now."""
        kept = sum(map(len, self._kept.values()))
        if not self._alone:
            writer.read = "incremental" if kept else "full"
            writer.read_reason = None if kept else self.reason
        writer.close_files(*self.calls)
        answers = {
            call: {owner: [proof, when.isoformat()] for owner, (proof, when) in owners.items()}
            for call, owners in self._asked.items()
        }
        files = file_hashes(writer.folder, self.calls)
        write_json(writer.folder / _FILE, {"release": _release(), "files": files, "answers": answers})


def proof_of(*parts: Any) -> str:
    """A proof of values that JSON can hold; no value can be read from it."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:24]


def _read(last: LastSnapshot, calls: tuple[str, ...]) -> tuple[_Answers, str]:
    """The answers that the last snapshot holds, and why there are none."""
    if last.folder is None:
        return {}, "there is no earlier read to continue"
    try:
        content = json.loads((last.folder / _FILE).read_bytes())
        if content["release"] != _release():
            return {}, "the last read is that of another release"
        # A file that was damaged since would be copied from snapshot to snapshot.
        whole = (last.folder / f"{_GAPS}.parquet").exists()
        if not whole or content["files"] != file_hashes(last.folder, calls):
            return {}, "a file of the last snapshot is missing or damaged"
        doubtful = _doubtful(last)
        return {
            call: {
                owner: (str(proof), datetime.fromisoformat(when))
                for owner, (proof, when) in owners.items()
                if owner not in doubtful
            }
            for call, owners in content["answers"].items()
            if call not in doubtful
        }, "nothing of the last read can be kept"
    except (OSError, LookupError, TypeError, ValueError):
        return {}, "there is no earlier read to continue"


def _doubtful(last: LastSnapshot) -> set[str]:
    """Owners, and tables, of which the last snapshot lacked something or had suspiciously few rows: a wrong answer must
    not be kept."""
    return {
        row["scope_id"]
        for row in last.rows(_GAPS)
        if row["scope"].startswith(SHORT) or row["reason"] in last.reasons
    }


def _release() -> str:
    return version("netbox-sync-dagster")
