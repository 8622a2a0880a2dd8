"""What follows from an answer or its withdrawal, as ``resolve`` and ``resolutions --withdraw`` print it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from netbox_sync_dagster.approve.followed import what_followed
from netbox_sync_dagster.approve.resolve import Question, suggestions
from netbox_sync_dagster.cli.changes import id_length, screenful
from netbox_sync_dagster.cli.console import LONGEST
from netbox_sync_dagster.cli.listing import Layout, print_rows
from netbox_sync_dagster.cli.session import Session
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.text import visible


def show_following(
    session: Session, endpoint: Endpoint, before: Plan, who: str, asked: Sequence[Question] = ()
) -> None:
    """Compare the endpoint again, and show the rows that are new or different. ``before``: the diff until now."""
    session.compare_again(endpoint, who)
    after = load_plan(session.warehouse, endpoint.name)
    followed = what_followed(session.warehouse, before, after, asked)
    out, limit = session.out, screenful(session.out)
    out.print(Text("what follows", "bold"))
    print_rows(
        out,
        followed.rows,
        limit=limit,
        layout=Layout(
            id_length(row.change_id for row in after.rows), more=f"netbox-sync diff {after.name} --all"
        ),
    )
    for row in followed.gone[:limit]:
        out.print(f"no difference now: {row.resource} {visible(row.key, LONGEST)}", soft_wrap=True)
    if len(followed.gone) > limit:
        out.print(f"  … and {len(followed.gone) - limit} more without a difference now", style="dim")
    for line in suggestions(session.warehouse, endpoint.name):
        out.print(f"suggestion: {visible(line, LONGEST)}", style="cyan", soft_wrap=True)
