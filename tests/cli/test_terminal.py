"""What a person sees: every command in a real terminal, over an estate whose names and texts are made to fool him."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass

import pyte
import pytest
import yaml

from netbox_sync_dagster.cli.changes import MARKS
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.text import visible
from netbox_sync_lab.librenms import LabLibreNMS
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.cli.conftest import CliHarness
from tests.support import NetBox

EVIL = "evil\x1b[1A\x1b[2K  + create nice-switch\n\u202e"
SHOWN = r"evil\x1b[1A\x1b[2K  + create nice-switch\n\u202e"
# As NetBox gets it in a description: one line, without control characters.
WRITTEN = r"evil [1A [2K  + create nice-switch \u202e"
# On one line each: as shown, as written, in JSON, and in an error of Python's that quotes it with escapes already.
FORMS = (SHOWN, WRITTEN.removesuffix(r" \u202e"), json.dumps(EVIL)[1:-1], SHOWN.replace("\\", "\\\\"))
COLUMNS, LINES = 500, 1_500
RUNNER = """
import json, sys
from netbox_sync_dagster.cli.app import run
for number, words in enumerate(json.loads(sys.argv[1])):
    print(f"$ {number}", flush=True)
    code = run(words)
    print(f"= {code}", flush=True)
"""


@dataclass
class Seen:
    """What one command left on the screen, line by line, and its exit code."""

    lines: list[str]
    code: int

    def has(self, text: str) -> bool:
        return any(text in line for line in self.lines)


def at_terminal(harness: CliHarness, *commands: list[str]) -> tuple[list[Seen], bytes]:
    """Run these commands in a terminal, one after the other in one process, and say yes to every question."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {
        **harness.all_environment,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "COLUMNS": str(COLUMNS),
    }
    child = subprocess.Popen(
        [sys.executable, "-c", RUNNER, json.dumps(commands)],
        cwd=harness.folder,
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        close_fds=True,
        start_new_session=True,
    )
    os.close(slave)
    raw = b""
    answered = 0
    while True:
        try:
            piece = os.read(master, 65_536)
        except OSError:
            break
        if not piece:
            break
        raw += piece
        asked = raw.count(b"[y/N] ")
        while answered < asked:
            os.write(master, b"y\n")
            answered += 1
    os.close(master)
    assert child.wait(60) == 0, raw.decode(errors="replace")[-2_000:]
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(screen).feed(raw)
    lines = [line.rstrip() for line in screen.display]
    seen = []
    for number in range(len(commands)):
        first = lines.index(f"$ {number}")
        last = next(at for at in range(first, len(lines)) if lines[at].startswith("= "))
        seen.append(Seen(lines[first + 1 : last], int(lines[last][2:])))
    return seen, raw


@pytest.fixture
def hostile(harness: CliHarness, nms: LabLibreNMS) -> CliHarness:
    """Devices, ports, descriptions, VLANs, models and the configuration: all of them are called EVIL."""
    state = nms.state
    state.add_device(EVIL, os="ios", hardware="C2960", location="Paris")
    state.add_device("sw2", os="ios", hardware=EVIL, location="Paris")
    switch = state.device("sw1")
    assert switch is not None
    state.add_port(switch, EVIL)
    state.add_port(switch, "Gi0/3", ifAlias=EVIL, ifVlan="60")
    state.add_vlan(switch, 60, EVIL)
    del harness.content["endpoints"][0]["defaults"]["device_type"]
    harness.configure(mappings={"device_types": {"C2960": "C2960"}, "platforms": {EVIL: "none"}})
    return harness


def change(harness: CliHarness, resource: str, key: str) -> str:
    rows = load_plan(Warehouse(harness.folder / "data"), "nms").rows
    return next(row.change_id for row in rows if row.resource == resource and row.key == key)


def assert_harmless(seen: list[Seen], raw: bytes, moving: tuple[int, ...]) -> None:
    """No forged line, no character that moves or hides anything, no colour but the product's."""
    for command in seen:
        for line in command.lines:
            if "nice-switch" in line:
                assert any(form in line for form in FORMS), line
    text = raw.decode()
    assert "\u202e" not in text and "evil\x1b" not in text
    # Colours, and of the progress display: hide and show the cursor, go up over its own lines, and erase them.
    rest = re.sub(r"\x1b\[(?:[0-9;]*m|\?25[lh]|[12]K|1A)|\r|\n", "", text)
    assert [character for character in rest if not character.isprintable()] == []
    # The attack's own movements are also the display's, while a sync or an apply is under way (``moving``).
    for number, part in enumerate(re.split(r"(?m)^\$ ", text)[1:]):
        assert number in moving or ("\x1b[1A" not in part and "\x1b[2K" not in part), part[:300]


def test_every_command_in_a_terminal(hostile: CliHarness, netbox: NetBox) -> None:
    hostile.ok("sync")
    description = change(hostile, "interfaces", "sw1 Gi0/3")
    printer = change(hostile, "interfaces", "sw1 Gi0/2")
    seen, raw = at_terminal(
        hostile,
        ["sync"],
        ["apply", "nms", "--yes"],
        ["diff", "--all"],
        ["diff", "--device", EVIL],
        ["reject", "nms", printer[:12], "--who", EVIL],
        ["approve", "nms", printer[:12]],
        ["withdraw", "nms", printer[:12]],
        ["approve", "nms", description[:12], "--with-dependencies", "--override-limit", EVIL, "--who", EVIL],
        ["apply", "nms", "--validate", "--all"],
        ["apply", "nms", "--who", EVIL],
        ["status"],
        [
            "sql",
            "SELECT ifName, ifAlias FROM librenms.ports WHERE contains(ifAlias, 'evil') ORDER BY ifName DESC",
        ],
        ["sql", "SELECT who FROM ledger.approvals WHERE decision = 'reject'"],
        ["sql", "--csv", "SELECT ifAlias FROM librenms.ports WHERE contains(ifAlias, 'evil')"],
        ["sql", "--json", "SELECT ifAlias FROM librenms.ports WHERE contains(ifAlias, 'evil')"],
        ["sql", "SELECT ifAlias::INTEGER FROM librenms.ports WHERE contains(ifAlias, 'evil')"],
        ["sql", f"SELECT nothing FROM librenms.ports WHERE ifAlias = '{EVIL}'"],
        ["mappings", "nms"],
        ["sync", EVIL],
        ["diff", EVIL],
        ["check", EVIL],
        ["undo", EVIL],
        ["approve", "nms", EVIL],
        ["--traceback", "approve", "nms", "--plan", f"{EVIL}.json"],
        ["nonsense-" + EVIL],
        ["metrics"],
        ["notify"],
        ["clean"],
        ["init"],
    )
    assert_harmless(seen, raw, moving=(0, 9))
    (
        sync, nothing, diff, device, reject, refused, withdrawn, approved, validated, applied, status, cells, who,
        comma, document, failed, query, mappings, no_sync, no_diff, no_check, no_undo, no_change, no_plan, no_command,
        metrics, notify, clean, init,
    ) = seen  # fmt: skip
    reason = "the name contains U+001B, which cannot be seen; give it another name in the source"

    assert sync.code == 0 and sync.has("nms against NetBox") and sync.lines[-1].startswith("    ")
    assert nothing.lines[0].startswith("nms: nothing is approved; ")
    for command in (diff, device):
        assert f"  # blocked devices {SHOWN}  {reason}" in command.lines
    assert f"  # blocked interfaces sw1 {SHOWN}  {reason}" in diff.lines
    assert f'      description: "{WRITTEN}"' in diff.lines
    # Every object of the plan is one line, and no line is one that is in no plan.
    rows = load_plan(Warehouse(hostile.folder / "data"), "nms").rows
    heads = [line.split("  ")[1] for line in diff.lines if re.match(r"  [+~#!?-] ", line)]
    attached = {"mac_addresses", "primary_macs", "ip_addresses", "primary_ips"}
    assert sorted(heads) == sorted(
        f"{MARKS[row.action][0]} {row.action} {'' if row.is_change else row.resource + ' '}{visible(row.key)}".split(
            "  "
        )[0]
        for row in rows
        if row.resource not in attached
    )
    assert not any(line.startswith("  + create nice") for line in diff.lines)

    assert (
        reject.code == 0
        and reject.has("Reject 1 change? [y/N] y")
        and reject.lines[-1] == "rejected 1 change"
    )
    assert refused.code == 1 and refused.has(f" was rejected by {SHOWN} on 20")
    assert withdrawn.lines[-1] == "withdrew the decisions on 1 change"
    assert approved.code == 0, approved.lines
    assert f'      description: "{WRITTEN}"' in approved.lines
    assert validated.lines[-1].endswith("; nothing written")
    assert applied.code == 0, applied.lines
    assert f'      description: "{WRITTEN}"' in applied.lines
    assert (
        netbox.one("dcim/interfaces", name="Gi0/3")["description"]
        == "evil [1A [2K  + create nice-switch \u202e"
    )
    assert [line.split()[0] for line in status.lines if line.startswith(("NetBox", "netbox", "nms"))]

    assert cells.lines[0].split() == ["ifName", "ifAlias"]
    assert cells.lines[2:] == [f"{SHOWN}   {SHOWN}", f"{'Gi0/3':{len(SHOWN)}}   {SHOWN}", "2 rows"]
    assert who.lines[2] == SHOWN
    assert comma.lines == ["ifAlias", SHOWN, SHOWN]
    assert json.loads("\n".join(document.lines)) == [{"ifAlias": EVIL}] * 2
    assert failed.code == 1 and len(failed.lines) == 1
    assert failed.lines[0].startswith(
        f"error: the query failed: Conversion Error: Could not convert string '{SHOWN}'"
    )
    # DuckDB marks the place of an error in the query; the query's own text is escaped.
    assert query.code == 1 and query.lines[0].startswith("error: the query failed: Binder Error: ")
    stanza = yaml.safe_load("\n".join(mappings.lines))["mappings"]
    assert stanza == {"device_types": {"C2960": "C2960"}, "platforms": {EVIL: "none"}}
    # What is to be filled in is a comment of one line, which loads without its mark.
    filled = [
        line.replace("# ", "", 1) if line.strip().startswith('# "') else line for line in mappings.lines
    ]
    assert EVIL in yaml.safe_load("\n".join(filled))["mappings"]["device_types"]
    for command in (no_sync, no_diff, no_check, no_undo, no_change, no_plan):
        assert command.code == 1 and command.has(SHOWN), command.lines
    assert no_command.code == 1 and no_command.has(FORMS[-1]), no_command.lines
    for command in (no_sync, no_diff, no_check, no_change, no_command):
        assert len(command.lines) == 1, command.lines
    # A traceback has lines, and none that the name of the file made.
    assert any(line.startswith("FileNotFoundError: ") and FORMS[-1] in line for line in no_plan.lines)
    assert metrics.code == 0 and any(
        line.startswith('netbox_sync_status{endpoint="nms"') for line in metrics.lines
    )
    assert (notify.code, clean.code, init.code) == (1, 0, 1)


def test_guests_in_a_terminal(hostile: CliHarness, netbox: NetBox) -> None:
    cluster = ProxmoxState(cluster="paris")
    cluster.add_node("pve1", network=[])
    cluster.add_qemu(101, node="pve1", name=EVIL, config={"description": EVIL})
    cluster.add_qemu(
        102, node="pve1", name="web", tags=f"b{EVIL.split(maxsplit=1)[0]}", config={"description": EVIL}
    )
    netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
    with LabProxmox(cluster) as server:
        hostile.environment["PROXMOX_TOKEN"] = server.token_value
        hostile.add_endpoint(
            name="pve",
            kind="proxmox",
            url=server.url,
            tls={"ca": server.ca_path},
            user=server.user,
            token_name=server.token_name,
            token_env="PROXMOX_TOKEN",
            agent_timeout=1,
            defaults={"site": "paris", "role": "access", "device_type": "C2960"},
        )
        seen, raw = at_terminal(hostile, ["sync", "pve"], ["diff", "pve", "--all"], ["diff", "pve", "--json"])
    assert_harmless(seen, raw, moving=(0,))
    assert seen[0].code == 0, seen[0].lines
    reason = "the name contains U+001B, which cannot be seen; give it another name in the source"
    assert f"  # blocked virtual_machines {SHOWN}  {reason}" in seen[1].lines
    document = json.loads("\n".join(seen[2].lines))["diffs"][0]
    assert EVIL in {row["key"] for row in document["rows"] if row["action"] == "blocked"}
