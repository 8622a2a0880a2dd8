"""What was done outside of Dagster's runs, from the ledger and the warehouse, as events of Dagster's assets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster as dg

from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.compare.plan import DiffRow, load_plan
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.defs.keys import RESOURCES_OF, apply_key, diff_key
from netbox_sync_dagster.defs.markdown import markdown_value
from netbox_sync_dagster.defs.metadata import SHOWN, changes_table
from netbox_sync_dagster.defs.shown import shown
from netbox_sync_dagster.defs.syncing import materializations
from netbox_sync_dagster.storage import Manifest, Warehouse, WarehouseError
from netbox_sync_dagster.storage.connections import named_rows
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.sync import Outcome

if TYPE_CHECKING:
    import duckdb

Event = dg.AssetMaterialization | dg.AssetObservation
# Of the verdicts on changes, in the order in which people read them.
_VERDICTS = ("applied", "stale", "failed", "blocked", "uncertain")


class Written(NamedTuple):
    """What was decided and applied after a number of the warehouse's sequence, until ``seq``."""

    seq: int
    decisions: list[dict[str, Any]]
    applies: list[dict[str, Any]]

    @property
    def endpoints(self) -> set[str]:
        """Whose changes were decided or applied."""
        return {row["endpoint"] for row in (*self.decisions, *self.applies)}


def written_after(warehouse: Warehouse, seq: int | None) -> Written:
    """Decisions and finished applies after ``seq``; with None only the number of the last one.

    decisions: endpoint, resource, decision, who, through, comment, changes, seq, one row per decision and resource.
    applies: endpoint, resource, apply_id, who, through, undoes, finished, run_id, seq and the number of each verdict, one
    row per apply and resource.
    """

    def read(con: duckdb.DuckDBPyConnection) -> Written:
        row = con.execute(
            """select greatest(coalesce((select max(seq) from ledger.approvals), 0),
                coalesce((select max(seq) from ledger.applies where finished is not null), 0))"""
        ).fetchone()
        last = int(row[0]) if row else 0
        if seq is None or last <= seq:
            return Written(max(last, seq or 0), [], [])
        decisions = con.execute(
            """select endpoint, resource, any_value(decision) as decision, any_value(who) as who,
                any_value(through) as through, any_value(comment) as comment,
                count(*) as changes, max(seq) as seq
            from ledger.approvals where seq > ?
            group by approval_id, endpoint, resource order by max(seq), resource""",
            [seq],
        )
        found = named_rows(decisions)
        counts = ", ".join(f"count(*) filter (v.verdict = '{name}') as {name}" for name in _VERDICTS)
        applies = con.execute(
            f"""select a.endpoint, v.resource, a.apply_id, a.who, a.through, a.undoes, a.finished, a.run_id, a.seq, {counts}
            from ledger.applies a join ledger.verdicts v using (apply_id)
            where a.seq > ? and a.finished is not null group by all order by a.seq, v.resource""",
            [seq],
        )
        return Written(last, found, named_rows(applies))

    return ask(warehouse, read)


def events_of(written: Written, endpoints: dict[str, Endpoint]) -> Iterator[Event]:
    """Decisions as observations of diff assets; applies that no run of Dagster made as materializations of apply assets, or
    as observations if a change was not applied."""
    for row in written.decisions:
        endpoint = endpoints.get(row["endpoint"])
        # A sync shows what its policy approved.
        by_policy = row["through"] == "policy"
        if endpoint is None or by_policy or row["resource"] not in RESOURCES_OF[endpoint.kind]:
            continue
        found = {
            "decision": row["decision"],
            "changes": row["changes"],
            "who": row["who"],
            "through": row["through"],
            "comment": row["comment"],
        }
        yield dg.AssetObservation(
            diff_key(endpoint.kind, row["resource"]), partition=endpoint.name, metadata=_known(found)
        )
    for row in written.applies:
        endpoint = endpoints.get(row["endpoint"])
        # A run has reported its own.
        if endpoint is None or row["run_id"] or row["resource"] not in RESOURCES_OF[endpoint.kind]:
            continue
        found = {name: row[name] for name in _VERDICTS if row[name]} | {
            "apply": row["apply_id"],
            "who": row["who"],
            "through": row["through"],
            "reverts": row["undoes"],
        }
        good = not any(row[name] for name in _VERDICTS if name != "applied")
        kind = dg.AssetMaterialization if good else dg.AssetObservation
        yield kind(apply_key(endpoint.kind, row["resource"]), partition=endpoint.name, metadata=_known(found))


def syncs_of(
    config: Config, warehouse: Warehouse, endpoints: Sequence[Endpoint]
) -> Iterator[dg.AssetMaterialization]:
    """The snapshots and diffs of these endpoints that Dagster does not know yet."""
    outcomes = []
    for endpoint in endpoints:
        with suppress(WarehouseError):
            manifest = Manifest(**warehouse.manifest(warehouse.snapshots(endpoint.kind, endpoint.name)))
            plan = load_plan(warehouse, endpoint.name)
            outcomes.append(
                Outcome(endpoint.name, endpoint.kind, manifest=manifest, diff=plan.manifest, plan=plan)
            )
    yield from materializations(config, warehouse, outcomes)


def waiting(
    config: Config, warehouse: Warehouse, endpoint: Endpoint, shown_before: Collection[str]
) -> dict[str, dg.AssetObservation]:
    """What is approved and not applied: {resource: an observation of its apply asset}.

    ``shown_before``: resources that were shown as waiting; one of which nothing waits now is shown with 0.
    """
    rows: dict[str, list[DiffRow]] = {resource: [] for resource in shown_before}
    with suppress(WarehouseError):
        plan = with_parts(warehouse, load_plan(warehouse, endpoint.name))
        known = plan.by_id()
        for change_id in approved(warehouse, endpoint.name, plan):
            rows.setdefault(known[change_id].resource, []).append(known[change_id])
    return {
        resource: dg.AssetObservation(
            apply_key(endpoint.kind, resource),
            partition=endpoint.name,
            metadata=_waiting(changes, config.netbox.base_url),
        )
        for resource, changes in rows.items()
    }


def _waiting(changes: list[DiffRow], base_url: str) -> dict[str, Any]:
    found: dict[str, Any] = {"approved and waiting": len(changes)}
    if changes:
        more = f"\n\n… and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
        found["changes"] = markdown_value(changes_table(changes[:SHOWN], base_url) + more)
    return shown(found)


def diff_ids(warehouse: Warehouse, endpoints: Sequence[Endpoint]) -> dict[str, tuple[str, bool]]:
    """{endpoint: (its current diff, whether a run of Dagster made it)}."""
    found = {}
    for endpoint in endpoints:
        with suppress(WarehouseError):
            manifest = warehouse.manifest(warehouse.diffs(endpoint.name))
            found[endpoint.name] = (str(manifest["diff_id"]), bool(manifest.get("run")))
    return found


def _known(metadata: dict[str, Any]) -> dict[str, Any]:
    return shown({name: value for name, value in metadata.items() if value})
