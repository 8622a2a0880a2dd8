"""How many people have to agree to a change, of which groups, and whether they have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.approve.people import Actor, may_be_one, why_alone

if TYPE_CHECKING:
    from netbox_sync_dagster.config.policies import Policies


@dataclass(frozen=True)
class Agreement:
    """``second``: two people, one of whom may be the one who applies. ``at_least`` people of ``groups`` have to approve; 0
    asks for none. ``trusted_names``: different names are different people."""

    second: bool = False
    trusted_names: bool = False
    groups: tuple[str, ...] = ()
    at_least: int = 0

    @classmethod
    def of(cls, policies: Policies) -> Agreement:
        """What an endpoint's policies ask for."""
        wanted = policies.approvers
        return cls(
            policies.second_approver,
            policies.trusted_names,
            tuple(wanted.groups) if wanted else (),
            wanted.at_least if wanted else 0,
        )

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Agreement:
        """From a line of the ledger; lines of older versions have no ``approvers``."""
        wanted = line.get("approvers") or {}
        return cls(
            bool(line.get("second")),
            bool(line.get("trusted_names")),
            tuple(wanted.get("groups") or ()),
            int(wanted.get("at_least") or 0),
        )

    def to_json(self) -> dict[str, Any]:
        """The fields of a line of the ledger."""
        approvers = {"groups": list(self.groups), "at_least": self.at_least} if self.at_least else None
        return {"second": self.second, "trusted_names": self.trusted_names, "approvers": approvers}


def proven_groups(actor: Actor, policies: Policies, netbox_groups: Collection[str] = ()) -> tuple[str, ...]:
    """The groups of ``policies.approvers`` that the actor is known to be in.

    On the review page NetBox says so (``netbox_groups``); elsewhere ``approvers.members`` does, by the user of the operating
    system, or by the given name with ``trusted_names``.
    """
    wanted = policies.approvers
    if wanted is None or actor.is_program:
        return ()
    if actor.through == "web":
        return tuple(group for group in wanted.groups if group in netbox_groups)
    name = actor.name if policies.trusted_names else actor.person
    return tuple(group for group in wanted.groups if name and name in wanted.members.get(group, ()))


def why_no_approver(actor: Actor, policies: Policies) -> str | None:
    """Why the approval of this person would not count; ``actor`` has the groups that are proven."""
    if policies.approvers is None or actor.is_program or actor.groups:
        return None
    groups = ", ".join(policies.approvers.groups)
    if actor.through == "web":
        how = "NetBox does not show that"
    elif actor.person or policies.trusted_names:
        how = "policies.approvers.members does not say that"
    else:
        how = f"{actor.name} is only a name that was given, so nothing proves that"
    return f"policies.approvers asks for approvals of the groups {groups}, and {how} {actor.name} is in one of them"


def rules_of(given: Agreement, policies: Policies | None) -> list[Agreement]:
    """What an apply has to observe: what was asked for at the approval (``given``), and what the policies ask for now."""
    if policies is None:
        return [given]
    current = Agreement.of(policies)
    # What was asked for at the approval is asked for still; who counts as two people, the policies say.
    return [replace(given, trusted_names=current.trusted_names), current]


def why_not_agreed(approvers: Iterable[Actor], applier: Actor, rules: Iterable[Agreement]) -> str | None:
    """Why not everybody has agreed to what ``applier`` is about to write that these rules ask for; None if they have."""
    voices = list(approvers)
    for rule in rules:
        why = _why_too_few(voices, rule) if rule.at_least else None
        if why is None and rule.second:
            why = why_alone(voices, applier, trusted_names=rule.trusted_names)
        if why is not None:
            return why
    return None


def _why_too_few(voices: list[Actor], rule: Agreement) -> str | None:
    counted = [
        voice for voice in voices if not voice.is_program and not set(rule.groups).isdisjoint(voice.groups)
    ]
    found = _people(counted, rule)
    if found >= rule.at_least:
        return None
    names = ", ".join(dict.fromkeys(voice.name for voice in counted)) or "nobody"
    groups = ", ".join(rule.groups)
    people = "person" if rule.at_least == 1 else "people"
    return (
        f"policies.approvers asks for the approval of {rule.at_least} {people} of the groups {groups}; {found} of them "
        f"{'has' if found == 1 else 'have'} approved ({names})"
    )


def _people(voices: list[Actor], rule: Agreement) -> int:
    """How many of the voices are certainly different people, at most as many as the rule asks for."""
    # The same person may have approved several times.
    unique = list({(voice.through, voice.name, voice.person): voice for voice in voices}.values())
    for number in range(min(rule.at_least, len(unique)), 1, -1):
        for chosen in combinations(unique, number):
            if not any(may_be_one(a, b, rule.trusted_names) for a, b in combinations(chosen, 2)):
                return number
    return min(len(unique), 1)
