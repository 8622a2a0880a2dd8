"""What a source is: one kind of server that is read and compared with NetBox.

A source is a folder with a subclass of ``Source`` and an entry point of the group ``netbox_sync_dagster.sources`` that
names an instance of it; the entry point's name is the kind. Nothing outside the folder names the kind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from netbox_sync_dagster.columns import Table
from netbox_sync_dagster.config.endpoints import BaseEndpoint
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.hooks import bears, named
from netbox_sync_dagster.sources.questions import Question

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.config import Config
    from netbox_sync_dagster.storage import Manifest, Warehouse

# (endpoint's name as NetBox's ids hold it, ...): rows for one of the tables in sql/config.sql.
Rows = Sequence[tuple[Any, ...]]
Say = Callable[[str], None]

# Fewer lost rows than this are everyday work, unless nothing is left.
MIN_LOST = 3


class IdentityError(UserError):
    """Two endpoints name one cluster and may mean two: the sentence says what to do."""


class Database(Protocol):
    """The database of a comparison: the snapshots as tables, ``desired.*`` made, nothing matched yet."""

    con: duckdb.DuckDBPyConnection

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run the statements of ``sql``; the last one's result."""
        ...


@dataclass(frozen=True)
class Counted:
    """Rows that are counted per owner.

    ``owners``: SQL for the owner of each row, over the snapshot's tables. ``all_from``: that nothing is left counts as
    a fall from this many rows on. ``min_lost``: fewer lost rows do not count, as long as any is left. ``judged``: False
    only counts. ``quiet``: a fall leaves the snapshot complete, because the number changes by nature.
    """

    table: str
    what: str
    owners: str
    all_from: int = 2
    min_lost: int = MIN_LOST
    judged: bool = True
    quiet: bool = False


class Source:
    """One kind of source. Its desired tables are the SQL files in ``sql``, in the shapes of sql/desired/tables.sql."""

    # Of endpoints, of the schema with its tables in SQL, and of its assets.
    kind: ClassVar[str]
    # As people call it: in Dagster, and in sentences ("not in Proxmox").
    title: ClassVar[str]
    name: ClassVar[str]
    endpoint: ClassVar[type[BaseEndpoint]]
    # The tables of a snapshot; ``main_table`` is the one without whose rows the server showed nothing.
    tables: ClassVar[Mapping[str, Table]]
    main_table: ClassVar[str]
    # The resources of its diffs, without what only rules set, and the one that carries the checks of a whole diff.
    resources: ClassVar[frozenset[str]]
    main_resource: ClassVar[str]
    # The custom fields that hold its ids in NetBox: that of its devices or guests among them, and of clusters, if any.
    id_fields: ClassVar[tuple[str, ...]]
    id_field: ClassVar[str]
    cluster_field: ClassVar[str | None] = None
    # What it calls a cluster, in sentences.
    cluster_word: ClassVar[str | None] = None
    # Whose rows are counted, and SQL for the owners that a snapshot lists: one that is gone takes its numbers along.
    counted: ClassVar[tuple[Counted, ...]] = ()
    owners: ClassVar[str] = "SELECT '*'"
    # Rows that refer to others: (table, column, referred table, referred column); a check finds those that lead nowhere.
    references: ClassVar[tuple[tuple[str, str, str, str], ...]] = ()
    # The scopes that reach all tables when they are incomplete.
    wide_scopes: ClassVar[tuple[str, ...]] = ("*",)
    # What one object of ``main_resource`` is called that can be read and compared alone; None where none can.
    object_word: ClassVar[str | None] = None
    # What ``netbox-sync init`` asks about an endpoint, besides its name.
    questions: ClassVar[tuple[Question, ...]] = (Question("url", "URL"),)
    # The folder of its SQL; None for sql/desired/<kind> of this product.
    sql: ClassVar[Path | None] = None

    def template(self) -> str:
        """An endpoint of this kind, commented, for ``netbox-sync init``: template.yaml beside the source's module."""
        return self._beside("template.yaml")

    def comments(self) -> str:
        """What its tables and columns hold, as COMMENT ON statements: comments.sql beside the source's module."""
        return self._beside("comments.sql")

    def examples(self) -> dict[str, Path]:
        """{name: folder} of the examples that ``netbox-sync init --example`` copies: those in examples/ beside the
        source's module."""
        folder = self._folder() / "examples"
        return {path.name: path for path in sorted(folder.iterdir())} if folder.is_dir() else {}

    def _beside(self, name: str) -> str:
        file = self._folder() / name
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _folder(self) -> Path:
        return Path(str(sys.modules[type(self).__module__].__file__)).parent

    def check(self, endpoint: Any) -> list[Check]:
        """Try address, certificate, credentials, release and rights. Raises UserError where there is no connection."""
        raise NotImplementedError

    def names(self, endpoint: Any) -> list[tuple[str, str, str]]:
        """NetBox's objects that settings of this kind alone name: (setting, section or table, name)."""
        return []

    def connects(self, endpoint: Any) -> str:
        """Ask the server one thing, for ``netbox-sync init``: a sentence about what answered. Raises UserError."""
        failed = [item for item in self.check(endpoint) if not item.ok]
        if failed:
            raise UserError(failed[0].sentence)
        return f"{self.title} answers"

    def snapshot(
        self, endpoint: Any, warehouse: Warehouse, *, say: Say, accept_shrink: bool, only: str | None
    ) -> Manifest:
        """Read the endpoint into a new snapshot of the warehouse. Raises UserError.

        ``only``: the name or the source's id of the one object to read (see ``object_word``); everything else is taken from
        the last snapshot, and the manifest's ``only`` is its id, as in ``source_id`` of the desired tables.
        """
        raise NotImplementedError

    def hook_is_genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """Whether the sender of a hook knows the endpoint's secret; names of headers in lower case.

        By default the header ``Authorization: Bearer <secret>`` proves it. Compare secrets in constant time.
        """
        return bears(headers, secret)

    def hook_objects(self, endpoint: Any, content: Mapping[str, Any]) -> list[str]:
        """The names or ids of the objects that a hook is about, as ``only`` of ``snapshot`` takes them; empty: the whole
        endpoint. ``content``: the body. Raises HookError.

        By default they are in the field that is called as ``object_word``.
        """
        return [] if self.object_word is None else named(content, self.object_word)

    def settings(self, endpoint: Any, id_scope: str) -> dict[str, Any]:
        """The columns of ``config.endpoint`` that this kind sets: those of sql/config.sql, and additional ones."""
        return {}

    def setting_rows(self, endpoint: Any) -> dict[str, Rows]:
        """Rows for the tables of sql/config.sql that only some kinds fill, by table."""
        return {}

    def page(self, endpoint: Any, resource: str, row: Mapping[str, Any]) -> str | None:
        """The path, below the endpoint's address, of the server's own page about an object; None where it has none.

        ``row``: the object's row of the desired table of ``resource``.
        """
        return None

    def peers(self, warehouse: Warehouse, config: Config, endpoint: Any) -> list[str]:
        """The other endpoints that reach the same server, by name. Raises IdentityError where that is in doubt."""
        return []

    def rivals_not(self, config: Config, endpoint: Any, peers: Sequence[str]) -> list[tuple[str, str]]:
        """(object type, endpoint) whose earlier writes are no other opinion, as an object is in one place at a time."""
        return []

    def id_scope(self, snapshot: Path, endpoint: Any) -> str | None:
        """The name under which ids stand in the id custom fields; None where the snapshot (its folder) does not say."""
        return str(endpoint.name)

    def prepare(self, con: duckdb.DuckDBPyConnection, endpoint: Any) -> None:
        """Change the loaded snapshot before it is used."""

    def gather(
        self, database: Database, warehouse: Warehouse, config: Config, endpoint: Any, peers: Sequence[str]
    ) -> dict[str, str]:
        """Fill tables of ``config`` from elsewhere (other snapshots); a hash of what was found, by its name, "" where
        nothing but the database was looked at."""
        return {}

    def counts_as(self, endpoint: Any, started: str) -> dict[str, dict[str, str]]:
        """{table: {column: SQL}} for columns that are different at every read and matter only in part: two snapshots say
        the same if the SQL gives the same. ``started``: when the newer of them was begun, in ISO 8601."""
        return {}
