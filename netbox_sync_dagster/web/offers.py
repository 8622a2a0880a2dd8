"""What can be decided on the rows of a list, and how many of them: the page offers nothing that would be refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from netbox_sync_dagster.approve.agreement import proven_groups, why_no_approver
from netbox_sync_dagster.approve.fitting import possible
from netbox_sync_dagster.approve.limits import other_netbox
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.approve.records import DECISIONS
from netbox_sync_dagster.compare.plan import PlanHead
from netbox_sync_dagster.config import Policies
from netbox_sync_dagster.web.plans import ShownRow, StateCount
from netbox_sync_dagster.web.query import RowQuery
from netbox_sync_dagster.web.rights import Rights
from netbox_sync_dagster.web.visit import Visit

_DONE = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}


def _none() -> dict[str, int]:
    return dict.fromkeys(DECISIONS, 0)


@dataclass
class Offer:
    """What can be decided on the rows of a list. ``rows``: how many match; ``numbers``: by decision, how many of them are
    changes that it fits and that the person may write; ``deletes``: how many of these are deletes that *all that match*
    leaves out, because the filter does not name them. The other rows: ``asking`` by action (conflict, blocked, drifted,
    acknowledged), ``not_yours``, and changes in a state that does not fit. ``closed``: why nothing can be approved."""

    closed: str | None
    rows: int = 0
    numbers: dict[str, int] = field(default_factory=_none)
    deletes: dict[str, int] = field(default_factory=_none)
    approved: int = 0
    rejected: int = 0
    asking: dict[str, int] = field(default_factory=dict)
    not_yours: int = 0

    @property
    def is_empty(self) -> bool:
        """Nothing can be decided."""
        return not any(self.numbers.values())

    def of_all(self, decision: str) -> int:
        """How many changes the decision covers if it is made on all that match."""
        return self.numbers[decision] - self.deletes[decision]

    @property
    def covers_all(self) -> bool:
        """*All that match* is more than nothing."""
        return any(self.of_all(decision) for decision in DECISIONS)

    @property
    def leaves_deletes(self) -> bool:
        """*All that match* leaves deletes out."""
        return any(self.deletes.values())

    @property
    def sentence(self) -> str:
        """How many of the rows can be approved, or else rejected or withdrawn, and what about the others."""
        main = next((name for name, number in self.numbers.items() if number), "approve")
        parts = []
        if main == "approve" and 0 < self.approved < self.numbers[main]:
            parts.append(f"{self.approved:,} of them approved already")
        if main == "approve" and self.rejected:
            parts.append(f"{self.rejected:,} rejected")
        if self.deletes[main]:
            parts.append(f"{_many(self.deletes[main], 'delete')} only if ticked, or filtered by delete")
        if self.asking:
            parts.append(_asking(self.asking))
        if self.not_yours:
            parts.append(f"{self.not_yours:,} not for you to write in NetBox")
        start = f"Nothing can be approved: {self.closed}. " if self.closed else ""
        return f"{start}{self._how_many(main)}{': ' if parts else ''}{'; '.join(parts)}."

    def _how_many(self, main: str) -> str:
        number, done = self.numbers[main], _DONE[main]
        if not number:
            return f"None of {self.rows:,} rows can be {done}" if self.rows != 1 else f"It cannot be {done}"
        rows = f"{number:,} of {_many(self.rows, 'row')}" if number < self.rows else _many(number, "row")
        return f"{rows} can be {done}{' again' if main == 'approve' and number == self.approved else ''}"


def offer_for(counts: Iterable[StateCount], query: RowQuery, rights: Rights, closed: str | None) -> Offer:
    """What can be decided on the rows that match. ``closed``: why nothing of the plan can be approved, or None."""
    found = Offer(closed)
    for one in counts:
        found.rows += one.rows
        if one.state is None:
            found.asking[one.action] = found.asking.get(one.action, 0) + one.rows
        elif not rights.may_write(one.object_type, one.action):
            found.not_yours += one.rows
        else:
            found.approved += one.rows * (one.state == "approved")
            found.rejected += one.rows * (one.state == "rejected")
            for decision in possible(one.state):
                if decision != "approve" or closed is None:
                    found.numbers[decision] += one.rows
                    found.deletes[decision] += one.rows * (one.action == "delete" != query.action)
    return found


@dataclass(frozen=True)
class RowOffer:
    """What can be decided on one change, and ``why_not`` the rest, or None."""

    decisions: list[str]
    why_not: str | None


def offer_for_row(visit: Visit, head: PlanHead, one: ShownRow) -> RowOffer:
    """What this person can decide on a row. Which objects NetBox lets him write, the next page says."""
    decisions, row = possible(one.state), one.row
    if decisions and not visit.rights.may_write(row.object_type, row.action):
        what = f"{row.action} {row.resource.replace('_', ' ')}"
        return RowOffer([], f"NetBox does not let {visit.session.user} {what}")
    closed = closed_for(visit, head)
    if closed is None or "approve" not in decisions:
        return RowOffer(decisions, None)
    return RowOffer([name for name in decisions if name != "approve"], f"it cannot be approved: {closed}")


def _asking(numbers: dict[str, int]) -> str:
    """``2 conflict and 1 drifted rows ask something first``"""
    *first, last = [f"{number:,} {action}" for action, number in numbers.items()]
    total = sum(numbers.values())
    named = f"{', '.join(first)} and {last}" if first else last
    return f"{named} row{'s ask' if total != 1 else ' asks'} something first"


def closed_for(visit: Visit, head: PlanHead) -> str | None:
    """Why this person can approve nothing of the plan, whatever the change; None if there is no such reason."""
    if head.gates:
        return "the diff failed its checks"
    if other := other_netbox(head.manifest, visit.config.netbox):
        return other
    policies = visit.config.endpoint(head.endpoint).policies
    by = Actor(visit.session.user, "web", login_by=visit.session.login_by)
    groups = proven_groups(by, policies, groups_of(visit, policies))
    return why_no_approver(replace(by, groups=groups), policies)


def groups_of(visit: Visit, policies: Policies) -> frozenset[str]:
    """The person's groups in NetBox, where the policies ask for some."""
    return visit.rights.groups() if policies.approvers is not None else frozenset()


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' if number != 1 else ''}"
