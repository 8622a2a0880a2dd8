"""Makes the verdicts on changes, in one place, and records them in the ledger first."""

from __future__ import annotations

from netbox_sync_dagster.apply.already import Already
from netbox_sync_dagster.apply.changes import PendingWrite, Verdict
from netbox_sync_dagster.apply.client import NetBoxWriter, Object
from netbox_sync_dagster.apply.natural_keys import differing
from netbox_sync_dagster.apply.outcomes import Outcome, OutcomeResolver
from netbox_sync_dagster.apply.state import ApplyState, Report


class Verdicts:
    """Makes and records verdicts for one apply. Thread-safe."""

    def __init__(
        self, netbox: NetBoxWriter, state: ApplyState, settler: OutcomeResolver, already: Already
    ) -> None:
        self._netbox = netbox
        self._state = state
        self._settler = settler
        self._already = already

    def of(self, item: PendingWrite, verdict: str, message: str = "", **more: object) -> Verdict:
        """A verdict, not recorded; ``more``: other fields of ``Verdict``."""
        weak = item.action != "create" and not self._netbox.supports_if_match
        content = {"netbox_id": item.netbox_id, "weak_guard": weak, **more}
        return Verdict(item.change_id, item.resource, item.action, item.key, verdict, message, **content)  # type: ignore[arg-type]

    def applied(self, item: PendingWrite, row: Object, request_id: str | None) -> Verdict:
        """The verdict on a change after NetBox answered with this object, not recorded."""
        other = differing(item.body, row)
        message = f"NetBox took it and shows another value of {', '.join(other)}" if other else ""
        return self.of(
            item,
            "applied",
            message,
            netbox_id=row["id"],
            last_updated=row.get("last_updated"),
            request_id=request_id,
        )

    def conclusion(self, item: PendingWrite, finding: Outcome, why: str) -> Verdict:
        """The verdict on a change for which NetBox was read because of ``why``, not recorded."""
        if finding.state == "written":
            return self.of(
                item,
                "applied",
                f"{why}; found in NetBox",
                netbox_id=finding.netbox_id,
                last_updated=finding.last_updated,
                request_id=finding.request_id,
            )
        verdict = "stale" if finding.state == "moved" else "uncertain"
        return self.of(item, verdict, f"{why}; {finding.message}")

    def record_failure(
        self,
        items: list[PendingWrite],
        message: str,
        operation: str | None = None,
        *,
        report: Report | None = None,
        verdict: str = "failed",
    ) -> None:
        """Record that these changes failed."""
        pairs = [(item, self.of(item, verdict, message)) for item in items]
        self._state.record(pairs, operation, report=report)

    def uncertain(
        self, items: list[PendingWrite], message: str, operation: str | None, *, report: Report | None = None
    ) -> None:
        """Record that these changes may or may not be written; the next apply finds out."""
        pairs = [(item, self.of(item, "uncertain", message, open=True)) for item in items]
        self._state.record(pairs, operation, report=report)

    def stale(self, stale: list[tuple[PendingWrite, str]], operation: str | None = None) -> None:
        """Record these objects as stale, each with its reason, unless our own write changed them.

        Raises ServerError where NetBox cannot be read.
        """
        unconfirmed = [item for item, _ in stale if item.change_id in self._state.unconfirmed]
        # A write that looks like somebody else's may be our own earlier request that arrived late.
        findings = self._settler.settle(unconfirmed)
        done = self._already.done([item for item, _ in stale if item not in unconfirmed])
        pairs = []
        for item, message in stale:
            finding = findings.get(item.change_id)
            if finding is not None and finding.state == "written":
                pairs.append((item, self.conclusion(item, finding, "the answer was lost")))
            elif item.change_id in done:
                there = done[item.change_id]
                seen = {"netbox_id": there.netbox_id, "last_updated": there.last_updated}
                pairs.append((item, self.of(item, "applied", there.message, already=True, **seen)))
            else:
                pairs.append((item, self.of(item, "stale", message)))
        self._state.record(pairs, operation)
