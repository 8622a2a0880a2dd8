"""Which rows of a plan a page shows: read from the address, and written into it, so that a link shows the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from netbox_sync_dagster.compare.plan import CHANGE_ACTIONS
from netbox_sync_dagster.config.resources import RESOURCES

ACTIONS = (*CHANGE_ACTIONS, "conflict", "blocked", "drifted", "acknowledged")
STATES = ("waiting", "approved", "approval expired", "rejected", "applied")
SORTS = ("resource", "key", "parent", "action", "endpoint")
PAGE_SIZE = 50
_LONGEST = 300


@dataclass(frozen=True)
class RowQuery:
    """The filters of a list; empty means any. ``parent``: a device, virtual machine or cluster. ``missing``: what a cause is
    about, as in ``diff.causes``. ``text``: in key, reason or parent. ``page`` counts from 1.

    Rows that people have acknowledged are left out unless ``action`` asks for them, and what was applied since NetBox was
    read unless ``state`` does."""

    resource: str = ""
    action: str = ""
    state: str = ""
    parent: str = ""
    cause: str = ""
    missing: str = ""
    field: str = ""
    text: str = ""
    endpoint: str = ""
    sort: str = "resource"
    page: int = 1

    @classmethod
    def read(cls, given: Mapping[str, str]) -> RowQuery:
        """From the parameters of an address; what is unknown there counts as absent."""
        known = {name: str(given.get(name, ""))[:_LONGEST] for name in cls.__dataclass_fields__}
        page = known.pop("page")
        query = cls(
            **known, page=max(int(page), 1) if page.isascii() and page.isdecimal() and len(page) < 8 else 1
        )
        return replace(
            query,
            resource=query.resource if query.resource in RESOURCES else "",
            action=query.action if query.action in ACTIONS else "",
            state=query.state if query.state in STATES else "",
            sort=query.sort if query.sort in SORTS else "resource",
        )

    def address(self, **changes: Any) -> str:
        """``?resource=...`` with these filters changed; another filter begins at page 1."""
        changed = replace(self, **({"page": 1} | changes))
        default = RowQuery()
        parts = {
            name: value
            for name in self.__dataclass_fields__
            if (value := getattr(changed, name)) != getattr(default, name)
        }
        return f"?{urlencode(parts)}" if parts else "?"

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, by name."""
        names = ("resource", "action", "state", "parent", "cause", "missing", "field", "text", "endpoint")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def conditions(self) -> tuple[str, list[Any]]:
        """(SQL over the relation ``found``, its parameters)."""
        parts: list[str] = []
        values: list[Any] = []

        def add(sql: str, *given: Any) -> None:
            parts.append(sql)
            values.extend(given)

        for name in ("resource", "action", "state", "cause", "endpoint"):
            if getattr(self, name):
                add(f"{name} = ?", getattr(self, name))
        if not self.action:
            add("action <> 'acknowledged'")
        if not self.state:
            add("state is distinct from 'applied'")
        if self.parent:
            add(
                "(parent = ? or (resource in ('devices', 'virtual_machines', 'clusters') and key = ?))",
                *(self.parent, self.parent),
            )
        if self.missing:
            add("missing = ?", self.missing)
        if self.field:
            add("list_contains(list_transform(fields, lambda f: f.field), ?)", self.field)
        if self.text:
            add("(contains(lower(concat_ws(' ', key, parent, reason)), lower(?)))", self.text)
        return " and ".join(parts) or "true", values
