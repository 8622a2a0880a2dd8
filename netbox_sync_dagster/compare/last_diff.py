"""Whether the last diff of an endpoint is what a comparison of the current snapshots would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.config_tables import Settings
from netbox_sync_dagster.compare.edits import Edits, edits_between
from netbox_sync_dagster.compare.endpoint_words import concerns, keep_words, kept_words, words_of
from netbox_sync_dagster.compare.ledger_state import LedgerState, Written, written_since
from netbox_sync_dagster.compare.reuse import (
    LEDGER_OF_OTHERS,
    Inputs,
    carry_words,
    has_desired,
    same_desired,
)
from netbox_sync_dagster.compare.unchanged import says_the_same
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.errors import storage_sentence
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.damage import reading_errors
from netbox_sync_dagster.storage.resolutions import Resolution

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


# In the manifest of a diff: the tables of NetBox that its comparison read.
READ = "netbox_tables"
# How long a diff may be carried over where NetBox was edited, before everything is compared again.
_LONGEST = timedelta(hours=24)


@dataclass(frozen=True)
class Pair:
    """The snapshots that are compared: manifest and folder of each."""

    source: dict[str, Any]
    source_path: Path
    target: dict[str, Any]
    target_path: Path


@dataclass(frozen=True)
class Compared:
    """What is compared: an endpoint with its snapshots, settings and answers. ``inputs``: the hashes of what counts besides
    the snapshots; ``ledger``: how far it is written; ``own``: the endpoints that reach the same server;
    ``looked_elsewhere``: whether other snapshots count. ``is_small``: whether the words of the source can be gathered
    faster than it is compared."""

    endpoint: Endpoint
    pair: Pair
    settings: Settings
    answers: Sequence[Resolution]
    inputs: Inputs
    ledger: LedgerState
    own: frozenset[str]
    is_small: bool
    looked_elsewhere: bool = False


class LastDiffs:
    """The last diffs of endpoints, compared one after the other with the same snapshot of NetBox."""

    def __init__(self, warehouse: Warehouse, load_target: Callable[[], object]) -> None:
        """``load_target``: loads NetBox's tables and the ledger into the database whose connection the methods take."""
        self._warehouse = warehouse
        self._load_target = load_target
        # By snapshots of NetBox, what applies wrote between them, and whether it was looked at closely: what was edited;
        # None if it may matter to every endpoint.
        self._edits: dict[tuple[Path, Path, frozenset[Written], bool], Edits | None] = {}
        # Of the endpoint that was asked for last: its words, and the folder of a diff whose kept words are still its.
        self._words: pa.Array | None = None
        self._kept: Path | None = None

    def untouched(self, con: duckdb.DuckDBPyConnection, one: Compared) -> dict[str, Any] | None:
        """The manifest of the last diff, if the source says the same since, and NetBox does or was edited only elsewhere:
        then no table has to be made.

        The last diff must have been carried over itself: its desired tables, which may hold what an earlier one
        remembered, were the same when they were made again.
        """
        last, pair = self._last(one.endpoint.name), one.pair
        if last is None or not last.get("repeatable") or last["source_complete"] != pair.source["complete"]:
            return None
        elsewhere = {name: found for name, found in last["inputs"].items() if name not in one.inputs}
        if not _has_inputs(last, one.inputs | elsewhere) or any(elsewhere.values()):
            return None
        before, self._kept = pair.source_path.parent / last["source_snapshot"], self._folder(last)

        def same() -> bool:
            return (
                has_desired(self._folder(last))
                and self._edited_since(con, last, one) is not None
                and says_the_same(con, one.endpoint, before, pair.source_path, str(pair.source["started"]))
                and self._is_same_netbox(con, last, one)
            )

        return last if _undamaged(same) else None

    def still_holds(self, con: duckdb.DuckDBPyConnection, one: Compared) -> dict[str, Any] | None:
        """The manifest of the last diff, if it has the same inputs and can be read. The desired tables are made."""
        last = self._last(one.endpoint.name)
        if last is None or not _has_inputs(last, one.inputs):
            return None

        def same() -> bool:
            return (
                self._edited_since(con, last, one) is not None
                and same_desired(con, self._folder(last))
                and self._is_same_netbox(con, last, one)
            )

        return last if _undamaged(same) else None

    def keep(self, stage: Path) -> None:
        """Keep what was found out about the last diff with the one that carries it over."""
        if self._kept is not None:
            carry_words(self._kept, stage)
        elif self._words is not None:
            keep_words(stage, self._words)

    def _folder(self, last: dict[str, Any]) -> Path:
        return self._warehouse.diffs(last["endpoint"]) / last["diff_id"]

    def _last(self, endpoint: str) -> dict[str, Any] | None:
        self._words = self._kept = None
        try:
            last = self._warehouse.manifest(self._warehouse.diffs(endpoint))
        except WarehouseError:
            return None
        # One of an older version does not say what it read.
        return None if last.get("waits_for_netbox") or READ not in last else last

    def _edited_since(
        self, con: duckdb.DuckDBPyConnection, last: dict[str, Any], one: Compared
    ) -> Edits | None:
        """What was edited in NetBox since the last diff, and what applies of others wrote; None where all of it may
        matter."""
        target = one.pair.target_path
        before = target.parent / last["target_snapshot"]
        closely = one.is_small and not one.looked_elsewhere and _is_recent(last)
        written = self._written_since(last, one)
        if written is None:
            return None
        asked = before, target, written, closely
        if asked not in self._edits:
            self._edits[asked] = edits_between(con, before, target, written, closely=closely)
        found = self._edits[asked]
        return None if found is not None and found.tables & set(last[READ]) else found

    def _written_since(self, last: dict[str, Any], one: Compared) -> frozenset[Written] | None:
        if last["inputs"][LEDGER_OF_OTHERS] == one.inputs[LEDGER_OF_OTHERS]:
            return frozenset()
        return written_since(self._warehouse, self._folder(last), one.ledger, one.own)

    def _is_same_netbox(self, con: duckdb.DuckDBPyConnection, last: dict[str, Any], one: Compared) -> bool:
        """Whether NetBox says the same of the endpoint."""
        edits = self._edited_since(con, last, one)
        if edits is None or edits.are_elsewhere:
            return edits is not None
        words = None if self._kept is None else kept_words(self._kept)
        if words is None:
            folders = one.pair.source_path, self._folder(last)
            self._load_target()
            words = self._words = words_of(con, one.endpoint.kind, folders, one.settings, one.answers)
            self._kept = None
        return not concerns(edits, words, one.settings)


def _has_inputs(last: dict[str, Any], inputs: Inputs) -> bool:
    """Whether a diff had these inputs; how far others had written the ledger may differ."""
    had: Inputs = last.get("inputs") or {}
    return LEDGER_OF_OTHERS in had and {**had, LEDGER_OF_OTHERS: inputs[LEDGER_OF_OTHERS]} == inputs


def _is_recent(last: dict[str, Any]) -> bool:
    """Whether the rows of a diff were compared within the last day."""
    try:
        return timedelta(0) <= now() - datetime.fromisoformat(last["compared"]) <= _LONGEST
    except (KeyError, ValueError):
        return False


def _undamaged(same: Callable[[], bool]) -> bool:
    """What ``same`` answers; False if a file of the last diff or of a snapshot is damaged: everything is compared again."""
    try:
        return same()
    except reading_errors() as error:
        if storage_sentence(error) is not None:
            raise
        return False
