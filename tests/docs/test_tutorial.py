"""The commands of the tutorial, in its order, on the lab: each works, and prints what the page shows."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.demo.servers import Lab

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
# They ask on a terminal; without one they need --yes.
ASKING = ("approve", "apply", "resolve")


@dataclass(frozen=True)
class Step:
    """A command of the page, and the lines that the page shows below it; ``...`` stands for any lines."""

    words: list[str]
    shown: list[str]


def steps() -> list[Step]:
    """The commands of netbox-sync and curl, without those that run until they are interrupted."""
    found = []
    for kind, body in re.findall(r"```(sh|console)\n(.*?)```", PAGE, re.DOTALL):
        text = body.replace("\\\n", " ")
        # In console blocks, output follows the command.
        commands = re.split(r"(?m)^\$ ", text)[1:] if kind == "console" else text.splitlines()
        for command in commands:
            line, _, output = command.partition("\n")
            words = shlex.split(line)
            if words and words[0] in ("netbox-sync", "curl") and words[1] not in ("lab", "web"):
                found.append(Step(words, output.splitlines()))
    # The first one asks; the page has the same without questions.
    assert found[0].words == ["netbox-sync", "init"]
    return found[1:]


def same_for_all(text: str) -> str:
    """The output without what differs from run to run: times, durations, ids of changes and applies."""
    for pattern, stands_for in (
        (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d UTC)?", "<time>"),
        (r"\d{8}T\d{9}Z-[0-9a-f]{4}|(?<=\[)[0-9a-f]{8}(?=[ \]])", "<id>"),
        (r"in \d+\.\d s,", "in <seconds>,"),
    ):
        text = re.sub(pattern, stands_for, text)
    return text


def differences(shown: list[str], printed: list[str]) -> list[str]:
    """What the page shows and the command does not print there."""
    position, exact = 0, True
    missing = []
    for line in shown:
        if line == "...":
            exact = False
        elif line in printed[position : position + 1 if exact else None]:
            position, exact = printed.index(line, position) + 1, True
        else:
            missing.append(line)
    if exact and shown and position < len(printed):
        missing.append(f"not shown: {printed[position]}")
    return missing


def edit(file: Path, command: list[str]) -> None:
    """Change the file as the page says before this command."""
    text = file.read_text(encoding="utf-8")
    if command[1:] == ["check", "pve-lyon"]:
        old, new = re.findall(r"```yaml\n(    (?:# )?defaults:.*?)```", PAGE, re.DOTALL)
        before, endpoint, after = text.partition("- name: pve-lyon")
        assert old in after
        file.write_text(before + endpoint + after.replace(old, new, 1), encoding="utf-8")
    if command[1:] == ["sync", "librenms"]:
        old, new = re.findall(r'```yaml\n(        (?:# )?"network".*?)```', PAGE, re.DOTALL)
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), encoding="utf-8")


def patch_netbox(words: list[str], lab: Lab) -> None:
    """What the page's curl changes in NetBox."""
    path = words[-1].removeprefix("http://127.0.0.1:8000")
    headers = {"Authorization": f"Token {lab.netbox_token}", "Content-Type": "application/json"}
    body = words[words.index("-d") + 1] if "-d" in words else None
    answer = httpx.request(
        "PATCH" if body else "GET", f"{lab.netbox_url}{path}", headers=headers, content=body
    )
    assert answer.status_code == 200 and "lyo-db01" in answer.text


def test_the_tutorial_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Lab(tmp_path / "lab-data") as lab:
        for name in ("NETBOX_TOKEN", "LIBRENMS_TOKEN", "PROXMOX_TOKEN"):
            assert f"export {name}={lab.environment[name]}\n" in PAGE
            monkeypatch.setenv(name, lab.environment[name])
        addresses = {
            "http://127.0.0.1:8000": lab.netbox_url,
            "http://127.0.0.1:8001": lab.librenms.url,
            "https://127.0.0.1:8007": lab.proxmox[1].url,
        }
        wrong = {}
        for step in steps():
            words = step.words
            if words[0] == "curl":
                patch_netbox(words, lab)
                continue
            if words[1] != "init":
                edit(tmp_path / "netbox_sync.yaml", words)
            for there, here in addresses.items():
                words = [word.replace(there, here) for word in words]
            assert run([*words[1:], *(["--yes"] if words[1] in ASKING else [])]) == 0, words
            printed = capsys.readouterr().out
            assert "error" not in printed
            shown = same_for_all("\n".join(step.shown)).splitlines()
            if found := differences(shown, same_for_all(printed).splitlines()):
                wrong[shlex.join(step.words)] = found
    assert wrong == {}


def test_output_that_the_page_does_not_show_is_found() -> None:
    printed = ["a", "b", "c"]
    assert differences(["a", "...", "c"], printed) == differences([], printed) == []
    assert differences(["...", "b", "..."], printed) == []
    assert differences(["b", "c"], printed) == ["b", "c", "not shown: a"]
    assert differences(["a", "b"], printed) == ["not shown: c"]
    assert differences(["a", "c"], printed) == ["c", "not shown: b"]
    assert same_for_all(
        "read in 1.2 s, [17ee5bef +2], apply 20261129T230522558Z-1bca of 2026-11-30 15:16:57 UTC"
    ) == ("read in <seconds>, [<id> +2], apply <id> of <time>")
