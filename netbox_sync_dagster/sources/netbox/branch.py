"""A branch of the netbox-branching plugin that is read and written in the place of main (setting netbox.branch).

The branch carries the configured name. Once somebody has merged it, that name is used up: the next one is
called ``<name> 2``, and so on. Until then it is the NetBox that is kept: read for the diff and written to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.http import JsonClient, decode
from netbox_sync_dagster.server_errors import ServerError

HEADER = "X-NetBox-Branch"
_PATH = "/api/plugins/branching"
_WHO = "netbox"
_PASSING = ("new", "provisioning", "syncing", "migrating", "merging", "reverting")
_ENDED = ("merged", "archived")
_LOOK_AGAIN_SECONDS = 1.0
# What a plugin too old to be asked keeps outside branches, of what this product writes.
_NEVER_IN_A_BRANCH = frozenset({"extras.customfield"})
_NO_BRANCH = "00000000"


@dataclass(frozen=True)
class Branch:
    """One branch as NetBox shows it. ``schema_id`` is what requests name it by."""

    id: int
    name: str
    schema_id: str
    status: str
    merged: bool
    url: str

    @property
    def ready(self) -> bool:
        """Whether it can be read and written."""
        return self.status == "ready"


@dataclass(frozen=True)
class MergeState:
    """The state of a branch compared with main: ``changed`` objects, ``conflicts`` of them also changed in main."""

    branch: Branch
    changed: int
    conflicts: int

    def __str__(self) -> str:
        if self.branch.merged:
            return f"branch '{self.branch.name}' is merged: {self.branch.url}"
        told = f"{self.changed} objects changed, {self.conflicts} in conflict with main"
        return f"branch '{self.branch.name}' ({self.branch.status}, not merged): {told}: {self.branch.url}"


class Branches:
    """The branches of ``netbox.branch``. Every method raises ServerError.

    ``client`` must carry no branch header: a branch that is not ready refuses every request made in it.
    """

    def __init__(self, client: JsonClient, target: NetBoxTarget) -> None:
        self._client = client
        self._target = target
        self._name = target.branch or ""
        self._in_branches: Callable[[str], bool] | None = None

    @cached_property
    def _api(self) -> Any:
        from netbox_sync_dagster.sources.netbox.api import netbox_api

        return netbox_api(self._client)

    def all(self) -> list[Branch]:
        """Those that this setting made or uses, newest name last (``GET .../branches/``)."""
        found = []
        ours = re.compile(re.escape(self._name) + r"(?: (\d+))?")
        for row in self._named():
            match = ours.fullmatch(row["name"])
            if match:
                found.append((int(match[1] or 1), self._branch(row)))
        return [branch for _, branch in sorted(found, key=lambda pair: pair[0])]

    def current(self, *, create: bool = False) -> Branch | None:
        """The branch to read from and write to, when it is ready; None where there is none (main is read then).

        Waits while NetBox is at work on it. ``create``: makes one where there is none.
        """
        branches = self.all()
        open_ones = [branch for branch in branches if branch.status not in _ENDED]
        if len(open_ones) > 1:
            names = ", ".join(f"'{branch.name}'" for branch in open_ones)
            raise ServerError(
                _WHO, f"several branches are open for netbox.branch: {names}; merge or delete all but one"
            )
        if open_ones:
            branch = self._wait(open_ones[0])
            if branch.ready:
                return branch
            # Merged while we waited.
        return self._wait(self._create(branches)) if create else None

    def _create(self, branches: list[Branch]) -> Branch:
        number = len(branches) + 1
        name = self._name if number == 1 else f"{self._name} {number}"
        while any(branch.name == name for branch in branches):
            number += 1
            name = f"{self._name} {number}"
        text = "Made by netbox-sync for changes to be looked at before they are merged"
        try:
            answer = self._client.send(
                "POST", f"{_PATH}/branches/", ok=(201,), json={"name": name, "description": text}
            )
        except ServerError as error:
            # A first try whose answer was lost may have made it: names are unique.
            made = [branch for branch in self.all() if branch.name == name] if error.status == 400 else []
            if made:
                return made[0]
            raise ServerError(
                _WHO, f"branch '{name}' could not be made: {error.what} {error.body}", status=error.status
            ) from None
        return self._branch(decode(_WHO, answer))

    def _wait(self, branch: Branch) -> Branch:
        until = time.monotonic() + self._target.branch_wait
        while branch.status in _PASSING:
            if time.monotonic() >= until:
                raise ServerError(
                    _WHO,
                    f"branch '{branch.name}' is still '{branch.status}' after {self._target.branch_wait:g} "
                    f"seconds; look whether NetBox's rqworker runs, or raise netbox.branch_wait: {branch.url}",
                    retryable=True,
                )
            time.sleep(_LOOK_AGAIN_SECONDS)
            branch = self._branch(dict(self._api.plugins.branching.branches.get(branch.id)))
        if not branch.ready and branch.status not in _ENDED:
            raise ServerError(
                _WHO,
                f"branch '{branch.name}' is '{branch.status}' and cannot be used; repair or delete it in NetBox: "
                f"{branch.url}",
            )
        return branch

    def state(self, branch: Branch) -> MergeState:
        """The current state of the branch compared with main."""
        now = self._branch(dict(self._api.plugins.branching.branches.get(branch.id)))
        changed, conflicts = (
            int(self._get("changes", {"branch_id": branch.id, "limit": 1, **more})["count"])
            for more in ({}, {"has_conflicts": "true"})
        )
        return MergeState(now, changed, conflicts)

    def keeps(self, model: str) -> bool:
        """Whether objects of this model (``dcim.device``) live in branches; others go into main at once."""
        if self._in_branches is None:
            self._in_branches = self._read_models()
        return self._in_branches(model)

    def _read_models(self) -> Callable[[str], bool]:
        try:
            answer = self._get("branchable-models", {})
        except ServerError as error:
            if error.status != 404:
                raise
            return lambda model: model not in _NEVER_IN_A_BRANCH
        rows = answer["results"] if isinstance(answer, dict) else answer
        models = {f"{row['app_label']}.{row['model']}" for row in rows}
        return lambda model: model in models

    def prove(self) -> None:
        """Make sure that the header reaches NetBox: without it every write would go into main.

        A proxy may drop it, and NetBox itself passes over it where the plugin is off.
        """
        try:
            self._client.send("GET", "/api/dcim/sites/?limit=1", ok=(400,), headers={HEADER: _NO_BRANCH})
        except ServerError as error:
            if error.status != 200:
                raise
            raise ServerError(
                _WHO,
                f"it answers a request for a branch that does not exist, so {HEADER} does not reach it; let the "
                "proxy before NetBox pass that header, or take netbox.branch out of the configuration",
            ) from None

    def _branch(self, row: dict[str, Any]) -> Branch:
        status = row["status"]["value"] if isinstance(row["status"], dict) else row["status"]
        return Branch(
            id=row["id"],
            name=row["name"],
            schema_id=row["schema_id"],
            status=status,
            merged=bool(row.get("merged_time")),
            url=f"{self._target.base_url}/plugins/branching/branches/{row['id']}/",
        )

    def _named(self) -> list[dict[str, Any]]:
        """The branches whose name holds ours."""
        # Few configurations name a branch: only they wait for the import.
        from netbox_sync_dagster.sources.netbox.api import listed

        try:
            return listed(self._client, self._api.plugins.branching.branches, q=self._name)
        except ServerError as error:
            if error.status == 404:
                raise ServerError(
                    _WHO,
                    "netbox.branch is set, and this NetBox has no netbox-branching plugin; install it there, or "
                    "take netbox.branch out of the configuration",
                    status=404,
                ) from None
            raise

    def _get(self, path: str, params: dict[str, Any]) -> Any:
        return self._client.get(f"{_PATH}/{path}/", params)
