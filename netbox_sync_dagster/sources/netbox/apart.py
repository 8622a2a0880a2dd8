"""Tags and tagged VLANs of a page of objects, read apart from the other columns.

Inside a list of interfaces they are two thirds of NetBox's CPU time: it makes an object of every tag of every row. The
ids of the objects with a certain tag are cheap. So from a table's second page on, the rows are read without both, and
then, in one GraphQL request with aliases, the ids with each of the table's usual tags, the ids with any other tag, and
the tagged VLANs of the objects that have any. Objects with an unusual tag are read again completely.

The rows come first. If somebody changes an object in between, its ``last_updated`` is older than its tags, and a write
that relies on it is refused as stale; never the other way round.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from threading import Lock
from typing import Any

from netbox_sync_dagster.sources.netbox.queries import Source

Row = dict[str, Any]
# NetBox accepts ten aliases per query; one is for the other tags, one for VLANs.
_USUAL_TAGS = 7
# A tag that fewer rows have costs less as an unusual one.
_USUAL_SHARE = 0.05
# With more objects to read again, the page is read with its tags instead.
_UNUSUAL_SHARE = 0.1
# After this many pages that had to be read with their tags, the rest of the table is.
_MOST_TRIES = 3
_OTHER, _VLANS = "other_tags", "vlans"


class NotApart(Exception):
    """The page must be read with its tags and tagged VLANs."""


class ApartColumns:
    """Which tables are read without tags and tagged VLANs, and with which requests those follow. Thread-safe."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._rows: Counter[str] = Counter()
        self._given_up: Counter[str] = Counter()
        self._lock = Lock()

    def learn(self, source: Source, rows: list[Row]) -> None:
        """Note the tags of a page that was read with them."""
        if "tags" not in source.columns:
            return
        slugs = Counter(tag["slug"] for row in rows for tag in row["tags"])
        with self._lock:
            self._counts.setdefault(source.table, Counter()).update(slugs)
            self._rows[source.table] += len(rows)

    def give_up(self, source: Source) -> None:
        """A page had to be read with its tags."""
        with self._lock:
            self._given_up[source.table] += 1

    def columns(self, source: Source) -> frozenset[str]:
        """The columns to read apart; none if this table's tags are not known yet, or too many."""
        with self._lock:
            if source.table not in self._counts or self._given_up[source.table] >= _MOST_TRIES:
                return frozenset()
        return frozenset({"tags", "tagged_vlan_ids"} & set(source.columns))

    def usual_tags(self, source: Source) -> list[str]:
        """The tags that are asked for one by one, most frequent first."""
        with self._lock:
            least = self._rows[source.table] * _USUAL_SHARE
            common = self._counts[source.table].most_common(_USUAL_TAGS)
        return [slug for slug, count in common if count >= least]


def apart_query(source: Source, tags: list[str], start: int, before: int, limit: int) -> dict[str, str]:
    """Alias -> list of a GraphQL query, for the objects with ``start`` <= id < ``before``."""

    def listing(condition: str, selection: str = "id") -> str:
        page = f"pagination: {{start: {start}, limit: {limit}}}"
        bounds = f"filters: {{DISTINCT: true, id: {{lt: {before}}}, {condition}}}"
        return f"{source.listing}({page}, {bounds}) {{ {selection} }}"

    # NOT would mean objects with none of these tags. Slugs have no characters with a meaning in regular expressions.
    unusual = json.dumps(f"^(?!({'|'.join(tags)})$)")
    other = f"slug: {{regex: {unusual}}}" if tags else "id: {is_null: false}"
    lists = {
        **{
            f"tag{number}": listing(f"tags: {{slug: {{exact: {json.dumps(slug)}}}}}")
            for number, slug in enumerate(tags)
        },
        _OTHER: listing(f"tags: {{{other}}}"),
    }
    if "tagged_vlan_ids" in source.columns:
        lists[_VLANS] = listing("tagged_vlans: {id: {is_null: false}}", "id tagged_vlans { id }")
    return lists


def fill_in(
    rows: list[Row], tags: list[str], answer: dict[str, list[Row]], whole: Callable[[int], bool]
) -> Collection[int]:
    """Give the rows their tags and tagged VLANs; returns the ids of those with an unusual tag, which lack it.

    ``whole``: whether a list of that many rows was not cut off. Raises NotApart.
    """
    last = int(rows[-1]["id"])
    for found in answer.values():
        # Lists are in the order of ids, so a list that reaches the last row has all of them.
        if found and int(found[-1]["id"]) < last and not whole(len(found)):
            raise NotApart
    unusual = {int(row["id"]) for row in answer[_OTHER]} & {int(row["id"]) for row in rows}
    if len(unusual) > len(rows) * _UNUSUAL_SHARE:
        raise NotApart
    by_tag = [(slug, {int(row["id"]) for row in answer[f"tag{number}"]}) for number, slug in enumerate(tags)]
    vlans = {int(row["id"]): row["tagged_vlans"] for row in answer.get(_VLANS, ())}
    for row in rows:
        number = int(row["id"])
        row["tags"] = [{"slug": slug} for slug, ids in by_tag if number in ids]
        if _VLANS in answer:
            row["tagged_vlans"] = vlans.get(number, [])
    return unusual
