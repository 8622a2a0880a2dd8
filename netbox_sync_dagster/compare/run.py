"""Runs the comparison of one endpoint: snapshots in, one diff per resource out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from netbox_sync_dagster.compare.answers import lapsed_of
from netbox_sync_dagster.compare.attempts import recorded
from netbox_sync_dagster.compare.causes import sentence_of
from netbox_sync_dagster.compare.database import Database
from netbox_sync_dagster.compare.dependencies import Only, finish, settle
from netbox_sync_dagster.compare.desired import can_have_rows, keep_desired, make_desired
from netbox_sync_dagster.compare.first_diffs import until_whole
from netbox_sync_dagster.compare.gates import another_netbox, gates, written_twice
from netbox_sync_dagster.compare.graph import conditions
from netbox_sync_dagster.compare.last_diff import READ, Compared, LastDiffs, Pair
from netbox_sync_dagster.compare.ledger_state import keep_state
from netbox_sync_dagster.compare.loading import Loader
from netbox_sync_dagster.compare.matching import block_written_since, match_and_diff
from netbox_sync_dagster.compare.netbox_reads import noting_reads
from netbox_sync_dagster.compare.one_object import shows_only
from netbox_sync_dagster.compare.reuse import Inputs, carry_over
from netbox_sync_dagster.compare.rules import RuleSet
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.rules import rules_of
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.damage import damage_named
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.store import CurrentSync
from netbox_sync_dagster.storage.versions import versions

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")

_RECORDS = "plan/existing_records.sql"


def compare(
    warehouse: Warehouse,
    config: Config,
    endpoint: Endpoint,
    *,
    progress: Callable[[str], None] | None = None,
    sync: CurrentSync | None = None,
) -> dict[str, Any]:
    """Compare one endpoint: ``Comparer.compare`` on its own."""
    with Comparer(warehouse, config) as comparer:
        return comparer.compare(endpoint, progress=progress, sync=sync)


class Comparer:
    """Compares endpoints one after the other: NetBox's tables and the ledger are read once for all of them.

    Not thread-safe. Close it, or use it in a ``with``.
    """

    def __init__(self, warehouse: Warehouse, config: Config) -> None:
        self._warehouse = warehouse
        self._config = config
        self._loader = Loader(warehouse, config)
        self._last_diffs = LastDiffs(warehouse, self._loader.load_target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the database's memory; the next comparison opens another one."""
        self._loader.close()

    def compare(
        self,
        endpoint: Endpoint,
        *,
        progress: Callable[[str], None] | None = None,
        sync: CurrentSync | None = None,
    ) -> dict[str, Any]:
        """Compare the current snapshots of ``endpoint`` and of NetBox; the diff becomes current at once.

        If only one object was read, the diff contains its rows and their dependencies. If no input of a diff
        has changed since the last one, its tables are carried over. ``sync`` is recorded in the attempt, and may
        ask for the rest of the endpoint too (``CurrentSync.shows_rest``).

        Returns the diff's manifest: diff_id, source_snapshot, target_snapshot, only (the source's id of the only
        object compared), shows_only (what the diff shows then, in a sentence), counts ({resource: {action: n}}), existing ({resource: matched NetBox objects}), gates (sentences
        that block approval), inputs (hashes), netbox_tables (those of NetBox that it depends on), carried_over_from (the last diff's id, or None), earlier (the id of the diff
        before), run (of Dagster), finished. Raises WarehouseError if a snapshot is missing, CompareError if another
        endpoint has a cluster of the same name that may be a different one.
        """
        with recorded(self._warehouse.during(sync or CurrentSync()), endpoint) as result:
            manifest = self._compare(endpoint, progress or (lambda _: None), sync)
            result["diff_id"] = manifest["diff_id"]
        return manifest

    @contextmanager
    def explored(
        self, endpoint: Endpoint, rules: RuleSet | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """The database of a comparison after its last stage, with the schemas ``config``, ``desired``, ``match`` and
        ``diff`` beside the snapshots; nothing is published. Its function ``sentence`` reads causes. ``rules``: instead
        of those of the endpoint.

        Raises what ``compare`` raises.
        """
        pair = self._snapshots(endpoint)
        with damage_named([pair.source_path, pair.target_path]), tempfile.TemporaryDirectory() as folder:
            database = self._load(endpoint, pair, Path(folder), lambda _: None, rules)
            match_and_diff(database, lambda _: None, all_tables=True)
            block_written_since(database)
            settle(database.con, _only(endpoint, pair.source))
            database.con.create_function("sentence", sentence_of, ["VARCHAR"], "VARCHAR")
            yield database.con
            self.close()

    @contextmanager
    def before_rules(self, endpoint: Endpoint) -> Iterator[duckdb.DuckDBPyConnection]:
        """The database of a comparison with the desired tables as the user's rules see them.

        Raises what ``compare`` raises, except RuleError.
        """
        pair = self._snapshots(endpoint)
        with damage_named([pair.source_path, pair.target_path]), tempfile.TemporaryDirectory() as folder:
            database = self._load(endpoint, pair, Path(folder), lambda _: None, RuleSet())
            yield database.con
            self.close()

    def _snapshots(self, endpoint: Endpoint, sync: CurrentSync | None = None) -> Pair:
        """The current snapshots; ``only`` of the source's manifest is what the diff shows."""
        warehouse = self._warehouse
        source_folder = warehouse.snapshots(endpoint.kind, endpoint.name)
        target_folder = warehouse.snapshots("netbox", "netbox")
        source, target = warehouse.manifest(source_folder), warehouse.manifest(target_folder)
        source = {**source, "only": self._shown(endpoint.name, source, sync)}
        return Pair(
            source, source_folder / source["snapshot_id"], target, target_folder / target["snapshot_id"]
        )

    def _shown(self, endpoint: str, source: dict[str, Any], sync: CurrentSync | None) -> str | None:
        """The id of the only object that the diff shows; None for all of them.

        Where nothing new was read, that is what the last diff of the snapshot shows.
        """
        if sync is not None and sync.shows_rest:
            return None
        with suppress(WarehouseError):
            last = self._warehouse.manifest(self._warehouse.diffs(endpoint))
            if last.get("source_snapshot") == source["snapshot_id"]:
                only: str | None = last.get("only")
                return only
        return source.get("only")

    def _load(
        self,
        endpoint: Endpoint,
        pair: Pair,
        stage: Path,
        say: Callable[[str], None],
        rules: RuleSet | None = None,
    ) -> Database:
        """The database with snapshots, settings and desired tables. ``rules``: instead of those of the endpoint."""
        compared = self._loader.open(endpoint, pair)
        database = self._loader.load(compared)
        self._make_desired(database, compared, rules or self._rules(endpoint), stage, say)
        return database

    def _rules(self, endpoint: Endpoint) -> RuleSet:
        return RuleSet(rules_of(self._config, endpoint.name), self._config.rules.timeout)

    def _make_desired(
        self,
        database: Database,
        one: Compared,
        rules: RuleSet,
        stage: Path,
        say: Callable[[str], None],
    ) -> Inputs:
        """Make the desired tables; hashes of what the source looked at besides the snapshots."""
        endpoint = one.endpoint
        earlier, kind = _earlier_diffs(self._warehouse, endpoint), source_of(endpoint.kind)
        make_desired(database, endpoint, None if self._loader.few else stage, say, earlier, rules=rules)
        peers = sorted(one.own - {endpoint.name})
        return kind.gather(database, self._warehouse, self._config, endpoint, peers)

    def _compare(
        self, endpoint: Endpoint, say: Callable[[str], None], sync: CurrentSync | None
    ) -> dict[str, Any]:
        warehouse = self._warehouse
        pair = self._snapshots(endpoint, sync)
        source, target = pair.source, pair.target
        with (
            damage_named([pair.source_path, pair.target_path]),
            warehouse.publish(warehouse.diffs(endpoint.name), warehouse.keep_diffs) as (diff_id, stage),
            noting_reads() as read,
        ):
            try:
                rules = self._rules(endpoint)
                compared = self._loader.open(endpoint, pair)
                inputs, lasts = compared.inputs, self._last_diffs
                earlier = _earlier_diffs(warehouse, endpoint)
                diffs = warehouse.diffs(endpoint.name)

                def carried(last: dict[str, Any] | None) -> dict[str, Any] | None:
                    # None if one of its files is damaged.
                    good = last is not None and carry_over(diffs / last["diff_id"], stage, diff_id)
                    return last if good else None

                last = None if rules.rules else carried(lasts.untouched(self._loader.con, compared))
                if last is not None:
                    inputs = last["inputs"] | inputs
                else:
                    database = self._loader.load(compared)
                    gathered = self._make_desired(database, compared, rules, stage, say)
                    inputs = inputs | gathered
                    compared = replace(
                        compared, inputs=inputs, looked_elsewhere=bool(rules.rules) or any(gathered.values())
                    )
                    last = carried(lasts.still_holds(database.con, compared))
                if last is not None:
                    say(f"nothing has changed since the diff {last['diff_id']}: carried over")
                    counts, existing, twice = last["counts"], last["existing"], last["written_twice"]
                    lapsed, waits = last["lapsed"], False
                    lasts.keep(stage)
                else:
                    con = database.con
                    database.uses += 1
                    match_and_diff(database, say)
                    waits = block_written_since(database)
                    say("change ids")
                    counts = finish(
                        con,
                        stage,
                        endpoint.name,
                        diff_id,
                        only=_only(endpoint, source),
                        earlier=until_whole(earlier),
                    )
                    keep_desired(con, endpoint.name, stage)
                    existing, twice = existing_objects(database), written_twice(con)
                    lapsed = lapsed_of(con)
                manifest = {
                    "diff_id": diff_id,
                    "endpoint": endpoint.name,
                    "kind": endpoint.kind,
                    "source_snapshot": source["snapshot_id"],
                    "source_complete": source["complete"],
                    "target_snapshot": target["snapshot_id"],
                    "netbox_url": self._config.netbox.base_url,
                    "netbox_urls": self._config.netbox.known_urls,
                    "only": source.get("only"),
                    "shows_only": shows_only(endpoint.name, endpoint.kind, source, stage),
                    "counts": counts,
                    "existing": existing,
                    "gates": [
                        *gates(source, target),
                        *another_netbox(warehouse, self._config.netbox),
                        *twice,
                    ],
                    "written_twice": twice,
                    "lapsed": lapsed,
                    # Whether rows wait for the next reading of NetBox, although nothing else may change until then.
                    "waits_for_netbox": waits,
                    "inputs": inputs,
                    # Edits of other tables of NetBox do not matter to it.
                    READ: last[READ] if last is not None else sorted(read),
                    "carried_over_from": last["diff_id"] if last is not None else None,
                    # Whether its desired tables follow from the source alone: made again, they were the same.
                    "repeatable": last is not None and not rules.rules,
                    # When its rows were compared, and not carried over.
                    "compared": now().isoformat() if last is None else last.get("compared"),
                    "earlier": earlier[0].name if earlier else None,
                    # The Dagster run that made it, which has reported it there; empty for the command line and the page.
                    "run": warehouse.run,
                    "finished": now().isoformat(),
                }
                keep_state(stage, compared.ledger)
                self._loader.unload(endpoint)
            except BaseException:
                self.close()
                raise
            write_json(stage / "manifest.json", manifest)
        return manifest


def _earlier_diffs(warehouse: Warehouse, endpoint: Endpoint) -> list[Path]:
    """The endpoint's kept diffs, from the current one to the oldest."""
    folder = warehouse.diffs(endpoint.name)
    try:
        last = warehouse.current(folder)
    except WarehouseError:
        return []
    return [last, *(folder / name for name in reversed(versions(folder)) if name < last.name)]


def _only(endpoint: Endpoint, snapshot: dict[str, Any]) -> Only | None:
    """The one object that this snapshot (its manifest) read."""
    found = snapshot.get("only")
    return None if found is None else Only(source_of(endpoint.kind).main_resource, str(found))


def existing_objects(database: Database) -> dict[str, int]:
    """{resource: matched NetBox objects}: what the limit of a plan is a share of."""
    found: dict[str, int] = dict(database.run(read_sql("plan/existing.sql")).fetchall())
    if can_have_rows(database, conditions(_RECORDS)):
        found |= dict(database.run(read_sql(_RECORDS)).fetchall())
    return found


def describe(manifest: dict[str, Any]) -> str:
    """One line: how many rows of each action."""
    totals: dict[str, int] = {}
    for actions in manifest["counts"].values():
        for action, number in actions.items():
            totals[action] = totals.get(action, 0) + number
    return json.dumps(totals, sort_keys=True) if totals else "no differences"
