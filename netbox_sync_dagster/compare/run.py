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

from netbox_sync_dagster.compare.answers import create_answers, lapsed_of
from netbox_sync_dagster.compare.attempts import recorded
from netbox_sync_dagster.compare.causes import sentence_of
from netbox_sync_dagster.compare.config_tables import add_id_field_facts, create_settings, settings_of
from netbox_sync_dagster.compare.database import Database, attach_ledger
from netbox_sync_dagster.compare.dependencies import Only, finish, settle
from netbox_sync_dagster.compare.desired import can_have_rows, keep_desired, make_desired
from netbox_sync_dagster.compare.first_diffs import until_whole
from netbox_sync_dagster.compare.gates import gates, written_twice
from netbox_sync_dagster.compare.graph import conditions
from netbox_sync_dagster.compare.last_diff import Compared, LastDiffs, Pair
from netbox_sync_dagster.compare.ledger_state import LedgerState, keep_state, ledger_state
from netbox_sync_dagster.compare.matching import CompareError, match_and_diff
from netbox_sync_dagster.compare.reuse import Inputs, carry_over, inputs_of
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
from netbox_sync_dagster.storage.ledger import prepare_ledger
from netbox_sync_dagster.storage.resolutions import valid_resolutions, words_of
from netbox_sync_dagster.storage.store import CurrentSync
from netbox_sync_dagster.storage.versions import versions

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")

_RECORDS = "plan/existing_records.sql"
# With fewer rows on both sides together, a second thread costs more than it helps.
_FEW_ROWS = 100_000


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
        self._database: Database | None = None
        # NetBox's snapshot and the ledger for which the database was opened, and its number of NetBox rows.
        self._target = ""
        self._ledger: LedgerState = {}
        self._target_rows = 0
        self._few = True
        # Whether the database has only tables of NetBox and of the ledger, and few rows.
        self._reusable = False
        self._last_diffs = LastDiffs(warehouse)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the database's memory; the next comparison opens another one."""
        if self._database is not None and self._reusable:
            self._database.release()
        elif self._database is not None:
            self._database.close()
        self._database = None
        self._reusable = False

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
        object compared), counts ({resource: {action: n}}), existing ({resource: matched NetBox objects}), gates (sentences
        that block approval), inputs (hashes), carried_over_from (the last diff's id, or None), earlier (the id of the diff
        before), run (of Dagster), finished. Raises WarehouseError if a snapshot is missing, CompareError if another
        endpoint has a cluster of the same name that may be a different one.
        """
        with recorded(self._warehouse.during(sync or CurrentSync()), endpoint) as result:
            manifest = self._compare(endpoint, progress or (lambda _: None), sync)
            result["diff_id"] = manifest["diff_id"]
        return manifest

    @contextmanager
    def explored(self, endpoint: Endpoint) -> Iterator[duckdb.DuckDBPyConnection]:
        """The database of a comparison after its last stage, with the schemas ``config``, ``desired``, ``match`` and
        ``diff`` beside the snapshots; nothing is published. Its function ``sentence`` reads causes.

        Raises what ``compare`` raises.
        """
        pair = self._snapshots(endpoint)
        with damage_named([pair.source_path, pair.target_path]), tempfile.TemporaryDirectory() as folder:
            database = self._load(endpoint, pair, Path(folder), lambda _: None)
            match_and_diff(database, lambda _: None)
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
        database, _ = self._attach(endpoint, pair)
        self._make_desired(database, endpoint, rules or self._rules(endpoint), stage, say)
        return database

    def _rules(self, endpoint: Endpoint) -> RuleSet:
        return RuleSet(rules_of(self._config, endpoint.name), self._config.rules.timeout)

    def _make_desired(
        self,
        database: Database,
        endpoint: Endpoint,
        rules: RuleSet,
        stage: Path,
        say: Callable[[str], None],
    ) -> Inputs:
        """Make the desired tables; hashes of what the source looked at besides the snapshots."""
        earlier, kind = _earlier_diffs(self._warehouse, endpoint), source_of(endpoint.kind)
        make_desired(database, endpoint, None if self._few else stage, say, earlier, rules=rules)
        peers = kind.peers(self._warehouse, self._config, endpoint)
        return kind.gather(database, self._warehouse, self._config, endpoint, peers)

    def _attach(self, endpoint: Endpoint, pair: Pair) -> tuple[Database, Compared]:
        """The database with snapshots and settings, and what is compared."""
        warehouse, kind = self._warehouse, source_of(endpoint.kind)
        peers = kind.peers(warehouse, self._config, endpoint)
        database = self._open(pair.target_path)
        self._reusable = False
        con = database.con
        rows = database.attach(endpoint.kind, pair.source_path)
        kind.prepare(con, endpoint)
        self._few = rows + self._target_rows <= _FEW_ROWS
        con.execute("SET threads = 1" if self._few else "RESET threads")
        answers = valid_resolutions(warehouse, endpoint.name)
        scope = _id_scope(con, warehouse, endpoint)
        settings = settings_of(self._config, endpoint, scope, peers, words_of(answers))
        create_settings(con, settings, pair.source["started"])
        create_answers(con, answers)
        add_id_field_facts(con)
        own = frozenset([endpoint.name, *peers])
        inputs = inputs_of(
            settings,
            answers,
            pair.source.get("only"),
            self._config.netbox.base_url,
            ledger=self._ledger,
            own=own,
        )
        return database, Compared(
            endpoint, pair, settings, answers, inputs, self._ledger, own, is_small=rows <= _FEW_ROWS
        )

    def _compare(
        self, endpoint: Endpoint, say: Callable[[str], None], sync: CurrentSync | None
    ) -> dict[str, Any]:
        warehouse = self._warehouse
        pair = self._snapshots(endpoint, sync)
        source, target = pair.source, pair.target
        with (
            damage_named([pair.source_path, pair.target_path]),
            warehouse.publish(warehouse.diffs(endpoint.name), warehouse.keep_diffs) as (diff_id, stage),
        ):
            try:
                rules = self._rules(endpoint)
                database, compared = self._attach(endpoint, pair)
                inputs = compared.inputs
                con, lasts = database.con, self._last_diffs
                earlier = _earlier_diffs(warehouse, endpoint)
                diffs = warehouse.diffs(endpoint.name)

                def carried(last: dict[str, Any] | None) -> dict[str, Any] | None:
                    # None if one of its files is damaged.
                    good = last is not None and carry_over(diffs / last["diff_id"], stage, diff_id)
                    return last if good else None

                last = None if rules.rules else carried(lasts.untouched(con, compared))
                if last is not None:
                    inputs = last["inputs"] | inputs
                else:
                    gathered = self._make_desired(database, endpoint, rules, stage, say)
                    inputs = inputs | gathered
                    compared = replace(
                        compared, inputs=inputs, looked_elsewhere=bool(rules.rules) or any(gathered.values())
                    )
                    last = carried(lasts.still_holds(con, compared))
                if last is not None:
                    say(f"nothing has changed since the diff {last['diff_id']}: carried over")
                    counts, existing, twice = last["counts"], last["existing"], last["written_twice"]
                    lapsed = last["lapsed"]
                    lasts.keep(stage)
                else:
                    database.uses += 1
                    match_and_diff(database, say)
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
                    "only": source.get("only"),
                    "counts": counts,
                    "existing": existing,
                    "gates": [*gates(source, target), *twice],
                    "written_twice": twice,
                    "lapsed": lapsed,
                    "inputs": inputs,
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
                for schema in (endpoint.kind, "config", "desired", "match", "diff"):
                    con.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
                self._reusable = self._few
            except BaseException:
                self.close()
                raise
            write_json(stage / "manifest.json", manifest)
        return manifest

    def _open(self, target: Path) -> Database:
        """The database with NetBox's tables, the ledger and the macros; a new one if these changed."""
        prepare_ledger(self._warehouse)
        ledger = ledger_state(self._warehouse)
        kept = self._database if (self._target, self._ledger) == (target.name, ledger) else None
        if kept is not None and not (self._reusable and kept.is_worn):
            return kept
        self.close()
        self._last_diffs.forget_netbox()
        self._database = Database(self._warehouse.home / "tmp")
        self._target, self._ledger = target.name, ledger
        self._target_rows = self._database.attach("netbox", target)
        attach_ledger(self._database.con, self._warehouse, self._config.netbox.base_url)
        return self._database


def _earlier_diffs(warehouse: Warehouse, endpoint: Endpoint) -> list[Path]:
    """The endpoint's kept diffs, from the current one to the oldest."""
    folder = warehouse.diffs(endpoint.name)
    try:
        last = warehouse.current(folder)
    except WarehouseError:
        return []
    return [last, *(folder / name for name in reversed(versions(folder)) if name < last.name)]


def _id_scope(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, endpoint: Endpoint) -> str:
    """Under which name ids stand in id custom fields."""
    name = source_of(endpoint.kind).id_scope(con, warehouse, endpoint)
    if name is None:
        raise CompareError(
            f"the snapshot of '{endpoint.name}' names no cluster; run: netbox-sync sync {endpoint.name}"
        )
    return name


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
