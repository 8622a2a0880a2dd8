"""``adopt``: takes over what an existing NetBox has under other names, pair by pair or all at once."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from netbox_sync_dagster.approve.adopt import Pair, pairs_of, take_over
from netbox_sync_dagster.cli.changes import counts, summary
from netbox_sync_dagster.cli.completion import complete_endpoints, complete_resources
from netbox_sync_dagster.cli.console import LONGEST, write_json
from netbox_sync_dagster.cli.decisions import WhoOption, YesOption
from netbox_sync_dagster.cli.filters import RowFilter, allowed_values, check_names
from netbox_sync_dagster.cli.session import DryRunOption, Session, name_of, session_of
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.text import visible


def adopt(
    context: typer.Context,
    endpoint: Annotated[str, typer.Argument(help="The endpoint.", autocompletion=complete_endpoints)],
    *,
    resource: Annotated[
        list[str] | None, typer.Option(help="Only pairs of this resource.", autocompletion=complete_resources)
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Only pairs of this device, virtual machine or cluster.")
    ] = None,
    least: Annotated[
        int, typer.Option("--evidence", min=1, help="Only pairs with at least so many witnesses that agree.")
    ] = 1,
    who: WhoOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the pairs as JSON, and record nothing.")
    ] = False,
) -> None:
    """Take over objects that NetBox has under other names, in other clusters or sites, or with other interface names.

    Shows each source object with the only NetBox object that it may be, and which witnesses agree: name, serial, MAC
    addresses, addresses. What is taken over is recorded as an answer (netbox-sync resolutions) and the endpoint
    compared again, until no new pair appears. The updates that follow are approved as always. Pairs that a serial
    number or all MAC addresses contradict, or all addresses where only the name agrees, and virtual machines that an
    answer gives to another endpoint, are shown and left to netbox-sync resolve.
    """
    session = session_of(context)
    if dry_run:
        session.start_dry_run(context)
    chosen, name = session.endpoint(endpoint), name_of(who)
    plan = load_plan(session.warehouse, endpoint)
    resource = list(allowed_values("--resource", resource, RESOURCES))
    check_names(session.warehouse, [plan], RowFilter(devices=tuple(device or ())))
    if as_json:
        pairs = [pair for pair in pairs_of(session.warehouse, plan) if _takes(pair, resource, device)]
        write_json(session.out, {"pairs": [_document(pair) for pair in pairs]})
        return
    taken: set[tuple[str, str]] = set()
    # Devices and machines come first; what is on them is asked about once they are known.
    while True:
        pairs = [pair for pair in pairs_of(session.warehouse, plan) if _takes(pair, resource, device)]
        # An answer that the comparison could not use, because another row is that object, leaves its pair here.
        good = [
            pair
            for pair in pairs
            if len(pair.agree) >= least and not pair.is_contradicted and pair.question.name not in taken
        ]
        _show(session, pairs, good)
        if not good:
            break
        if not (yes or dry_run or session.ask(f"Take over {_number(good)}?")):
            session.out.print("nothing recorded" if not taken else "nothing more recorded")
            break
        take_over(session.warehouse, chosen, plan, good, who=name, through="cli")
        taken |= {pair.question.name for pair in good}
        session.compare_again(chosen, name)
        plan = load_plan(session.warehouse, endpoint)
    if taken:
        _say_result(session, plan, len(taken))


def _say_result(session: Session, plan: Plan, taken: int) -> None:
    if session.is_dry_run:
        session.out.print(f"would take over: {taken}; nothing recorded; the diff would be:")
        session.out.print(summary(counts(plan.rows)))
        return
    session.out.print(f"taken over: {taken}; the diff now:")
    session.out.print(summary(counts(plan.rows)))
    session.out.print(
        f"next: netbox-sync diff {plan.name}, then netbox-sync approve {plan.name}", soft_wrap=True
    )


def _takes(pair: Pair, resource: list[str] | None, device: list[str] | None) -> bool:
    row = pair.question.row
    return (not resource or row.resource in resource) and (
        not device or row.parent in device or row.key in device
    )


def _show(session: Session, pairs: list[Pair], good: list[Pair]) -> None:
    if not pairs:
        session.out.print("no pair is left to take over")
        return
    for pair in pairs:
        row = pair.question.row
        mark, style = ("=", "green") if pair in good else ("!", "magenta")
        place = f", {visible(pair.place, 120)}" if pair.place else ""
        session.out.print(
            Text.assemble(
                (f"{mark} {row.resource}  {visible(row.key, LONGEST)}", style),
                f"  is  {visible(pair.netbox_name, 120)} (id {pair.netbox_id}{place})",
            ),
            soft_wrap=True,
        )
        agree = ", ".join(visible(word, 40) for word in pair.agree) or "nothing"
        differ = f"; differs: {', '.join(pair.differ)}" if pair.differ else ""
        taken = f"; an answer gives it to {pair.taken_by}" if pair.taken_by else ""
        session.out.print(f"      agrees: {agree}{differ}{taken}", style="dim", soft_wrap=True)
    left = len(pairs) - len(good)
    if left:
        session.out.print(
            f"{left} too uncertain: netbox-sync resolve answers them one by one",
            style="yellow",
            soft_wrap=True,
        )


def _document(pair: Pair) -> dict[str, object]:
    return {
        "resource": pair.question.row.resource,
        "key": pair.question.row.key,
        "netbox_id": pair.netbox_id,
        "netbox_name": pair.netbox_name,
        "place": pair.place,
        "agree": list(pair.agree),
        "differ": list(pair.differ),
        "taken_by": pair.taken_by,
        "contradicted": pair.is_contradicted,
        "cause": pair.question.cause,
    }


def _number(pairs: list[Pair]) -> str:
    return f"{len(pairs)} object{'s' if len(pairs) != 1 else ''}"
