"""``rules test``: runs the user's rules in SQL on example rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netbox_sync_dagster.cli.session import session_of
from netbox_sync_dagster.rules import rules_of
from netbox_sync_dagster.rules.examples import run_examples
from netbox_sync_dagster.rules.files import TESTS
from netbox_sync_dagster.text import visible

# Characters of a row that is shown.
_LONGEST = 200


def run_tests(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(help="The folder with examples; default: tests in the folder of the rules."),
    ] = None,
    *,
    endpoint: Annotated[
        str | None, typer.Option(help="Also use the rules of this endpoint's own folder.")
    ] = None,
) -> None:
    """Run the rules on example rows, and compare the results with the expected ones.

    An example is a folder with CSV files: the rows of tables, such as desired.devices.csv or librenms.ports.csv, and the
    expected results, such as expected.devices.csv (key, field, value) or expected.devices.skip.csv (key, reason). The exit
    code is 1 if a result differs.
    """
    session = session_of(context)
    config = session.config
    place = session.rules_folder()
    chosen = rules_of(config, (endpoint and session.endpoint(endpoint).name) or "")
    failed = number = 0
    for result in run_examples(folder or place / TESTS, chosen, config.rules.timeout):
        number += 1
        name = f"{visible(result.example, 80)}: {visible(result.file, 80)}"
        if result.ok:
            session.out.print(f"passed  {name}")
            continue
        failed += 1
        session.out.print(f"FAILED  {name}", style="red")
        for sign, rows in (("missing", result.missing), ("unexpected", result.unexpected)):
            for row in rows:
                session.out.print(f"  {sign:10}  {visible(' | '.join(row), _LONGEST)}", soft_wrap=True)
    session.out.print(f"{number - failed} of {number} passed")
    if failed:
        raise typer.Exit(1)
