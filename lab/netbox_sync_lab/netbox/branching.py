"""The netbox-branching plugin in the lab: branches, what is written in them, and their merge.

A branch is a copy of all tables with ids from the same sequences as main's, and its own changelog, which begins
empty. Custom fields stay in main whatever the header says. Measured on NetBox 4.6.8 with the plugin's 1.1.3.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from .auth import Token
from .registry import MODELS
from .schema import Row
from .store import Store
from .wire import Answer, Request, not_found_page

PATH = "/api/plugins/branching/"
HEADER = "x-netbox-branch"
VERSION = "1.1.3"
EXEMPT = ("extras.customfield",)
# How often a new branch is looked at before it is ready.
_LOOKS = 2
_CHANGES = "core.objectchange"


@dataclass
class LabBranch:
    """One branch. ``store`` is what it holds, ``base`` main's rows when it was made; both while it is open."""

    id: int
    name: str
    schema_id: str
    description: str
    status: str
    created: str
    store: Store
    base: dict[str, dict[int, Row]]
    merged_time: str | None = None
    looks: int = 0
    # Whatever serves requests in it, made by the server.
    api: Any = field(default=None, repr=False)


class Branching:
    """Answers below ``/api/plugins/branching/`` and finds the branch that a request is made in."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.branches: dict[int, LabBranch] = {}

    def of(self, request: Request) -> LabBranch | Answer | None:
        """The branch of the request's header; None for main; an answer where it cannot be used."""
        schema_id = request.headers.get(HEADER)
        if schema_id is None or request.path == "/api/status/":
            return None
        found = [branch for branch in self.branches.values() if branch.schema_id == schema_id]
        if not found:
            return Answer(400, "Invalid branch identifier", content_type="text/html; charset=utf-8")
        if found[0].status != "ready":
            error = "'HttpResponseBadRequest' object has no attribute 'schema_name'"
            return Answer(500, {"error": error, "exception": "AttributeError"})
        return found[0]

    def answer(self, request: Request, authenticate: Callable[[], Token], version: str) -> Answer:
        """One request to the plugin's endpoints."""
        authenticate()
        match [request.method, *request.path.removeprefix(PATH).strip("/").split("/")]:
            case ["GET", "branches"]:
                part = (request.param("q") or "").lower()
                return _page([self._show(b) for b in self.branches.values() if part in b.name.lower()])
            case ["POST", "branches"]:
                return self._create(orjson.loads(request.body))
            case ["GET", "branches", number] if int(number) in self.branches:
                return Answer(200, self._look(self.branches[int(number)]))
            case ["POST", "branches", number, "merge"] if int(number) in self.branches:
                return self._merge(self.branches[int(number)])
            case ["GET", "changes"]:
                return self._changes(request)
            case ["GET", "branchable-models"]:
                models = [m.label.split(".") for m in MODELS if m.change_logged and m.label not in EXEMPT]
                return Answer(200, [{"app_label": app, "model": name} for app, name in models])
        return not_found_page(version)

    def delete(self, branch_id: int) -> None:
        """Somebody deletes a branch with all that is in it."""
        del self.branches[branch_id]

    def _create(self, content: Any) -> Answer:
        if any(branch.name == content["name"] for branch in self.branches.values()):
            return Answer(400, {"name": ["branch with this name already exists."]})
        number = max(self.branches, default=0) + 1
        letters = random.choices(string.ascii_lowercase + string.digits, k=8)
        branch = LabBranch(
            id=number,
            name=content["name"],
            schema_id="".join(letters),
            description=content.get("description", ""),
            status="new",
            created=self.store.tick().isoformat(),
            store=self.store,
            base={},
        )
        self.branches[number] = branch
        return Answer(201, self._show(branch))

    def _look(self, branch: LabBranch) -> Row:
        branch.looks += 1
        if branch.status == "new":
            branch.status = "provisioning"
        elif branch.status == "provisioning" and branch.looks >= _LOOKS:
            self._provision(branch)
        return self._show(branch)

    def _provision(self, branch: LabBranch) -> None:
        branch.base = {label: dict(table) for label, table in self.store.tables.items()}
        # Rows are never changed in place, so only what finds them is copied; sequences are shared with main.
        store = self.store.twin()
        store.tables = {label: dict(table) for label, table in self.store.tables.items()}
        store.tables[_CHANGES] = {}
        for label in EXEMPT:
            store.tables[label] = self.store.tables[label]
        branch.store = store
        branch.status = "ready"

    def _differing(self, branch: LabBranch) -> Iterable[tuple[str, int, Row | None]]:
        for label, table in branch.store.tables.items():
            if label == _CHANGES or label in EXEMPT or not self.store.models[label].change_logged:
                continue
            base = branch.base[label]
            for pk in sorted({*table, *base}):
                if table.get(pk) is not base.get(pk):
                    yield label, pk, table.get(pk)

    def _merge(self, branch: LabBranch) -> Answer:
        if branch.status != "ready":
            return Answer(400, "Branch is not ready to merge.", content_type="text/html; charset=utf-8")
        changes = list(self._differing(branch))
        store = self.store
        store.begin()
        for label, pk, row in changes:
            if row is None and store.get(label, pk) is not None:
                store.remove(label, pk)
        updated = {
            (row["changed_object_type"], row["changed_object_id"])
            for row in branch.store.tables[_CHANGES].values()
            if row["action"] == "update"
        }
        for label, pk, row in changes:
            if row is not None:
                # What the merge creates has no last_updated until something saves it.
                made = pk not in branch.base[label] and (label, pk) not in updated
                store.put(label, {**row, "last_updated": None if made else store.tick()})
        for row in branch.store.tables[_CHANGES].values():
            pk = store.new_id(_CHANGES)
            store.put(_CHANGES, {**row, "id": pk, "time": store.tick(), "message": ""})
        branch.status, branch.merged_time = "merged", store.tick().isoformat()
        branch.store, branch.base, branch.api = store, {}, None
        return Answer(200, {"id": branch.id, "status": {"value": "pending", "label": "Pending"}})

    def _changes(self, request: Request) -> Answer:
        branch = self.branches.get(int(request.param("branch_id") or 0))
        if branch is None or branch.status != "ready":
            return _page([])
        rows = []
        for label, pk, _ in self._differing(branch):
            moved = self.store.get(label, pk) is not branch.base[label].get(pk)
            if moved or request.param("has_conflicts") != "true":
                rows.append({"object_type": label, "object_id": pk, "conflicts": [] if moved else None})
        return _page(rows)

    @staticmethod
    def _show(branch: LabBranch) -> Row:
        return {
            "id": branch.id,
            "display": branch.name,
            "name": branch.name,
            "status": {"value": branch.status, "label": branch.status.capitalize()},
            "description": branch.description,
            "schema_id": branch.schema_id,
            "merged_time": branch.merged_time,
            "created": branch.created,
        }


def _page(rows: list[Row]) -> Answer:
    return Answer(200, {"count": len(rows), "next": None, "previous": None, "results": rows})
