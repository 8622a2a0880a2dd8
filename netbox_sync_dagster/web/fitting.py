"""Which decisions alter anything about a change in a state."""

from __future__ import annotations

from netbox_sync_dagster.approve.records import DECISIONS

_FITTING = {
    "approve": ("waiting", "approval expired", "approved"),
    "reject": ("waiting", "approval expired", "approved"),
    "withdraw": ("approved", "rejected", "approval expired"),
}


def fits(decision: str, state: str | None) -> bool:
    """Whether the decision would alter anything about a change in this state; rows that are no changes have none."""
    return state in _FITTING[decision]


def possible(state: str | None) -> list[str]:
    """The decisions that fit this state."""
    return [decision for decision in DECISIONS if fits(decision, state)]
