"""The demo: the steps of the job on the lab, each by the command that a user would type."""

from __future__ import annotations

import io
import os
import shlex
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.cli.console import SafeConsole
from netbox_sync_dagster.compare.plan import ASKING_ACTIONS, load_plan
from netbox_sync_dagster.demo.servers import CLUSTERS, Lab
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.text import Shown

ENDPOINTS = ("librenms", "pve-paris", "pve-lyon")


class DemoFailed(UserError):
    """A step of the demo did not end as it should; the sentence says which."""


@dataclass(frozen=True)
class Excerpt:
    """The lines of a command's output that the demo shows: the first ones, and the last ones."""

    first: int = 1_000
    last: int = 0

    def of(self, text: str) -> list[str]:
        """These lines, with the number of those between them."""
        lines = text.splitlines()
        left_out = len(lines) - self.first - self.last
        # A line that says that one line is left out saves nothing.
        if left_out <= 1:
            return lines
        return [*lines[: self.first], f"  ... {left_out} more lines", *lines[len(lines) - self.last :]]


_ALL = Excerpt()


def prepare(lab: Lab) -> None:
    """Let the commands of this process work on the lab, as lab.env does for a shell."""
    os.environ.update(lab.environment)


def look(lab: Lab, console: SafeConsole) -> None:
    """Read the servers, compare, and show two pieces of the result. Writes nothing to NetBox. Raises DemoFailed."""
    prepare(lab)
    _title(
        console,
        "The servers are running: a LibreNMS, two Proxmox VE clusters, and a NetBox with part of it all",
    )
    console.print_lines(servers_of(lab))
    _title(console, "1. Read them, and compare with NetBox: nothing is written")
    _command(console, ["sync"])
    _title(console, "2. A change shows each field; what is not written has a reason")
    _command(console, ["diff", "pve-lyon", "--resource", "clusters", "--resource", "devices"], Excerpt(14))
    _command(console, ["diff", "pve-paris"], Excerpt(18, 1))


def servers_of(lab: Lab, *, credentials: bool = False) -> str:
    """The addresses of the servers, on request with the credentials that open them."""
    found = [
        ("NetBox", lab.netbox_url, f"token {lab.netbox_token}"),
        ("LibreNMS", lab.librenms.url, f"token {lab.librenms.token}"),
        *(
            (f"Proxmox {name}", server.url, f"{server.user}!{server.token_name}={server.token_value}")
            for name, server in zip(CLUSTERS, lab.proxmox, strict=True)
        ),
    ]
    return "\n".join(f"{name:15} {url}{f'   {secret}' if credentials else ''}" for name, url, secret in found)


def now_look(lab: Lab) -> str:
    """What a person may do next, with the commands."""
    rows = [
        (f". {_shown(lab.folder / 'lab.env')}", "program, tokens, configuration and data of this lab"),
        ("netbox-sync status", ""),
        ("netbox-sync diff pve-lyon", "what would change in NetBox"),
        ("netbox-sync diff librenms --action conflict", "what it asks you"),
        ("netbox-sync approve pve-lyon --all-creates-and-updates", ""),
        ("netbox-sync apply pve-lyon", "shows the plan and asks; writes exactly that"),
        ("netbox-sync sync && netbox-sync status", "nothing is left to write for pve-lyon"),
        ("netbox-sync web", f"the same on a page: {lab.page_login}"),
    ]
    width = max(len(command) for command, _ in rows)
    return "\n".join(f"  {command:{width}}   {'# ' if why else ''}{why}".rstrip() for command, why in rows)


def whole_way(lab: Lab, console: SafeConsole) -> None:
    """Snapshot, diff, approval and apply for every endpoint, then a diff without changes. Raises DemoFailed."""
    prepare(lab)
    home = lab.folder / "data"
    started = time.monotonic()

    _title(console, "1. Are all servers there, and may we do what a sync needs?")
    _command(console, ["check"], Excerpt(4, 1))
    _title(console, "2. Read LibreNMS, both Proxmox clusters and NetBox, and compare")
    _command(console, ["sync"], Excerpt(11))
    _title(console, "3. What would change in NetBox? Conflicts and blocked rows say why they are skipped")
    for name in ENDPOINTS:
        _command(console, ["diff", name], Excerpt(4, 1))
    _title(console, "4. Approve and apply, endpoint by endpoint: exactly what was approved is written")
    for name in ENDPOINTS:
        # The endpoint before may have moved what this one's diff saw: compare again, then decide.
        _command(console, ["sync", name], Excerpt(2))
        _command(console, ["approve", name, "--all-creates-and-updates", "--yes"], Excerpt(0, 2))
        _command(console, ["apply", name, "--yes"], Excerpt(0, 1))
    _title(console, "5. The same again: no change is left to approve")
    _command(console, ["sync"], Excerpt(4, 1))
    _command(console, ["status"])
    plans = {name: load_plan(Warehouse(home), name) for name in ENDPOINTS}
    asking = sum(row.action in ASKING_ACTIONS for plan in plans.values() for row in plan.rows)
    console.print_lines(f"{asking} rows wait for an answer, see netbox-sync resolve: they are never guessed")
    _title(console, "6. Everything can be asked in SQL, at any time")
    query = (
        "SELECT endpoint, verdict, count(DISTINCT change_id) AS changes FROM ledger.operations "
        "GROUP BY ALL ORDER BY ALL"
    )
    _command(console, ["sql", query])
    query = "SELECT endpoint, key, reason FROM diff.changes WHERE action = 'conflict' ORDER BY ALL LIMIT 5"
    _command(console, ["sql", query])
    left = {name: len(plan.changes) for name, plan in plans.items()}
    if any(left.values()):
        raise DemoFailed(f"changes are left after the apply: {left}")
    seconds = round(time.monotonic() - started)
    console.print_lines(
        f"\nNo change is left after the apply. The whole job took {seconds} s.", style="bold green"
    )
    console.print_lines(f"Configuration: {lab.config_path}\nTables: {Warehouse(home).database}")


def _title(console: SafeConsole, text: str) -> None:
    console.print_lines(f"\n{text}", style="bold cyan")


def _command(console: SafeConsole, words: list[str], shown: Excerpt = _ALL) -> None:
    """Run a command, and show its output or a part of it. Raises DemoFailed if it fails."""
    console.print_lines(f"\n$ netbox-sync {' '.join(map(_word, words))}", style="bold")
    if shown is _ALL:
        code = run(words)
    else:
        printed = io.StringIO()
        with redirect_stdout(printed):
            code = run(words)
        for line in Excerpt().of(printed.getvalue()) if code else shown.of(printed.getvalue()):
            # The command has escaped what is foreign in it.
            console.print(Shown(line), soft_wrap=True)
    if code:
        raise DemoFailed(f"netbox-sync {words[0]} ended with exit code {code}")


def _word(text: str) -> str:
    """The word as a person types it: in double quotes where that says the same and reads better."""
    plain = shlex.quote(text)
    return f'"{text}"' if "'" in text and not set(text) & set('"$`\\!') else plain


def _shown(path: Path) -> str:
    """The path, relative to the working directory if it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
