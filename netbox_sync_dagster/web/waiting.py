"""What waits for one person: changes to decide on, rows that ask something, and approvals of others that need one more person."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from netbox_sync_dagster.apply.pending_approvals import not_taken_up
from netbox_sync_dagster.approve.agreement import Agreement, proven_groups
from netbox_sync_dagster.approve.parts import with_parts
from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.approve.records import approved
from netbox_sync_dagster.compare.plan import ASKING_ACTIONS, load_plan
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.web.rights import Rights

# Reading a whole plan takes about a second per 100,000 rows.
_MOST_ROWS = 20_000


@dataclass(frozen=True)
class Waiting:
    """Of one endpoint: ``open`` changes without a decision that the person may write, and ``approvals`` of others that need
    another person; the person has not approved these yet. ``questions``: rows that ask something, and that the person may
    see."""

    endpoint: str
    open: int
    approvals: int
    questions: int


def open_for(con: duckdb.DuckDBPyConnection, rights: Rights) -> dict[str, int]:
    """By endpoint, the changes without a decision that the person may write, some of them perhaps only with limits."""
    rows = con.execute(
        """select endpoint, object_type, action, count(*) from sync.change_states
           where state in ('waiting', 'approval expired') group by all"""
    ).fetchall()
    found: dict[str, int] = {}
    for endpoint, object_type, action, number in rows:
        if rights.may_write(object_type, action):
            found[endpoint] = found.get(endpoint, 0) + number
    return found


def questions_for(con: duckdb.DuckDBPyConnection, rights: Rights) -> dict[str, int]:
    """By endpoint, the rows that ask something, of the object types that the person may see."""
    actions = ", ".join(f"'{action}'" for action in ASKING_ACTIONS)
    rows = con.execute(
        f"select endpoint, object_type, count(*) from sync.change_states where action in ({actions}) group by all"
    ).fetchall()
    shown = rights.visible_types({object_type for _, object_type, _ in rows})
    found: dict[str, int] = {}
    for endpoint, object_type, number in rows:
        if object_type in shown:
            found[endpoint] = found.get(endpoint, 0) + number
    return found


def approvals_for(
    warehouse: Warehouse, endpoint: Endpoint, rights: Rights, me: Actor, approved_rows: int
) -> int:
    """How many approvals of the endpoint's changes need one more person, who may be this one.

    ``approved_rows``: how many changes are approved. Plans of more than 20,000 rows are not looked at.
    """
    rule = Agreement.of(endpoint.policies)
    if not approved_rows or not (rule.second or rule.at_least):
        return 0
    if rule.at_least and not proven_groups(me, endpoint.policies, rights.groups()):
        return 0
    try:
        manifest = warehouse.manifest(warehouse.diffs(endpoint.name))
        if sum(sum(actions.values()) for actions in manifest["counts"].values()) > _MOST_ROWS:
            return 0
        plan = load_plan(warehouse, endpoint.name)
    except WarehouseError:
        return 0
    _, alone = not_taken_up(warehouse, plan)
    given = approved(warehouse, endpoint.name, with_parts(warehouse, plan))
    mine = [
        change_id
        for change_id in alone
        if all(voice.name != me.name or voice.through != me.through for voice in given[change_id].voices)
    ]
    rows = with_parts(warehouse, plan).by_id()
    refused = rights.refusals(rows[change_id] for change_id in mine)
    return len(mine) - len(refused)
