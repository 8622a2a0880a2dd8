"""Sends one batch of changes of one object type and action until each has its verdict."""

from __future__ import annotations

from collections.abc import Callable

from netbox_sync_dagster.apply.already import Already
from netbox_sync_dagster.apply.batches import Batch, DeferredRefusal, answered, missing, named_errors
from netbox_sync_dagster.apply.changelog import MODELS, Changelog
from netbox_sync_dagster.apply.changes import PendingWrite
from netbox_sync_dagster.apply.client import Answer, NetBoxWriter
from netbox_sync_dagster.apply.journal import Journal
from netbox_sync_dagster.apply.ledger import ApplyLog
from netbox_sync_dagster.apply.outcomes import OutcomeResolver
from netbox_sync_dagster.apply.pace import Pace
from netbox_sync_dagster.apply.stale_check import StaleCheck
from netbox_sync_dagster.apply.state import ApplyState, Report
from netbox_sync_dagster.apply.verdicts import Verdicts
from netbox_sync_dagster.http import pause
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.storage.clock import elapsed
from netbox_sync_dagster.storage.locks import EndpointLock

ATTEMPTS = 4
_METHODS = {"create": "POST", "update": "PATCH", "delete": "DELETE"}
_PERMISSIONS = {"create": "add", "update": "change", "delete": "delete"}
# Refusals that one object of a batch can cause for all; any other concerns the whole request.
_ONE_OBJECT = (400, 409, 412, 413, 414, 431)
# Text of NetBox's 403 if the token is invalid, rather than a permission missing.
_TOKEN_WORDS = ("token", "credentials", "inactive")
# Refusals that may be resolved by other changes of the same resource: a name that is still taken, a child that still
# exists.
_MAY_PASS = ("unique", "already exists", "duplicate", "dependent object")
# While a late request may be running, NetBox is read at intervals of this part of its maximum duration.
_LOOKS = 1 / 10


class Sender:
    """Writes to NetBox, one batch at a time per thread. Thread-safe.

    ``longest``: seconds that NetBox may work on one request. A request without an answer may run this long, and none of
    it is sent again before.
    """

    def __init__(
        self,
        netbox: NetBoxWriter,
        log: ApplyLog,
        state: ApplyState,
        *,
        message: Callable[[str], str],
        pace: Pace,
        longest: float,
        lock: EndpointLock,
        already: Already,
        journal: Journal | None = None,
    ) -> None:
        self.changelog = Changelog(netbox)
        self._netbox = netbox
        self._log = log
        self._state = state
        self.pace = pace
        self._longest = longest
        self._endpoint_lock = lock
        self._journal = journal
        self.settler = OutcomeResolver(netbox, self.changelog, message, state.created_by)
        self.verdicts = Verdicts(netbox, state, self.settler, already)
        self._freshness = StaleCheck(netbox, self.changelog, self.settler, state, already)

    def send(self, items: list[PendingWrite]) -> list[DeferredRefusal]:
        """Send changes of one object type and action; each gets its verdict, in the ledger too.

        Returns changes that NetBox refused for a reason that other changes may remove.
        """
        deferred: list[DeferredRefusal] = []
        todo = [Batch(items)]
        while todo and not self._state.stop.is_set():
            batch = todo.pop(0)
            size = self.pace.take(batch.kind, len(batch.items))
            if len(batch.items) > size:
                todo = [*batch.parts(size), *todo]
                continue
            try:
                todo = [*self._once(batch, deferred), *todo]
            except ServerError as error:
                # Raised only by reads before a request or after one that NetBox refused completely: unless an earlier
                # request left doubt, nothing was written.
                settled = self._state.decided | {refused.item.change_id for refused in deferred}
                rest = [item for item in batch.items if item.change_id not in settled]
                unconfirmed = [item for item in rest if item.change_id in self._state.unconfirmed]
                self.verdicts.uncertain(unconfirmed, f"the answer was lost; {error}", None)
                self.verdicts.record_failure(
                    [item for item in rest if item not in unconfirmed], f"not written: {error}"
                )
        return deferred

    # -- one request -----------------------------------------------------------------------------

    def _once(self, batch: Batch, deferred: list[DeferredRefusal]) -> list[Batch]:
        head = batch.head
        denied = self._state.denied
        reason = denied.get(("*", "*")) or denied.get((head.object_type, head.action))
        if reason:
            self.verdicts.record_failure(batch.items, reason)
            return []
        items, stale, blocked = self._freshness.before_sending(batch.items)
        self.verdicts.stale(stale)
        deferred += [DeferredRefusal(item, text, None, "blocked") for item, text in blocked]
        if not items:
            return []
        # Checked as late as possible: reading takes time.
        if self._endpoint_lock.lost:
            self.verdicts.record_failure(items, f"not written: {self._endpoint_lock.lost}")
            return []
        batch = Batch(items, batch.attempt)
        method = _METHODS[head.action]
        operation = self._log.sending(method, f"/api/{head.object_type}/", items)
        guards = (
            [item.expected_last_updated for item in items if item.expected_last_updated]
            if self._netbox.supports_if_match
            else []
        )
        sent = elapsed()
        answer = self._netbox.write(method, head.object_type, [item.body for item in items], guards or None)
        if answer.timed_out or answer.status == 504:
            self.pace.late(batch.kind, len(items))
        elif answer.kind == "ok":
            # A refusal is fast whatever the size.
            self.pace.answered(batch.kind, len(items), elapsed() - sent)
        if answer.kind == "ok":
            return self._written(batch, answer, operation)
        if answer.kind == "refused":
            return self._refused(batch, answer, operation, deferred)
        return self._repeat(batch, answer, operation, sent)

    def _written(self, batch: Batch, answer: Answer, operation: str) -> list[Batch]:
        if batch.head.action == "delete":
            return self._deleted(batch, answer, operation)
        by_change = answered(batch, answer.content)
        pairs = [
            (item, self.verdicts.applied(item, by_change[item.change_id], answer.request_id))
            for item in batch.items
            if item.change_id in by_change
        ]
        self._state.record(pairs, operation)
        if self._journal is not None:
            for item, verdict in pairs:
                self._journal.add(item, verdict, by_change[item.change_id])
        rest = [item for item in batch.items if item.change_id not in by_change]
        if batch.head.action == "create":
            text = "NetBox answered that it created the batch, but not with this object"
            self.verdicts.uncertain(rest, text, operation)
        else:
            self._skipped(rest, operation)
        return []

    def _deleted(self, batch: Batch, answer: Answer, operation: str) -> list[Batch]:
        # NetBox answers 204 also for objects that it did not touch.
        ids = [item.netbox_id for item in batch.items if item.netbox_id]
        try:
            left = self._netbox.left(batch.head.object_type, ids)
        except ServerError as error:
            self.verdicts.uncertain(
                batch.items, f"deleted according to NetBox, but not verified: {error}", operation
            )
            return []
        gone = [item for item in batch.items if item.netbox_id not in left]
        pairs = [(item, self.verdicts.of(item, "applied", request_id=answer.request_id)) for item in gone]
        self._state.record(pairs, operation)
        if self._journal is not None:
            for item, verdict in pairs:
                self._journal.add(item, verdict, None)
        self._skipped([item for item in batch.items if item.netbox_id in left], operation)
        return []

    def _skipped(self, items: list[PendingWrite], operation: str) -> None:
        """Updates and deletes that NetBox ignored without an error."""
        if not items:
            return
        head = items[0]
        try:
            left = self._netbox.by_ids(
                head.object_type, [i.netbox_id for i in items if i.netbox_id], "id,created,last_updated"
            )
        except ServerError as error:
            self.verdicts.uncertain(items, f"NetBox passed over it without a reason: {error}", operation)
            return
        gone = [item for item in items if item.netbox_id not in left]
        self.verdicts.stale([(item, "the object is gone from NetBox") for item in gone], operation)
        self.verdicts.record_failure(
            [item for item in items if item.netbox_id in left],
            f"NetBox passed over it; the token's user may not {_PERMISSIONS[head.action]} this object",
            operation,
        )

    # -- refusals --------------------------------------------------------------------------------

    def _refused(
        self,
        batch: Batch,
        answer: Answer,
        operation: str,
        deferred: list[DeferredRefusal],
    ) -> list[Batch]:
        head = batch.head
        named = named_errors(answer, batch.items)
        if answer.status in (401, 403) and not named:
            self._bar(head, answer)
            return [batch]
        if answer.status not in _ONE_OBJECT and not named:
            self.verdicts.record_failure(batch.items, f"{answer.message} ({answer.status})", operation)
            return []
        if answer.status == 412:
            return self._moved(batch, operation)
        gone = missing(answer, batch.items)
        if gone:
            self._skipped(gone, operation)
            return batch.without({item.change_id for item in gone})
        if len(batch.items) == 1:
            named = {0: answer.message}
        if named:
            refused = [(batch.items[index], message) for index, message in named.items()]
            self._refuse(refused, operation, deferred)
            return batch.without({item.change_id for item, _ in refused})
        arrived = self._arrived(batch.items, operation)
        return batch.without(arrived) if arrived else batch.halves(batch.attempt)

    def _bar(self, head: PendingWrite, answer: Answer) -> None:
        # NetBox answers a wrong or expired token with 403 too.
        if answer.status == 401 or any(word in answer.message.lower() for word in _TOKEN_WORDS):
            self._state.denied["*", "*"] = f"NetBox refused the token: {answer.message}"
            return
        app, _, model = MODELS.get(head.object_type, "").partition(".")
        right = f"{app}.{_PERMISSIONS[head.action]}_{model}" if model else head.object_type
        self._state.denied[head.object_type, head.action] = (
            f"no permission {right}: {answer.message}; give the token's user that right"
        )

    def _moved(self, batch: Batch, operation: str) -> list[Batch]:
        """After 412: stale changes are dropped, the others are sent again."""
        items, stale = self._freshness.recheck(batch.items)
        self.verdicts.stale(stale, operation)
        if not items:
            return []
        if stale or [item.expected_last_updated for item in items] != [
            item.expected_last_updated for item in batch.items
        ]:
            return [Batch(items, batch.attempt)]
        if batch.attempt < ATTEMPTS:
            return Batch(items).halves(batch.attempt + 1)
        reason = "NetBox says that it was changed since the diff (412)"
        self.verdicts.stale([(item, reason) for item in items], operation)
        return []

    def _refuse(
        self, named: list[tuple[PendingWrite, str]], operation: str, deferred: list[DeferredRefusal]
    ) -> None:
        """Record the refusals of one answer; those that may succeed later are deferred."""
        try:
            arrived = self._arrived([item for item, _ in named], operation)
        except ServerError as error:
            arrived = self._state.unconfirmed
            for item, message in named:
                if item.change_id in arrived:
                    self.verdicts.uncertain([item], f"{message}; {error}", operation)
        for item, message in named:
            if item.change_id in arrived:
                continue
            if any(word in message.lower() for word in _MAY_PASS):
                deferred.append(DeferredRefusal(item, message, operation))
            else:
                self.verdicts.record_failure([item], message, operation)

    def _arrived(self, items: list[PendingWrite], operation: str) -> set[str]:
        """Record, after one read, changes whose earlier request arrived although its answer was lost. Raises
        ServerError."""
        unconfirmed = [item for item in items if item.change_id in self._state.unconfirmed]
        findings = self.settler.settle(unconfirmed)
        pairs = [
            (item, self.verdicts.conclusion(item, findings[item.change_id], "the answer was lost"))
            for item in unconfirmed
            if findings[item.change_id].state == "written"
        ]
        self._state.record(pairs, operation)
        return {item.change_id for item, _ in pairs}

    # -- answers that leave doubt ----------------------------------------------------------------

    def _repeat(self, batch: Batch, answer: Answer, operation: str, sent: float) -> list[Batch]:
        if answer.kind == "doubt":
            return self._settled(batch, answer, operation, sent)
        if batch.attempt >= ATTEMPTS:
            self.verdicts.record_failure(
                batch.items, f"not written after {ATTEMPTS} tries: {answer.message}", operation
            )
            return []
        self._state.stop.wait(pause(batch.attempt, answer.wait))
        return [Batch(batch.items, batch.attempt + 1)]

    def _settled(self, batch: Batch, answer: Answer, operation: str, sent: float) -> list[Batch]:
        # Only a 500 is NetBox's own word that it stopped. Any other answer is of a proxy, which may have given up
        # while NetBox goes on: Apache says 502 then, others 503, 504 or 524.
        running = answer.status != 500
        tries = 2 if answer.status == 500 and len(batch.items) == 1 else ATTEMPTS
        last = batch.attempt >= tries
        absent = self.settle_and_record(
            batch.items, answer.message, operation, sent=sent if running else None
        )
        if not absent:
            return []
        # Requests that the apply stopped waiting for may still arrive: they have no verdict yet.
        if last and not self._state.stop.is_set():
            self.verdicts.record_failure(absent, f"{answer.message}; NetBox does not have it", operation)
            return []
        self._state.stop.wait(pause(batch.attempt, answer.wait))
        again = Batch(absent, batch.attempt + 1)
        return again.halves(again.attempt) if answer.status == 500 or answer.timed_out else [again]

    def settle_and_record(
        self,
        items: list[PendingWrite],
        why: str,
        operation: str,
        *,
        sent: float | None,
        report: Report | None = None,
    ) -> list[PendingWrite]:
        """Read NetBox for changes without an answer; record their results and return those that were not written.

        ``sent``: when the request was sent, by the machine's clock, if NetBox may still be working on it; None if
        NetBox said that it stopped. Until such a request cannot be running, NetBox is read repeatedly, whatever the
        change: sending it again would at least double the work of a slow NetBox. If NetBox cannot be read, the verdict
        is ``uncertain`` and the next apply settles it.
        """
        self._state.unconfirmed.update(item.change_id for item in items)
        attempt = 1
        rest = items
        while True:
            left = 0.0 if sent is None else self._longest - (elapsed() - sent)
            over = left <= 0 or self._state.stop.is_set()
            try:
                rest = self._still_absent(rest, why, operation, report)
            except ServerError as error:
                # All workers of a slow NetBox may be busy with these requests.
                if over:
                    self.verdicts.uncertain(rest, f"{why}; {error}", operation, report=report)
                    return []
            if over or not rest:
                return rest
            self._state.stop.wait(min(left, max(pause(attempt), self._longest * _LOOKS)))
            attempt += 1

    def _still_absent(
        self, items: list[PendingWrite], why: str, operation: str, report: Report | None
    ) -> list[PendingWrite]:
        """Read NetBox once; record certain results and return the changes that it does not have. Raises ServerError."""
        findings = self.settler.settle(items)
        decided = [(item, findings[item.change_id]) for item in items]
        pairs = [
            (item, self.verdicts.conclusion(item, found, why)) for item, found in decided if not found.absent
        ]
        self._state.record(pairs, operation, report=report)
        return [item for item, found in decided if found.absent]
