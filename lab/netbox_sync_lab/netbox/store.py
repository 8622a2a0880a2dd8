"""Tables of the lab NetBox: rows by id, indexes, and one transaction at a time.

Rows are never changed in place: :meth:`Store.put` replaces a row with a new dict, so the undo log needs only
the old one. Indexes are kept for uniqueness rules, for references (who points at this object) and for generic
assignments, which makes counting, cascading and filtering by a parent independent of table size.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any

from .schema import Field, Model, Row, Unique

Key = tuple[Any, ...]


class IntegrityError(Exception):
    """A uniqueness rule broken at write time, as the database would report it (NetBox answers 500)."""


@lru_cache(maxsize=65536)
def parse_ip(value: str) -> IPv4Interface | IPv6Interface:
    """The parsed form of a stored address or prefix; cached, since the same strings are compared again and again."""
    return ip_interface(value)


_DIGITS = re.compile(r"(\d+)")


@lru_cache(maxsize=65536)
def natural(value: str) -> tuple[Any, ...]:
    """Sort key in which numbers inside a name compare as numbers and case does not matter first."""
    parts = _DIGITS.split(value.casefold())
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts if p)


_INTERFACE = re.compile(
    r"^(?P<kind>[^\d.:]+)?(?:(?P<p1>\d+)/)?(?:(?P<p2>\d+)/)?(?:(?P<p3>\d+)/)?(?:(?P<p4>\d+)/)?"
    r"(?P<number>\d+)?(?::(?P<channel>\d+))?(?:\.(?P<unit>\d+))?(?P<rest>.*)$",
    re.DOTALL,
)


@lru_cache(maxsize=65536)
def natural_interface(value: str) -> str:
    """Sort key of an interface name: slot, position and so on first, then the kind of port, then its number."""
    match = _INTERFACE.match(value)
    if match is None:  # pragma: no cover - the pattern takes every string
        return value
    out = "".join((match[p] or "9999").rjust(4, "0") for p in ("p1", "p2", "p3", "p4"))
    out += match["kind"] or ""
    out += "".join(
        match[p].rjust(6, "0") if match[p] is not None else "......" for p in ("number", "channel", "unit")
    )
    rest = "".join(p.rjust(8, "0") if p.isdigit() else p for p in _DIGITS.split(match["rest"]))
    return (out + rest)[:100]


def now() -> datetime:
    return datetime.now(UTC)


class Store:
    """All tables. Not thread-safe: the server runs requests one after another."""

    def __init__(self, models: Iterable[Model], *, enforce_global_unique: bool = True) -> None:
        self.models: dict[str, Model] = {m.label: m for m in models}
        self.tables: dict[str, dict[int, Row]] = {label: {} for label in self.models}
        self.enforce_global_unique = enforce_global_unique
        self.bulk_update_chunk_size = 5000
        self.version = 0
        self._next_id: dict[str, int] = dict.fromkeys(self.models, 1)
        self._unique: dict[tuple[str, int], dict[Key, int]] = defaultdict(dict)
        self._by_ref: dict[tuple[str, str], dict[Any, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._undo: list[tuple[str, int, Row | None]] = []
        self._sorted: dict[tuple[str, tuple[str, ...]], tuple[int, list[Row]]] = {}
        self._clock = now()
        self._refs: dict[str, list[Field]] = {
            m.label: [f for f in (*m.fields, *m.hidden) if f.kind in ("fk", "m2m")]
            for m in self.models.values()
        }
        self._generics: dict[str, list[str]] = {
            m.label: [
                f.name[:-5] for f in m.fields if f.kind == "content_type" and f"{f.name[:-5]}_id" in m.by_name
            ]
            for m in self.models.values()
        }
        self.going_with = [(m.label, name) for m in self.models.values() for name in m.goes_with]
        self.referrers: dict[str, list[tuple[Model, Field]]] = defaultdict(list)
        for m in self.models.values():
            for f in self._refs[m.label]:
                self.referrers[f.model].append((m, f))

    def twin(self) -> Store:
        """Another store with the same rows and sequences and separate indexes; ``tables`` are shared."""
        other = copy.copy(self)
        other._unique = copy.deepcopy(self._unique)
        other._by_ref = defaultdict(
            lambda: defaultdict(set),
            {
                key: defaultdict(set, {value: set(ids) for value, ids in table.items()})
                for key, table in self._by_ref.items()
            },
        )
        other._undo, other._sorted = [], {}
        return other

    # Reading

    def get(self, label: str, pk: int | None) -> Row | None:
        return self.tables[label].get(pk) if pk is not None else None

    def ref(self, label: str, pk: int) -> Row:
        """The row a stored reference points at."""
        return self.tables[label][pk]

    def rows(self, label: str) -> Iterator[Row]:
        return iter(self.tables[label].values())

    def referring(self, label: str, column: str, target: Any) -> set[int]:
        """Ids of the rows whose reference or many-to-many ``column`` holds ``target``."""
        return self._by_ref[(label, column)].get(target, set())

    def referring_rows(self, label: str, column: str, target: Any) -> list[Row]:
        table = self.tables[label]
        return [table[i] for i in sorted(self.referring(label, column, target))]

    def assigned(self, label: str, type_column: str, content_type: str, object_id: int) -> list[Row]:
        """Rows of ``label`` assigned to the object ``content_type`` / ``object_id``, lowest id first."""
        table = self.tables[label]
        return [
            table[i] for i in sorted(self.referring(label, f"{type_column}+id", (content_type, object_id)))
        ]

    def ordered(self, label: str, ordering: tuple[str, ...]) -> list[Row]:
        """All rows of a table in the given order (columns, ``-`` for descending), kept until the next write."""
        cached = self._sorted.get((label, ordering))
        if cached is not None and cached[0] == self.version:
            return cached[1]
        rows = list(self.tables[label].values())
        self.sort(label, rows, ordering)
        self._sorted[(label, ordering)] = (self.version, rows)
        return rows

    def sort(self, label: str, rows: list[Row], ordering: tuple[str, ...]) -> None:
        """Sort rows of a table in place; equal ones by id."""
        rows.sort(key=lambda r: r["id"])
        for column in reversed(ordering):
            name = column.lstrip("-")
            rows.sort(key=partial(self.sort_key, label, name), reverse=column.startswith("-"))

    def sort_key(self, label: str, column: str, row: Row) -> Any:
        """Key of one column; nulls sort last, as PostgreSQL does for ascending order."""
        if column in ("pk", "id"):
            return row["id"]
        model = self.models[label]
        if column == "_name":
            return natural_interface(row["name"])
        field = model.by_name.get(column)
        value = row.get(column)
        if value is None:
            return (1,)
        if field is not None and field.kind == "fk":
            target = self.models[field.model]
            other = self.ref(field.model, value)
            return (0, *(self.sort_key(target.label, c, other) for c in target.ordering))
        if field is not None and field.kind in ("ip", "prefix"):
            address = parse_ip(value)
            if field.kind == "ip":
                return (0, address.version, int(address.ip), address.network.prefixlen)
            return (0, address.version, int(address.network.network_address), address.network.prefixlen)
        if isinstance(value, str):
            return (0, natural(value))
        return (0, value)

    # Writing

    def begin(self) -> None:
        self._undo.clear()

    def rollback(self) -> None:
        for label, pk, old in reversed(self._undo):
            current = self.tables[label].get(pk)
            if current is not None:
                self._unindex(label, current)
                del self.tables[label][pk]
            if old is not None:
                self.tables[label][pk] = old
                self._index(label, old, check=False)
        self._undo.clear()
        self.version += 1

    def new_id(self, label: str) -> int:
        """The next id; as with a database sequence, ids used in a rolled-back transaction are not used again."""
        pk = self._next_id[label]
        self._next_id[label] = pk + 1
        return pk

    def tick(self) -> datetime:
        """The current time, never the same twice, so that every save gives another ``last_updated``."""
        stamp = now()
        if stamp <= self._clock:
            stamp = self._clock + timedelta(microseconds=1)
        self._clock = stamp
        return stamp

    def put(self, label: str, row: Row) -> None:
        """Insert or replace a row. Raises IntegrityError if it breaks a uniqueness rule."""
        pk = row["id"]
        old = self.tables[label].get(pk)
        if old is not None:
            self._unindex(label, old)
        try:
            self._index(label, row)
        except IntegrityError:
            if old is not None:
                self._index(label, old, check=False)
            raise
        self._undo.append((label, pk, old))
        self.tables[label][pk] = row
        self.version += 1

    def remove(self, label: str, pk: int) -> None:
        row = self.tables[label].pop(pk)
        self._unindex(label, row)
        self._undo.append((label, pk, row))
        self.version += 1

    # Uniqueness

    def unique_key(self, rule: Unique, row: Row) -> Key | None:
        if any(row.get(c) is not None for c in rule.when_null) or any(
            row.get(c) is None for c in rule.when_set
        ):
            return None
        key = []
        for column in rule.columns:
            value = row.get(column)
            if value is None:
                return None
            key.append(value.lower() if column in rule.lower and isinstance(value, str) else value)
        return tuple(key)

    def collision(self, model: Model, index: int, row: Row) -> int | None:
        """Id of another row with the same key under the model's ``index``-th uniqueness rule, or None."""
        key = self.unique_key(model.unique[index], row)
        if key is None:
            return None
        other = self._unique[(model.label, index)].get(key)
        return other if other is not None and other != row.get("id") else None

    # Index upkeep

    def _index(self, label: str, row: Row, check: bool = True) -> None:
        model, pk = self.models[label], row["id"]
        keys = []
        for i, rule in enumerate(model.unique):
            key = self.unique_key(rule, row)
            if key is None:
                continue
            table = self._unique[(label, i)]
            other = table.get(key)
            if check and other is not None and other != pk:
                raise IntegrityError(integrity_message(model, rule, key))
            keys.append((table, key))
        for table, key in keys:
            table[key] = pk
        for column, value in self._reference_keys(label, row):
            self._by_ref[(label, column)][value].add(pk)

    def _unindex(self, label: str, row: Row) -> None:
        model, pk = self.models[label], row["id"]
        for i, rule in enumerate(model.unique):
            key = self.unique_key(rule, row)
            if key is not None and self._unique[(label, i)].get(key) == pk:
                del self._unique[(label, i)][key]
        for column, value in self._reference_keys(label, row):
            self._by_ref[(label, column)][value].discard(pk)

    def _reference_keys(self, label: str, row: Row) -> Iterator[tuple[str, Any]]:
        for f in self._refs[label]:
            value = row.get(f.name)
            if value is None:
                continue
            if f.kind == "fk":
                yield f.name, value
            else:
                for item in value:
                    yield f.name, item
        for tag in row.get("tags", ()):
            yield "tags", tag
        for prefix in self._generics[label]:
            if row.get(f"{prefix}_type"):
                yield f"{prefix}_type+id", (row[f"{prefix}_type"], row[f"{prefix}_id"])
        if label == "ipam.ipaddress":
            yield "@host", parse_ip(row["address"]).ip
        elif label == "dcim.cable":
            for end in ("a_terminations", "b_terminations"):
                for termination in row[end]:
                    yield "@termination", termination
        for column in ("name", "slug"):
            if column in row:
                yield f"@{column}", row[column]


def integrity_message(model: Model, rule: Unique, key: Key) -> str:
    table = f"{model.app}_{model.name}"
    column = rule.columns[0] + ("_id" if model.by_name[rule.columns[0]].kind == "fk" else "")
    joined = f"{table}_{column}_key" if rule.field_level else f"{table}_unique_{'_'.join(rule.columns)}"
    name = rule.name or joined
    columns = ", ".join(
        f"lower({c}::text)" if c in rule.lower else (f"{c}_id" if model.by_name[c].kind == "fk" else c)
        for c in rule.columns
    )
    values = ", ".join(str(v) for v in key)
    return f'duplicate key value violates unique constraint "{name}"\nDETAIL:  Key ({columns})=({values}) already exists.'
