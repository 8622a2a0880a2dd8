"""The commands of the tutorial, in its order, on the lab: each works, and prints what the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import httpx
import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.demo.servers import Lab

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
# They ask on a terminal; without one they need --yes.
ASKING = ("approve", "apply", "resolve")


def commands() -> list[list[str]]:
    """The commands of netbox-sync and curl, without those that run until they are interrupted."""
    found = []
    for kind, body in re.findall(r"```(sh|console)\n(.*?)```", PAGE, re.DOTALL):
        for line in body.replace("\\\n", " ").splitlines():
            text = line.removeprefix("$ ") if kind == "sh" or line.startswith("$ ") else ""
            words = shlex.split(text)
            if words and words[0] in ("netbox-sync", "curl") and words[1] not in ("lab", "web"):
                found.append(words)
    # The first one asks; the page has the same without questions.
    assert found[0] == ["netbox-sync", "init"]
    return found[1:]


def shown() -> list[str]:
    """The lines of output that the page shows."""
    blocks = [
        body for kind, body in re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL) if kind in ("", "console")
    ]
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if not line.startswith("$ ") and line.strip() != "..."]


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
        for words in commands():
            if words[0] == "curl":
                patch_netbox(words, lab)
                continue
            if words[1] != "init":
                edit(tmp_path / "netbox_sync.yaml", words)
            for there, here in addresses.items():
                words = [word.replace(there, here) for word in words]  # noqa: PLW2901
            assert run([*words[1:], *(["--yes"] if words[1] in ASKING else [])]) == 0, words
    printed = capsys.readouterr().out
    assert [line for line in shown() if line not in printed] == []
    assert "error" not in printed
