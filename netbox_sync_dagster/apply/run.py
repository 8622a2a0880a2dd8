"""Applies approved changes: the order, the batches, and one verdict per change."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import groupby
from threading import Event

from netbox_sync_dagster.apply.already import Already
from netbox_sync_dagster.apply.batches import DeferredRefusal
from netbox_sync_dagster.apply.changes import (
    ApplyResult,
    PendingWrite,
    Verdict,
)
from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.apply.dispatch import dispatch
from netbox_sync_dagster.apply.foreseen import outside_branch
from netbox_sync_dagster.apply.journal import Journal
from netbox_sync_dagster.apply.ledger import ApplyLog, Unfinished, applied_changes, unfinished
from netbox_sync_dagster.apply.object_changes import find_object_changes
from netbox_sync_dagster.apply.order import Needs, groups
from netbox_sync_dagster.apply.pace import Pace
from netbox_sync_dagster.apply.sender import Sender
from netbox_sync_dagster.apply.state import ApplyState
from netbox_sync_dagster.apply.writes import NotSent, Writes
from netbox_sync_dagster.approve.agreement import rules_of, why_not_agreed
from netbox_sync_dagster.approve.freeze import check_frozen
from netbox_sync_dagster.approve.limits import check_gates, check_netbox
from netbox_sync_dagster.approve.needing import why_unapproved
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.people import Actor, me
from netbox_sync_dagster.approve.records import Approval, ApprovalError, approved, netbox_read_at
from netbox_sync_dagster.approve.states import states
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.config import NetBoxTarget, Policies
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.ledger_names import names_in_ledger, same_in_ledger
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import elapsed
from netbox_sync_dagster.storage.locks import EndpointLock
from netbox_sync_dagster.storage.verify import verify

Progress = Callable[[int, int], None]


def apply_approved(
    warehouse: Warehouse,
    target: NetBoxTarget,
    endpoint_name: str,
    plan: Plan,
    *,
    progress: Progress | None = None,
    who: str,
    through: str = "cli",
    run: str | None = None,
    policies: Policies | None = None,
    only: Collection[str] | None = None,
    login_by: str = "",
    stop: Event | None = None,
    on_verdict: Callable[[Verdict], None] | None = None,
) -> ApplyResult:
    """Write the approved changes of ``plan`` to NetBox; one verdict per approved change.

    ``who`` starts it, ``through``: cli, dagster, web, or a program: dagster run, sensor, schedule; ``run``: the Dagster
    run; ``login_by``: how the review page verified the name. ``policies``: the endpoint's current ones, which may require a
    second person when the approval did not. ``only`` restricts it to these change ids. ``progress(done, total)`` and
    ``on_verdict`` are called after every verdict, from several threads. After ``stop`` is set no request is sent: changes
    without a verdict stay approved. With nothing approved and nothing left open by an earlier apply, no request is sent.

    Changes that an earlier apply of this endpoint left open (it was killed, or NetBox could not be read) are settled
    first, by reading NetBox.

    Raises LockHeld if another apply of this endpoint is running, LedgerDamaged if the ledger was modified
    (``storage.verify``), ApprovalError where the diff has failed its
    checks, MissingSecret without a token, and ServerError where NetBox cannot be reached at all or is too old;
    nothing has been written then.
    """
    if plan.endpoint != endpoint_name:
        raise ApprovalError(f"the diff is of endpoint '{plan.endpoint}', not of '{endpoint_name}'")
    plan = with_parts(warehouse, plan)
    check_frozen(warehouse)
    with EndpointLock.for_apply(warehouse, endpoint_name, who) as lock:
        wanted = {
            change_id: approval
            for change_id, approval in approved(warehouse, endpoint_name, plan).items()
            if only is None or change_id in only
        }
        verify(warehouse).check()
        if wanted:
            check_gates(plan)
            check_netbox(plan, target)
        left_open = unfinished(warehouse, endpoint_name)
        result = ApplyResult(None, endpoint_name)
        # Only NetBox knows the branch that is written to, and so what was applied to it.
        names = names_in_ledger(target, None) if target.branch is None else []
        read_at = netbox_read_at(plan)
        before = applied_changes(warehouse, endpoint_name, names, wanted, read_at) if names else {}
        if before.keys() == wanted.keys() and not any(
            same_in_ledger(target, item.target) for item in left_open
        ):
            result.verdicts += [_applied_before(plan, i, before[i].netbox_id) for i in wanted]
            return result
        with NetBoxWriter(target) as netbox:
            netbox.connect(create_branch=bool(wanted))
            apply = _Apply(
                warehouse,
                target,
                plan,
                netbox,
                wanted=wanted,
                by=me(who, through, run, login_by),
                policies=policies,
                lock=lock,
                result=result,
                progress=progress,
                stop=stop or Event(),
                on_verdict=on_verdict,
            )
            apply.run(left_open)
    return result


def _applied_before(plan: Plan, change_id: str, netbox_id: int | None) -> Verdict:
    row = plan.by_id()[change_id]
    text = "applied before; not written again"
    return Verdict(change_id, row.resource, row.action, row.key, "applied", text, netbox_id)


class _Apply:
    """One apply, from its first ledger line to its last."""

    def __init__(
        self,
        warehouse: Warehouse,
        target: NetBoxTarget,
        plan: Plan,
        netbox: NetBoxWriter,
        *,
        wanted: dict[str, Approval],
        by: Actor,
        policies: Policies | None,
        lock: EndpointLock,
        result: ApplyResult,
        progress: Progress | None,
        stop: Event,
        on_verdict: Callable[[Verdict], None] | None,
    ) -> None:
        self._warehouse = warehouse
        self._target = target
        self._plan = plan
        self._netbox = netbox
        self._wanted = wanted
        self._by = by
        self._policies = policies
        self._result = result
        self._progress = progress
        self._stop = stop
        self._also_on_verdict = on_verdict
        self._needs = Needs(plan)
        # Changes that a rejection keeps from being approved; asked for when the first change is blocked.
        self._unapproved: dict[str, str] | None = None
        self._rows = plan.by_id()
        result.apply_id = warehouse.new_id()
        self._names = netbox.names
        self._log = ApplyLog(warehouse, plan.endpoint, result.apply_id, netbox.written_as)
        self._state = ApplyState(plan, self._log, self._on_verdict, stop)
        self._writes = Writes(self._state, netbox, wanted, self._message)
        self._journal = Journal() if target.journal else None
        self._sender = Sender(
            netbox,
            self._log,
            self._state,
            message=self._message,
            pace=Pace(target.batch_size, target.timeout),
            longest=target.longest_request,
            lock=lock,
            already=Already(warehouse, plan, netbox),
            journal=self._journal,
        )

    def run(self, left_open: list[Unfinished]) -> None:
        """Settle what is open, send what is approved, write the journal."""
        elsewhere = sum(item.target not in self._names for item in left_open)
        try:
            self._log.start(
                by=self._by,
                diff_id=self._plan.diff_id,
                netbox_version=self._netbox.version,
                change_ids=list(self._wanted),
                undoes=self._plan.manifest.get("undoes"),
                branch=self._netbox.branch.name if self._netbox.branch else None,
            )
            self._settle([item for item in left_open if item.target in self._names])
            self._send_all()
            if self._journal is not None:
                heading = f"netbox-sync {self._plan.endpoint} apply {self._result.apply_id}"
                written, notes = self._journal.send(self._netbox, heading)
                self._log.journal(written)
                self._result.notes += notes
            self._note_object_changes()
            self._note_merge_state()
            # An apply that does not get here has no last line, so the next one settles its open changes.
            still_open = sum(v.open for v in [*self._result.verdicts, *self._result.settled])
            self._log.end(self._result.counts, open_operations=still_open + elsewhere)
        finally:
            self._result.requests = self._netbox.requests
            self._log.close()

    def _note_object_changes(self) -> None:
        verdicts = [*self._result.settled, *self._result.verdicts]
        found, notes = find_object_changes(self._sender.changelog, verdicts, self._object_type)
        self._log.object_changes(found)
        self._result.notes += notes

    def _object_type(self, change_id: str) -> str:
        return self._rows[change_id].object_type if change_id in self._rows else ""

    def _note_merge_state(self) -> None:
        try:
            self._result.branch = self._netbox.merge_state()
        except ServerError as error:
            self._result.notes.append(f"the state of the branch could not be read: {error}")

    def _message(self, change_id: str) -> str:
        return f"netbox-sync {self._plan.endpoint} {change_id}"

    def _on_verdict(self, verdict: Verdict) -> None:
        self._result.verdicts.append(verdict)
        if self._also_on_verdict is not None:
            self._also_on_verdict(verdict)
        if self._progress is not None:
            self._progress(len(self._result.verdicts), len(self._wanted))

    # -- what an earlier apply left open ---------------------------------------------------------

    def _settle(self, left_open: list[Unfinished]) -> None:
        def kind(entry: Unfinished) -> tuple[str, str, str]:
            return entry.item.object_type, entry.item.action, entry.operation_id

        for (_, _, operation), entries in groupby(sorted(left_open, key=kind), key=kind):
            group = list(entries)
            items = [entry.item for entry in group]
            sent = elapsed() - min(entry.seconds for entry in group)
            why = f"the apply that sent it ended before NetBox's answer (operation {operation})"
            absent = self._sender.settle_and_record(
                items, why, operation, sent=sent, report=self._result.settled.append
            )
            self._sender.verdicts.record_failure(
                absent, f"{why}; NetBox does not have it", operation, report=self._result.settled.append
            )
        # The diff's values include everything applied before NetBox was read for it.
        since = netbox_read_at(self._plan)
        done = applied_changes(self._warehouse, self._plan.endpoint, self._names, self._rows, since)
        self._state.remember(done.values())

    # -- what is approved ------------------------------------------------------------------------

    def _send_all(self) -> None:
        todo = []
        settled = {verdict.change_id: verdict for verdict in self._result.settled}
        for change_id in self._wanted:
            row = self._rows[change_id]
            if self._state.is_applied(change_id):
                netbox_id = self._state.ids.get((row.resource, row.key), row.netbox_id)
                self._on_verdict(_applied_before(self._plan, change_id, netbox_id))
            elif change_id in settled and settled[change_id].verdict == "uncertain":
                # It may or may not be written: sending it could write it twice.
                self._on_verdict(settled[change_id])
            elif alone := self._why_not_agreed(self._wanted[change_id]):
                self._decide(row, "blocked", alone)
            elif outside := outside_branch(self._netbox, row):
                self._decide(row, "blocked", outside)
            elif row.expected_id() != change_id or row.endpoint != self._plan.endpoint:
                self._decide(
                    row, "failed", "its content is not what its change id stands for; make a new diff"
                )
            else:
                todo.append(row)
        later = {row.change_id for row in todo}
        carried: list[DiffRow] = []
        for rows in groups(todo):
            later -= {row.change_id for row in rows}
            carried = self._work_off([*carried, *rows], later)

    def _why_not_agreed(self, approval: Approval) -> str | None:
        return why_not_agreed(approval.voices, self._by, rules_of(approval.agreement, self._policies))

    def _work_off(self, pending: list[DiffRow], later: Collection[str] = ()) -> list[DiffRow]:
        """Send the changes that can be sent; returns those that need a change of a ``later`` group."""
        while pending and not self._stop.is_set():
            waiting = {row.change_id for row in pending} | set(later)
            ready, blocked = [], []
            for row in pending:
                needs = [need for need in self._needs.of(row) if not self._state.is_applied(need)]
                if not needs:
                    ready.append(row)
                elif not all(need in waiting for need in needs):
                    blocked.append((row, needs))
            if not ready and not blocked:
                if later:
                    return pending
                blocked = [(row, self._needs.of(row)) for row in pending]
            for row, needs in blocked:
                self._decide(row, "blocked", self._why_blocked(needs))
            done = {row.change_id for row, _ in blocked}
            done |= {row.change_id for row in self._round(ready)}
            pending = [row for row in pending if row.change_id not in done]
        return pending

    def _why_blocked(self, needs: list[str]) -> str:
        parts = []
        for need in needs:
            if self._state.is_applied(need):
                continue
            outcome = self._state.outcomes.get(need)
            if outcome is None:
                outcome = "not applied yet" if need in self._wanted else self._why_unapproved(need)
            parts.append(f"{self._needs.title(need)}: {outcome}")
        return f"needs {'; '.join(parts)}"

    def _why_unapproved(self, change_id: str) -> str:
        if self._unapproved is None:
            self._unapproved = why_unapproved(self._plan, states(self._warehouse, self._plan))
        return self._unapproved.get(change_id, "not approved")

    def _round(self, ready: list[DiffRow]) -> list[DiffRow]:
        """Send some of the rows that are ready: creates first, and each object only once."""
        creates = [row for row in ready if row.action == "create"]
        chosen: list[DiffRow] = []
        items: list[PendingWrite] = []
        objects: set[tuple[str, int]] = set()
        for row in creates or ready:
            item = self._item(row)
            if item is not None and item.netbox_id is not None:
                if (item.object_type, item.netbox_id) in objects:
                    continue
                objects.add((item.object_type, item.netbox_id))
            chosen.append(row)
            if item is not None:
                items.append(item)
        deferred = self._send(items)
        count = len(items)
        while deferred and len(deferred) < count:
            # Others succeeded, which may have removed the reason.
            count = len(deferred)
            deferred = self._send([refused.item for refused in deferred])
        for refused in deferred:
            self._sender.verdicts.record_failure(
                [refused.item], refused.message, refused.operation, verdict=refused.verdict
            )
        return chosen

    def _send(self, items: list[PendingWrite]) -> list[DeferredRefusal]:
        return dispatch(self._sender, self._state, items, self._target.max_in_flight)

    def _item(self, row: DiffRow) -> PendingWrite | None:
        """The change to send; None, with a verdict, if it cannot be sent."""
        try:
            return self._writes.of(row)
        except NotSent as refused:
            self._decide(row, refused.verdict, str(refused))
            return None

    def _decide(self, row: DiffRow, verdict: str, message: str) -> None:
        """A verdict on a change that was not sent."""
        decided = Verdict(row.change_id, row.resource, row.action, row.key, verdict, message, row.netbox_id)
        self._state.record([(self._writes.unsent(row), decided)])
