"""The state of an apply: verdicts, new ids, objects changed by its own writes, and denied kinds of writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event, Lock

from netbox_sync_dagster.apply.changes import PendingWrite, Verdict
from netbox_sync_dagster.apply.ledger import Applied, ApplyLog
from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_dagster.compare.values import Reference

Report = Callable[[Verdict], None]
_Object = tuple[str, int]


class ApplyState:
    """Shared by the threads of one apply. Every verdict goes through ``record``, into the ledger first."""

    def __init__(self, plan: Plan, log: ApplyLog, on_verdict: Report, stop: Event | None = None) -> None:
        self._log = log
        self._on_verdict = on_verdict
        self._lock = Lock()
        self._rows: dict[str, DiffRow] = plan.by_id()
        self._moved: dict[_Object, str] = {}
        self._created: set[_Object] = set()
        # The change that created each object.
        self._makers: dict[_Object, str] = {}
        # Set if the apply must end early.
        self.stop = stop or Event()
        # Verdicts of this apply, and `applied` of earlier ones, by change id.
        self.outcomes: dict[str, str] = {}
        self.ids: dict[Reference, int] = {}
        # Changes with a verdict of this apply.
        self.decided: set[str] = set()
        self._own_requests: set[str] = set()
        # Changes that were sent at least once without a clear answer.
        self.unconfirmed: set[str] = set()
        # (object type, action) that NetBox does not permit, and ("*", "*") for a refused token.
        self.denied: dict[tuple[str, str], str] = {}

    def remember(self, applied: Iterable[Applied]) -> None:
        """Load the results of earlier applies of this plan's changes, oldest first."""
        for item in applied:
            row = self._rows.get(item.change_id)
            if row is not None:
                self._note(row.action, row.resource, row.key, row.object_type, item)

    def expected_last_updated(self, object_type: str, netbox_id: int, seen: str | None) -> str | None:
        """The ``last_updated`` that an object must have: the diff's, or that of our own write since."""
        with self._lock:
            return self._moved.get((object_type, netbox_id), seen)

    def is_applied(self, change_id: str) -> bool:
        """Whether the change was applied, by this apply or an earlier one."""
        return self.outcomes.get(change_id) == "applied"

    def created(self, object_type: str, netbox_id: int) -> bool:
        """Whether this apply created the object in a request with a clear answer."""
        with self._lock:
            return (object_type, netbox_id) in self._created

    def created_by(self, object_type: str, netbox_id: int) -> str | None:
        """The change of this plan that created the object, if any."""
        with self._lock:
            return self._makers.get((object_type, netbox_id))

    def own_requests(self) -> set[str]:
        """The ids of the requests by which this product applied changes of this plan."""
        with self._lock:
            return set(self._own_requests)

    def record(
        self,
        pairs: list[tuple[PendingWrite, Verdict]],
        operation: str | None = None,
        *,
        report: Report | None = None,
    ) -> None:
        """Write verdicts to the ledger and take them into account.

        ``report`` receives verdicts on changes that an earlier apply left open; without it they belong to this apply.
        """
        if not pairs:
            return
        self._log.verdicts(pairs, operation)
        for item, verdict in pairs:
            with self._lock:
                self.outcomes[item.change_id] = verdict.verdict
                if report is None:
                    self.decided.add(item.change_id)
                if verdict.verdict == "applied":
                    done = Applied(
                        item.change_id, verdict.netbox_id, verdict.last_updated, verdict.request_id
                    )
                    self._note(item.action, item.resource, item.key, item.object_type, done)
                    certain = (
                        report is None and item.change_id not in self.unconfirmed and not verdict.already
                    )
                    if item.action == "create" and certain and done.netbox_id is not None:
                        self._created.add((item.object_type, done.netbox_id))
            (report or self._on_verdict)(verdict)

    def _note(self, action: str, resource: str, key: str, object_type: str, done: Applied) -> None:
        self.outcomes[done.change_id] = "applied"
        if done.request_id is not None:
            self._own_requests.add(done.request_id)
        if done.netbox_id is None:
            return
        if action == "create":
            self.ids[(resource, key)] = done.netbox_id
            self._makers[(object_type, done.netbox_id)] = done.change_id
        if done.last_updated is not None:
            self._moved[(object_type, done.netbox_id)] = done.last_updated
