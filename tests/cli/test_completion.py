"""What the shells complete, as their completion functions ask for it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from netbox_sync_lab.librenms import LabLibreNMS
from tests.cli.conftest import COMMAND, CliHarness


def complete(harness: CliHarness, *words: str) -> list[str]:
    """The words that bash offers for the last one."""
    asked = {
        "_NETBOX_SYNC_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["netbox-sync", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = replace(harness, environment={**harness.environment, **asked}).run()
    assert (done.code, done.err) == (0, "")
    return done.out.split()


def zsh(harness: CliHarness, line: str) -> str:
    """What zsh evaluates for this line."""
    environment = {
        **harness.all_environment,
        "_NETBOX_SYNC_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": line,
    }
    done = subprocess.run(
        COMMAND, cwd=harness.folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_commands_endpoints_resources_actions_and_ids(
    harness: CliHarness, request: pytest.FixtureRequest
) -> None:
    # Without a diff, and without a configuration, there is nothing to complete, and no error.
    assert complete(harness, "approve", "") == []
    assert complete(harness, "--config", "nowhere.yaml", "sync", "") == []
    assert complete(harness, "sync", "n") == ["nms"]
    harness = request.getfixturevalue("synced")
    assert complete(harness, "app") == ["approve", "apply", "applies", "approvals"]
    assert complete(harness, "approve", "") == ["nms"]
    assert complete(harness, "diff", "--resource", "primary_i") == ["primary_ips"]
    assert complete(harness, "diff", "--action", "d") == ["delete", "drifted"]
    ids = [row["change_id"] for row in json.loads(harness.ok("diff", "--json"))["diffs"][0]["rows"]]
    assert sorted(complete(harness, "approve", "nms", "")) == sorted(ids)
    assert ids[0] not in complete(harness, "approve", "nms", ids[0], "")
    assert complete(harness, "show", ids[0][:12]) == [ids[0]]
    assert complete(harness, "undo", "") == []


def test_names_from_servers_reach_no_shell_as_code(harness: CliHarness, nms: LabLibreNMS) -> None:
    nms.state.add_port(
        nms.state.devices[0], "Gi0/3 $(touch pwned) `touch pwned` '\"; touch pwned #", ifVlan="50"
    )
    harness.ok("sync")
    text = zsh(harness, "netbox-sync approve nms ")
    assert "Gi0/3 __touch pwned_ _touch pwned" in text
    assert "$(" not in text
    assert "`" not in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_a_shell_is_a_script_that_it_reads(harness: CliHarness, shell: str) -> None:
    environment = {**harness.all_environment, "_NETBOX_SYNC_COMPLETE": f"source_{shell}"}
    done = subprocess.run(
        COMMAND, cwd=harness.folder, env=environment, capture_output=True, text=True, check=True
    )
    assert "_NETBOX_SYNC_COMPLETE=complete_" + shell in done.stdout
    file = Path(harness.folder / "completion")
    file.write_text(done.stdout, encoding="utf-8")
    if program := shutil.which(shell):
        subprocess.run([program, "-n", str(file)], check=True)
