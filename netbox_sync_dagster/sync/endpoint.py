"""One sync of one endpoint: read it, compare it with NetBox, let its policies approve. Nothing is written to NetBox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from netbox_sync_dagster.approve import approve_by_policy
from netbox_sync_dagster.approve.lapsed import end_lapsed
from netbox_sync_dagster.approve.policy import not_allowed
from netbox_sync_dagster.compare.attempts import record_failure
from netbox_sync_dagster.compare.ledger_state import has_lines_after
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.sources.reading import UnknownObject
from netbox_sync_dagster.sources.registry import source_of, sources
from netbox_sync_dagster.storage import Manifest, Warehouse, WarehouseError
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.ledger import prepare_ledger
from netbox_sync_dagster.storage.locks import HOOK, EndpointLock, LockHeld
from netbox_sync_dagster.storage.sequence import number_of
from netbox_sync_dagster.storage.store import CurrentSync
from netbox_sync_dagster.storage.tables import MAIN_TABLE
from netbox_sync_dagster.sync.target import read_netbox
from netbox_sync_dagster.text import visible

Say = Callable[[str], None]
# A comparison uses all cores and up to its memory limit: one at a time in this process.
_COMPARING = threading.Lock()
# How long a sync waits for one that a hook has started, and how often it looks.
_HOOK_SECONDS = 300.0
_LOOK_SECONDS = 0.3


class EmptySnapshot(WarehouseError):
    """The endpoint showed nothing, so nothing can be compared."""


@dataclass(frozen=True)
class SyncOptions:
    """Options of one sync. ``accept_shrink``: objects missing from a far smaller snapshot are considered removed.
    ``only``: the name or the source's id of the only device, guest or container to read and compare. ``parts``: those to
    read before the whole endpoint is compared; if the source does not know one of them, everything is read.
    ``shows_rest``: the diff shows the whole endpoint, whatever part of it was read last. ``is_brief``: the snapshots are not
    kept as history."""

    read: bool = True
    compare: bool = True
    accept_shrink: bool = False
    only: str | None = None
    parts: tuple[str, ...] = ()
    shows_rest: bool = False
    is_brief: bool = False

    def check(self, endpoints: Sequence[Endpoint]) -> None:
        """Raise WarehouseError if these options do not fit these endpoints."""
        if not self.read and (self.accept_shrink or self.only is not None):
            raise WarehouseError(
                "accept_shrink and device say how an endpoint is read, and nothing is read: select its snapshot assets too"
            )
        if self.only is None:
            return
        if not self.only.strip():
            raise WarehouseError("the device, guest or container to sync has no name")
        if len(endpoints) != 1:
            raise WarehouseError(f"'{visible(self.only, 80)}' is on one endpoint: name that endpoint alone")
        if source_of(endpoints[0].kind).object_word is None:
            able = sorted(source.name for source in sources().values() if source.object_word is not None)
            raise WarehouseError(
                f"endpoint '{endpoints[0].name}' is {endpoints[0].kind}; one object can be synced alone from: "
                f"{', '.join(able)}"
            )


@dataclass
class Outcome:
    """The outcome of one endpoint: its snapshot, its diff, what the policies approved, and the error that stopped it.

    ``diff`` is the diff's manifest; ``notes`` say why a policy did not approve everything that it names, and
    which approvals have ended.
    """

    endpoint: str
    kind: str | None = None
    manifest: Manifest | None = None
    diff: dict[str, Any] | None = None
    plan: Plan | None = None
    approved: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: Exception | None = None
    # Of the reading.
    seconds: float = 0.0

    @property
    def by_policy(self) -> dict[str, int]:
        """The number of changes of each resource that the policies approved."""
        rows = self.plan.by_id() if self.plan is not None else {}
        counts: dict[str, int] = {}
        for change_id in self.approved:
            resource = rows[change_id].resource
            counts[resource] = counts.get(resource, 0) + 1
        return counts


def sync_endpoint(
    warehouse: Warehouse,
    endpoint: Endpoint,
    comparer: Comparer,
    *,
    who: str,
    options: SyncOptions = SyncOptions(),
    say: Say = lambda _: None,
    lock: Callable[[Callable[[], None]], None] = lambda take: take(),
    already_read: Manifest | None = None,
    netbox_is_there: Callable[[], bool] = lambda: True,
) -> Outcome:
    """Sync an endpoint as far as possible; an error is part of the outcome and never raised.

    The endpoint's lock is held by ``who`` from the first request to the last approval. ``lock`` takes it, and may wait
    for one that a dead process left. A sync that a hook has started is waited for. ``already_read``: a snapshot of this run, which is not read again.
    ``netbox_is_there`` is called before the comparison and may wait; it returns False if NetBox could not be read. An
    exception from ``say`` ends the sync at its next step.
    """
    outcome = Outcome(endpoint.name, endpoint.kind)
    try:
        with ExitStack() as stack:

            def take() -> None:
                stack.enter_context(EndpointLock.for_sync(warehouse, endpoint.kind, endpoint.name, who))

            lock(partial(_after_hooks, take, who, say))
            if options.read:
                began = time.monotonic()
                outcome.manifest = already_read or _read(warehouse, endpoint, who, options, say)
                outcome.seconds = time.monotonic() - began
            if options.compare and netbox_is_there():
                part = part_of(outcome.manifest) if options.read else ""
                sync = CurrentSync(who, part, shows_rest=options.shows_rest)
                _compare(warehouse.during(sync), endpoint, comparer, outcome, say)
    except Exception as error:  # noqa: BLE001
        outcome.error = error
    return outcome


def _after_hooks(take: Callable[[], None], who: str, say: Say) -> None:
    """Take the lock, after the sync that a hook has started. Raises LockHeld where somebody else has it."""
    until = time.monotonic() + _HOOK_SECONDS
    while True:
        try:
            return take()
        except LockHeld as held:
            if held.who != HOOK or who == HOOK or time.monotonic() > until:
                raise
        say("waiting for the sync that a hook has started")
        time.sleep(_LOOK_SECONDS)


def _read(
    warehouse: Warehouse, endpoint: Endpoint, who: str, options: SyncOptions, say: Say
) -> Manifest | None:
    """Read the endpoint as the options say; returns the manifest of the last snapshot."""
    read = partial(source_of(endpoint.kind).snapshot, endpoint, say=say)
    whole = CurrentSync(who, is_brief=options.is_brief)
    manifest: Manifest | None = None
    # The rest comes from an earlier snapshot.
    if options.parts and _has_snapshot(warehouse, endpoint):
        try:
            for part in options.parts:
                sync = replace(whole, part=part, shows_rest=True)
                manifest = read(warehouse.during(sync), accept_shrink=False, only=part)
        except UnknownObject as error:
            say(f"reading everything, because {sentence(error)}")
        else:
            return manifest
    sync = replace(whole, part=options.only)
    return read(warehouse.during(sync), accept_shrink=options.accept_shrink, only=options.only)


def _has_snapshot(warehouse: Warehouse, endpoint: Endpoint) -> bool:
    try:
        warehouse.current(warehouse.snapshots(endpoint.kind, endpoint.name))
    except WarehouseError:
        return False
    return True


def part_of(manifest: Manifest | None) -> str | None:
    """The id of the only object that a snapshot has read; None for a whole one."""
    return None if manifest is None else manifest.only or manifest.part


def compare_again(
    warehouse: Warehouse, config: Config, endpoint: Endpoint, *, who: str, say: Say = lambda _: None
) -> Outcome:
    """Compare an endpoint's current snapshots again, after an answer.

    The endpoint is not read. NetBox is, if an apply has written to it since it was read; where that fails, the outcome's
    notes say so, and what was written is blocked (cause ``written_since_read``). Raises what stopped the comparison; the
    endpoint's last diff then stays current.
    """
    unread = _read_what_was_written(warehouse, config, who, say)
    with Comparer(warehouse, config) as comparer:
        outcome = sync_endpoint(
            warehouse, endpoint, comparer, who=who, options=SyncOptions(read=False), say=say
        )
    if outcome.error is not None:
        raise outcome.error
    outcome.notes = [*unread, *outcome.notes]
    return outcome


def _read_what_was_written(warehouse: Warehouse, config: Config, who: str, say: Say) -> list[str]:
    """Read NetBox if an apply has written to it since it was read; a sentence if it cannot be read."""
    prepare_ledger(warehouse)
    snapshot = warehouse.current(warehouse.snapshots("netbox", "netbox"))
    if not has_lines_after(warehouse, number_of(snapshot.name)):
        return []
    say("reading NetBox, which an apply has written to")
    try:
        read_netbox(config, warehouse, progress=say, who=who)
    except UserError as error:
        note = f"NetBox could not be read after the last apply: {sentence(error)}"
        say(note)
        return [note]
    return []


def _compare(
    warehouse: Warehouse, endpoint: Endpoint, comparer: Comparer, outcome: Outcome, say: Say
) -> None:
    if outcome.manifest is not None and is_empty(outcome.manifest):
        empty = EmptySnapshot(_why_empty(outcome.manifest))
        record_failure(warehouse, endpoint, now(), empty)
        raise empty
    say("waiting for its turn to be compared")
    with _COMPARING:
        say("comparing")
        outcome.diff = comparer.compare(endpoint, progress=say, sync=warehouse.sync)
    outcome.plan = load_plan(warehouse, endpoint.name)
    lapsed = end_lapsed(warehouse, outcome.plan, endpoint.policies)
    approval = approve_by_policy(warehouse, outcome.plan, endpoint.policies)
    if approval is not None:
        outcome.approved = list(approval.change_ids)
    outcome.notes = not_allowed(outcome.plan, endpoint.policies)
    if lapsed is not None:
        outcome.notes.insert(0, lapsed.sentence)


def is_empty(manifest: Manifest) -> bool:
    """Whether the server showed nothing at all, which proves nothing and cannot be compared."""
    return not manifest.row_counts.get(MAIN_TABLE[manifest.system])


def _why_empty(manifest: Manifest) -> str:
    reasons = "; ".join(manifest.reasons) or "the server shows nothing"
    return f"endpoint '{manifest.endpoint}': nothing was compared: {reasons}"
