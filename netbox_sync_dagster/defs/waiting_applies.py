"""A tick of the sensor ``apply_when_approved``: the applies to start, or why there is none."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import dagster as dg

from netbox_sync_dagster.apply.pending_approvals import not_taken_up
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config import ConfigError, Endpoint
from netbox_sync_dagster.defs.keys import ENDPOINT_TAG
from netbox_sync_dagster.defs.loaded_kinds import LOADED_KINDS, not_loaded
from netbox_sync_dagster.defs.partitions import partition_keys
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.runs import Busy, in_flight
from netbox_sync_dagster.defs.shown import LONGEST, skip
from netbox_sync_dagster.explain import sentence
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.ledger import applies_folder, approvals_folder
from netbox_sync_dagster.storage.verify import look
from netbox_sync_dagster.sync.scheduling import clock
from netbox_sync_dagster.text import visible

# Pauses before an apply of the same changes is started again, if it ended without a verdict on them.
_FIRST_PAUSE, _LONGEST_PAUSE = 60, 3600


@dataclass(frozen=True)
class Memory:
    """What the sensor remembers of one endpoint.

    ``seen``: the state of the files when nothing was ready. ``ids``: a digest of the changes of the last apply that it
    started, for the ``tries``-th time at ``at`` (seconds since 1970).
    """

    seen: str = ""
    ids: str = ""
    tries: int = 0
    at: float = 0

    @property
    def again_at(self) -> float:
        """When an apply of the same changes may be started again."""
        return self.at + min(_FIRST_PAUSE * 2.0 ** min(self.tries - 1, 10), _LONGEST_PAUSE)


def start_applies(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
    """One apply per endpoint with approved changes that no apply has taken up."""
    try:
        config = sync.config()
    except ConfigError as error:
        return skip(sentence(error))
    wanted = [item for item in config.endpoints if item.enabled and item.policies.apply_approved]
    if not wanted:
        return skip("no enabled endpoint has policies.apply_approved")
    running = in_flight(context.instance)
    remembered = _remembered(context.cursor)
    memory: dict[str, Memory] = {}
    warehouse = sync.warehouse(config)
    requests, why = [], []
    for endpoint in wanted:
        name = endpoint.name
        if endpoint.kind not in LOADED_KINDS:
            why.append(f"{name}: {not_loaded(config)}")
            continue
        if name not in partition_keys(context.instance, endpoint.kind):
            why.append(f"{name}: not a partition yet (the sensor `endpoints` adds it)")
            continue
        before = remembered.get(name, Memory())
        memory[name], request, text = _look(warehouse, endpoint, running.get(name), before, now().timestamp())
        if request is not None:
            requests.append(request)
        elif text:
            why.append(f"{name}: {text}")
    cursor = json.dumps({name: item.__dict__ for name, item in sorted(memory.items())})
    if requests:
        return dg.SensorResult(run_requests=requests, cursor=cursor)
    return dg.SensorResult(
        skip_reason=visible("; ".join(why) or "no approved change waits", LONGEST), cursor=cursor
    )


def _look(
    warehouse: Warehouse, endpoint: Endpoint, busy: Busy | None, before: Memory, moment: float
) -> tuple[Memory, dg.RunRequest | None, str]:
    """What to remember of one endpoint, and the apply to start or the reason for none."""
    if busy is not None:
        return before, None, busy.sentence
    state = _files(warehouse, endpoint.name)
    if state == before.seen:
        return before, None, ""
    diff_id, ids, gates, alone = _ready(warehouse, endpoint.name)
    if not ids:
        text = (
            f"{alone} approved changes wait for another person (policies.second_approver, policies.approvers)"
            if alone
            else ""
        )
        return (before if alone else Memory(seen=state)), None, text
    against = "; ".join(gates) or look(warehouse).sentence
    if against:
        return before, None, f"{len(ids)} approved changes wait; {against}"
    digest = hashlib.sha256(" ".join(ids).encode()).hexdigest()[:16]
    same = digest == before.ids
    # A later date than now comes from a clock that was ahead.
    if same and before.at <= moment < before.again_at:
        text = (
            f"the apply has ended without a verdict on {len(ids)} approved changes; started again at "
            f"{clock(before.again_at)}"
        )
        return before, None, text
    memory = Memory(ids=digest, tries=before.tries + 1 if same else 1, at=moment)
    request = dg.RunRequest(
        run_key=f"{endpoint.name} {diff_id} {digest} {moment:.0f} {secrets.token_hex(4)}",
        job_name=f"apply_{endpoint.kind}",
        partition_key=endpoint.name,
        tags={ENDPOINT_TAG: endpoint.name},
    )
    return memory, request, ""


def _ready(warehouse: Warehouse, name: str) -> tuple[str, list[str], list[str], int]:
    """The endpoint's diff, its changes that may be applied, why they may not be, and the number that need a second
    person."""
    try:
        plan = load_plan(warehouse, name)
    except WarehouseError:
        return "", [], [], 0
    ids, alone = not_taken_up(warehouse, plan)
    return plan.diff_id, ids, plan.manifest["gates"], len(alone)


def _files(warehouse: Warehouse, name: str) -> str:
    """Changes with a new diff, decision or verdict. Expiring approvals do not matter: they only make fewer changes
    ready."""
    parts = []
    for path in (warehouse.diffs(name) / "current", applies_folder(warehouse, name)):
        parts.append(str(path.lstat().st_mtime_ns) if path.is_symlink() or path.exists() else "")
    for path in sorted(approvals_folder(warehouse, name).glob("*.jsonl"))[-1:]:
        parts.append(f"{path.name} {path.stat().st_size}")
    return " ".join(parts)


def _remembered(cursor: str | None) -> dict[str, Memory]:
    try:
        content: dict[str, dict[str, Any]] = json.loads(cursor or "{}")
        return {name: Memory(**item) for name, item in content.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
