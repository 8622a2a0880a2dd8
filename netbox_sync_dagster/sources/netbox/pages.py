"""Reading a table page by page in the order of its ids, which neither loses nor repeats rows.

A page is "objects with an id from ``start`` on". Rows that others delete or add meanwhile do not shift the
pages, so every object that exists throughout is read exactly once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.apart import ApartColumns, NotApart, apart_query, fill_in
from netbox_sync_dagster.sources.netbox.changelog import ReadWhole
from netbox_sync_dagster.sources.netbox.client import (
    GRAPHQL_SINCE,
    START_SINCE,
    WHO,
    GraphQLFailure,
    NetBox,
)
from netbox_sync_dagster.sources.netbox.listings import COUNTS, absent_fields
from netbox_sync_dagster.sources.netbox.queries import Source, graphql_list

Row = dict[str, Any]
# Ids per request when single objects are read again; keeps the URL short.
_AGAIN = 50
_NESTED = ("tags", "tagged_vlans", "terminations", "module_bay_types")


_DATES = {"id", "last_updated"}
# Ids per request when many are read again; GraphQL takes them in the body.
_IDS = {True: 1000, False: 200}


@dataclass(frozen=True)
class Where:
    """Which objects of a table are wanted, in GraphQL's and in REST's words. ``dates``: only id and last_updated."""

    graphql: str
    rest: dict[str, Any]
    dates: bool = False


def dates_since(moment: datetime) -> Where:
    """The dates of the objects whose ``last_updated`` is not older."""
    text = moment.isoformat()
    return Where(f'last_updated: {{gte: "{text}"}}', {"last_updated__gte": text}, dates=True)


def ids_in(ids: Collection[int], *, by_graphql: bool) -> Iterator[Where]:
    """Objects with these ids, in as many parts as their requests need."""
    ordered, most = sorted(ids), _IDS[by_graphql]
    for first in range(0, len(ordered), most):
        part = ordered[first : first + most]
        yield Where(f"id: {{in_list: {part}}}", {"id": part})


class PageSize:
    """How many rows this server is known to put into a page; its MAX_PAGE_SIZE may be below ``limit``.

    GraphQL does not say whether there is more, so a page is the last one only if it is shorter than a page
    that this server was seen to give.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._lock = Lock()

    def note(self, rows: int) -> None:
        """A page (or a list inside an object) with that many rows came."""
        with self._lock:
            self._seen = max(self._seen, rows)

    def whole(self, rows: int, limit: int) -> bool:
        """Whether a page of ``limit`` that came with ``rows`` rows was not cut off."""
        with self._lock:
            return rows == 0 or (rows < limit and rows < self._seen)


class Pages:
    """Reads pages of tables from one NetBox, by GraphQL or REST.

    ``graphql_tables``: tables whose every reference the token sees. ``notes`` says why a table fell back.
    """

    def __init__(self, netbox: NetBox, graphql_tables: Collection[str]) -> None:
        self.netbox = netbox
        self.size = PageSize()
        self.limit = netbox.target.page_size
        self.absent = absent_fields(netbox.version)
        self.apart = ApartColumns()
        self.notes: dict[str, str] = {}
        self._graphql = set(graphql_tables) if netbox.version >= GRAPHQL_SINCE else set()

    def by_graphql(self, source: Source) -> bool:
        """Whether this table is asked for by GraphQL."""
        return source.listing is not None and source.table in self._graphql

    def learn_page_size(self) -> None:
        """``GET /api/core/object-types/``, a list of more than a hundred rows on every NetBox."""
        if not self._graphql:
            return
        try:
            rows, _ = self.netbox.page("core/object-types", {"limit": self.limit, "fields": "id"})
        except ServerError as error:
            if error.retryable or error.status is None:
                raise
            # Only knowledge that spares a request here and there.
            return
        self.size.note(len(rows))

    def select(self, source: Source, where: Where, start: int | None = 1) -> Iterator[list[Row]]:
        """Pages of the objects that are wanted, with an id from ``start`` on. Raises ServerError."""
        while start is not None:
            rows, start = self.page(source, start, None, where)
            yield rows

    def select_each(self, sources: list[Source], where: Where) -> Iterator[tuple[Source, list[Row]]]:
        """The same of several tables; the first pages that GraphQL can give come in one request. Raises ServerError."""
        together = [source for source in sources if self.by_graphql(source)]
        answers = self.group(together, where) if together else {}
        for source in sources:
            rows, start = answers.get(source.table, ([], 1))
            yield source, rows
            for more in self.select(source, where, start):
                yield source, more

    def page(
        self, source: Source, start: int, before: int | None, where: Where | None = None
    ) -> tuple[list[Row], int | None]:
        """(objects, where the next page starts); None after the last. ``start`` <= id < ``before``.

        Raises ServerError; its ``status`` is 403 where the token may not read this type. With ``where``, ReadWhole if
        GraphQL fails.
        """
        if self.by_graphql(source):
            try:
                rows, unusual = self._apart(source, start, before) if where is None else ([], ())
                rows = rows or self._inline(source, start, before, where)
            except GraphQLFailure as failure:
                self._give_up_graphql(source, failure)
                if where is not None:
                    # As many ids as GraphQL takes are too long for a URL.
                    raise ReadWhole(f"{source.table}: GraphQL failed: {failure}") from None
            else:
                return self._taken(source, rows, start, before, unusual)
        names = [source.fields(self._absent(source, where))]
        names += [count.field for count in COUNTS.get(source.table, ())] if where is None else []
        params: dict[str, Any] = {"limit": self.limit, "fields": ",".join(names)}
        if self.netbox.version >= START_SINCE:
            params["start"] = start
        else:
            params |= {"id__gte": start, "ordering": "id"}
        if before is not None:
            params["id__lt"] = before
        params |= where.rest if where is not None else {}
        rows, more = self.netbox.page(source.path, params)
        self.size.note(len(rows))
        following = _last_id(source, rows, start, before) + 1
        return self._dated(source, rows), following if more and rows and following != before else None

    def group(
        self, sources: list[Source], where: Where | None = None
    ) -> dict[str, tuple[list[Row], int | None]]:
        """The first page of several tables in one GraphQL request. Empty where GraphQL cannot."""
        condition = where.graphql if where is not None else ""
        lists = (
            graphql_list(source, 1, None, self.limit, self._absent(source, where), condition)
            for source in sources
        )
        try:
            answer = self.netbox.graphql(
                "{ " + " ".join(lists) + " }", *(source.listing or "" for source in sources)
            )
        except GraphQLFailure:
            # One table's trouble must not decide for the others: each is asked alone.
            return {}
        for source in sources:
            self.size.note(len(answer[source.listing or ""]))
            if where is None:
                self.apart.learn(source, answer[source.listing or ""])
        return {
            source.table: self._taken(source, answer[source.listing or ""], 1, None) for source in sources
        }

    def _absent(self, source: Source, where: Where | None) -> set[str]:
        """The columns that are not asked for."""
        return self.absent | ({*source.columns} - _DATES if where is not None and where.dates else set())

    def _inline(
        self, source: Source, start: int, before: int | None, where: Where | None = None
    ) -> list[Row]:
        """A page by GraphQL, with all columns."""
        condition = where.graphql if where is not None else ""
        query = graphql_list(source, start, before, self.limit, self._absent(source, where), condition)
        listing = source.listing or ""
        rows = self.netbox.graphql(f"{{ {query} }}", listing)[listing]
        if where is None:
            self.apart.learn(source, rows)
        return rows

    def _apart(self, source: Source, start: int, before: int | None) -> tuple[list[Row], Collection[int]]:
        """A page by GraphQL, with tags and tagged VLANs read apart, and the ids whose tags are still missing.

        No rows if the page must be read with all columns.
        """
        columns = self.apart.columns(source)
        if not columns:
            return [], ()
        listing = source.listing or ""
        query = graphql_list(source, start, before, self.limit, {*self.absent, *columns})
        rows = self.netbox.graphql(f"{{ {query} }}", listing)[listing]
        if not rows:
            return [], ()
        end = _last_id(source, rows, start, before) + 1
        self.size.note(len(rows))
        tags = self.apart.usual_tags(source)
        lists = apart_query(source, tags, int(rows[0]["id"]), end, self.limit)
        text = " ".join(f"{alias}: {one}" for alias, one in lists.items())
        try:
            answer = self.netbox.graphql(f"{{ {text} }}", *lists)
            unusual = fill_in(rows, tags, answer, lambda number: self.size.whole(number, self.limit))
        except (GraphQLFailure, NotApart):
            self.apart.give_up(source)
            return [], ()
        return rows, unusual

    def _give_up_graphql(self, source: Source, failure: GraphQLFailure) -> None:
        """Read this table by REST from now on."""
        self._graphql.discard(source.table)
        self.notes[source.table] = str(failure)

    def _taken(
        self,
        source: Source,
        rows: list[Row],
        start: int,
        before: int | None,
        unusual: Collection[int] = (),
    ) -> tuple[list[Row], int | None]:
        """Judge a GraphQL page: in order, complete, and whether another follows. ``unusual`` rows are read again."""
        following = _last_id(source, rows, start, before) + 1
        last = following == before or self.size.whole(len(rows), self.limit)
        self.size.note(len(rows))
        cut = {*unusual, *(int(row["id"]) for row in rows if self._may_be_cut(row))}
        if cut:
            rows = [row for row in rows if int(row["id"]) not in cut] + self._again(source, sorted(cut))
        return self._dated(source, rows), None if last else following

    def _dated(self, source: Source, rows: list[Row]) -> list[Row]:
        """Objects without ``last_updated`` get ``created`` in its place, of which NetBox makes their ETag then.

        A merge of the netbox-branching plugin leaves such objects behind.
        """
        undated = {int(row["id"]): row for row in rows if row["last_updated"] is None}
        for first in range(0, len(undated), _AGAIN):
            part = list(undated)[first : first + _AGAIN]
            params = {"id": part, "limit": len(part), "fields": "id,created"}
            for found in self.netbox.page(source.path, params)[0]:
                if int(found["id"]) in undated:
                    undated[int(found["id"])]["last_updated"] = found.get("created")
        return rows

    def _may_be_cut(self, row: Row) -> bool:
        # Lists inside an object are cut at the server's MAX_PAGE_SIZE too.
        return any(not self.size.whole(len(row[name]), self.limit) for name in _NESTED if row.get(name))

    def _again(self, source: Source, ids: list[int]) -> list[Row]:
        """These objects by REST, which shows their lists whole; those deleted meanwhile are missing."""
        found: list[Row] = []
        for first in range(0, len(ids), _AGAIN):
            part = ids[first : first + _AGAIN]
            params = {"id": part, "limit": len(part), "fields": source.fields(self.absent)}
            rows, _ = self.netbox.page(source.path, params)
            found += (row for row in rows if int(row["id"]) in part)
        return found

    def highest_id(self, source: Source) -> int:
        """The highest id of a table, 0 where it is empty."""
        rows, _ = self.netbox.page(source.path, {"ordering": "-id", "limit": 1, "fields": "id"})
        return int(rows[0]["id"]) if rows else 0


def _last_id(source: Source, rows: list[Row], start: int, before: int | None) -> int:
    """The last id of a page. Raises ServerError where the server did not page by id as asked."""
    last = start - 1
    for row in rows:
        number = int(row["id"])
        if number <= last or (before is not None and number >= before):
            raise ServerError(
                WHO,
                f"/api/{source.path}/ was not paged by id as asked (id {number} after {last});"
                " something between here and NetBox changes the requests",
            )
        last = number
    return last
