"""Which answers about a guest need not be asked for again: its snapshots, and what its agent or container shows.

A guest's configuration file holds its snapshots too, and the ``digest`` that /config answers is the SHA-1 of the whole file:
with the same digest the list of snapshots is the same. What a running guest shows of its addresses has no such proof; it is
kept for ``agent_minutes`` if the user sets them, and only as long as the guest was not restarted, migrated or reconfigured.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from netbox_sync_dagster.sources.kept_answers import KeptAnswers, proof_of
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint

SNAPSHOTS = "snapshots"
# What a guest shows is in two tables.
AGENT = "guest_addresses"
AGENT_TABLES = (AGENT, "guest_agent_interfaces")
# Node and guest are sampled at different moments of one round, which begins every ten seconds.
_SAMPLED_WITHIN = 30
# A guest that was started this short a time ago may not show everything yet; and when a guest that has run longer is
# restarted, its start moves by more than _SAMPLED_WITHIN.
BOOTING_SECONDS = 300


def kept_answers(endpoint: ProxmoxEndpoint, last: LastSnapshot, *, alone: bool) -> KeptAnswers:
    """The answers about guests that the last snapshot holds."""
    return KeptAnswers(last, (SNAPSHOTS, *AGENT_TABLES, "guests"), endpoint.full_read_hours, alone=alone)


def proof_of_snapshots(config: dict[str, Any]) -> str | None:
    """Changes with the list of a guest's snapshots; None where the configuration names no digest."""
    return str(config["digest"]) if config.get("digest") else None


class Showing(NamedTuple):
    """What a running guest shows stays the same as long as these do. ``started``: in seconds of the node's uptime."""

    settings: str
    digest: str
    node: str
    started: int

    @classmethod
    def of(
        cls,
        endpoint: ProxmoxEndpoint,
        node: str,
        config: dict[str, Any],
        uptime: int | None,
        node_uptime: int | None,
    ) -> Showing | None:
        """None where something is unknown, or the guest has just been started."""
        digest = config.get("digest")
        if not digest or uptime is None or node_uptime is None or uptime < BOOTING_SECONDS:
            return None
        policies = endpoint.policies
        settings = proof_of(policies.link_local_ipv4, "ip_addresses.dns_name" in policies.owns)
        return cls(settings, str(digest), node, node_uptime - uptime)

    def proof(self, kept: KeptAnswers, vmid: int) -> str:
        """As text; that of the answer which the last snapshot holds, if it is the same."""
        before = kept.proof(AGENT, vmid)
        if before is not None:
            *rest, started = before.split()
            if rest == list(self[:-1]) and abs(int(started) - self.started) <= _SAMPLED_WITHIN:
                return before
        return f"{self.settings} {self.digest} {self.node} {self.started}"


def agents_kept_for(endpoint: ProxmoxEndpoint) -> timedelta:
    """How long what a guest shows is kept."""
    return timedelta(minutes=endpoint.agent_minutes)
