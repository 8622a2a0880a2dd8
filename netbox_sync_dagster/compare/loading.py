"""What the comparisons of one process have loaded: NetBox's tables and the ledger once for all endpoints, then the tables
and the settings of one endpoint after the other.

Nothing is loaded before it is asked for: of most endpoints nothing has changed, which their files alone show.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.answers import create_answers
from netbox_sync_dagster.compare.config_tables import add_id_field_facts, create_settings, settings_of
from netbox_sync_dagster.compare.database import Database, attach_ledger, rows_of
from netbox_sync_dagster.compare.last_diff import Compared, Pair
from netbox_sync_dagster.compare.ledger_state import LedgerState, ledger_state
from netbox_sync_dagster.compare.matching import CompareError
from netbox_sync_dagster.compare.reuse import inputs_of
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.ledger import prepare_ledger
from netbox_sync_dagster.storage.resolutions import valid_resolutions, words_of

if TYPE_CHECKING:
    import duckdb

# With fewer rows on both sides together, a second thread costs more than it helps.
_FEW_ROWS = 100_000


class Loader:
    """The database of the comparisons, and what of it is there. Not thread-safe; ``close`` frees it."""

    def __init__(self, warehouse: Warehouse, config: Config) -> None:
        self._warehouse = warehouse
        self._config = config
        self._database: Database | None = None
        # NetBox's snapshot and the ledger for which the database was opened, and its number of NetBox rows.
        self._target = Path()
        self._ledger: LedgerState = {}
        self._target_rows = 0
        self._has_target = False
        # Whether both sides have few rows.
        self.few = True
        # Whether the database has only tables of NetBox and of the ledger, and few rows.
        self._reusable = False

    def close(self) -> None:
        """Free the database's memory; the next comparison opens another one."""
        if self._database is not None and self._reusable:
            self._database.release()
        elif self._database is not None:
            self._database.close()
        self._database = None
        self._reusable = self._has_target = False

    def open(self, endpoint: Endpoint, pair: Pair) -> Compared:
        """What is compared, with the database; NetBox and the endpoint are not loaded yet.

        Raises CompareError where the snapshot does not say whose ids it has.
        """
        warehouse, kind = self._warehouse, source_of(endpoint.kind)
        peers = kind.peers(warehouse, self._config, endpoint)
        database = self._open(pair.target_path)
        self._reusable = False
        rows = rows_of(endpoint.kind, pair.source_path)
        self.few = rows + self._target_rows <= _FEW_ROWS
        database.con.execute("SET threads = 1" if self.few else "RESET threads")
        answers = valid_resolutions(warehouse, endpoint.name)
        scope = _id_scope(pair.source_path, endpoint)
        settings = settings_of(self._config, endpoint, scope, peers, words_of(answers))
        own = frozenset([endpoint.name, *peers])
        inputs = inputs_of(
            settings,
            answers,
            pair.source.get("only"),
            self._config.netbox.base_url,
            ledger=self._ledger,
            own=own,
        )
        return Compared(
            endpoint, pair, settings, answers, inputs, self._ledger, own, is_small=rows <= _FEW_ROWS
        )

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The opened database's connection, which has the macros at least."""
        assert self._database is not None
        return self._database.con

    def load_target(self) -> Database:
        """The opened database with NetBox's tables and the ledger."""
        assert self._database is not None
        if not self._has_target:
            # Of a first try that failed.
            self._database.con.execute(
                "DROP SCHEMA IF EXISTS netbox CASCADE; DROP SCHEMA IF EXISTS ledger CASCADE"
            )
            self._database.attach("netbox", self._target)
            attach_ledger(
                self._database.con, self._warehouse, self._config.netbox.base_url, self._target.name
            )
            self._has_target = True
        return self._database

    def load(self, one: Compared) -> Database:
        """The database with all that is compared."""
        database, kind = self.load_target(), source_of(one.endpoint.kind)
        con = database.con
        database.attach(one.endpoint.kind, one.pair.source_path)
        kind.prepare(con, one.endpoint)
        create_settings(con, one.settings, one.pair.source["started"])
        create_answers(con, one.answers)
        add_id_field_facts(con)
        return database

    def unload(self, endpoint: Endpoint) -> None:
        """Drop the endpoint's tables and all that was made of them."""
        assert self._database is not None
        for schema in (endpoint.kind, "config", "desired", "match", "diff"):
            self._database.con.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        self._reusable = self.few

    def _open(self, target: Path) -> Database:
        """The database with the macros; a new one if NetBox's snapshot or the ledger has changed."""
        prepare_ledger(self._warehouse)
        ledger = ledger_state(self._warehouse)
        kept = self._database if (self._target, self._ledger) == (target, ledger) else None
        if kept is not None and not (self._reusable and kept.is_worn):
            return kept
        self.close()
        self._database = Database(self._warehouse.home / "tmp")
        self._target, self._ledger = target, ledger
        self._target_rows = rows_of("netbox", target)
        return self._database


def _id_scope(snapshot: Path, endpoint: Endpoint) -> str:
    """Under which name ids stand in id custom fields."""
    name = source_of(endpoint.kind).id_scope(snapshot, endpoint)
    if name is None:
        raise CompareError(
            f"the snapshot of '{endpoint.name}' names no cluster; run: netbox-sync sync {endpoint.name}"
        )
    return name
