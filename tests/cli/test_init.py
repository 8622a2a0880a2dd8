"""``init``: a file to start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.config import load_config

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_file_it_writes_is_valid_and_names_its_schema(capsys: Capture) -> None:
    assert run(["init"]) == 0

    assert capsys.readouterr().out == (
        "wrote netbox_sync.yaml; edit it, set the tokens it names in the environment, then run:\n"
        "  netbox-sync --config netbox_sync.yaml check\n"
    )
    config = load_config("netbox_sync.yaml")
    assert [(e.name, e.kind) for e in config.endpoints] == [
        ("docker1", "docker"),
        ("librenms", "librenms"),
        ("proxmox", "proxmox"),
        ("machines", "tables"),
    ]
    text = Path("netbox_sync.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=netbox_sync.schema.json\n")


def test_an_existing_file_is_kept_unless_forced(capsys: Capture) -> None:
    Path("netbox_sync.yaml").write_text("mine", encoding="utf-8")

    assert run(["init"]) == 1
    assert capsys.readouterr().err == "error: netbox_sync.yaml already exists; use --force to replace it\n"
    assert Path("netbox_sync.yaml").read_text(encoding="utf-8") == "mine"
    assert run(["init", "--force"]) == 0
    assert Path("netbox_sync.yaml").read_text(encoding="utf-8") != "mine"


def test_the_schema_goes_beside_an_existing_file(capsys: Capture) -> None:
    Path("conf").mkdir()
    assert run(["init", "conf", "--schema"]) == 0
    assert Path("conf/netbox_sync.yaml").exists() and Path("conf/netbox_sync.schema.json").exists()
    Path("conf/netbox_sync.schema.json").unlink()
    capsys.readouterr()

    assert run(["init", "conf", "--schema"]) == 0
    assert capsys.readouterr().out == "wrote conf/netbox_sync.schema.json\n"


def test_an_example_is_copied_beside_the_configuration(capsys: Capture) -> None:
    assert run(["init", "--example", "ansible-facts"]) == 0
    assert capsys.readouterr().out == "wrote ansible-facts; its README.md says how to use it\n"
    assert Path("ansible-facts/devices.sql").exists() and not Path("netbox_sync.yaml").exists()

    assert run(["init", "--example", "ansible-facts"]) == 1
    assert (
        capsys.readouterr().err == "error: ansible-facts already exists; use --force to replace its files\n"
    )
    assert run(["init", "--example", "ansible-fact"]) == 1
    assert capsys.readouterr().err == (
        "error: no example 'ansible-fact'; there are: ansible-facts, librenms-database, netdisco, spreadsheet, vcenter\n"
    )


def test_help_teaches_the_commands_in_the_order_of_the_job(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    job = text[text.index("The steps") : text.index("Only `apply` writes")]
    words = [line.split()[0] for line in job.splitlines()[1:] if line.strip()]
    assert words == ["init", "check", "sync", "diff", "approve", "apply", "undo", "status"]


@pytest.mark.parametrize(
    "command",
    ["init", "check", "sync", "diff", "approve", "reject", "withdraw", "apply", "undo", "status", "sql"],
)
def test_every_command_explains_itself(command: str, capsys: Capture) -> None:
    assert run([command, "--help"]) == 0
    assert f"Usage: netbox-sync {command}" in capsys.readouterr().out


def test_the_version(capsys: Capture) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("netbox-sync ")


def test_custom_links_lead_from_netbox_to_the_review_page(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "netbox_sync.yaml"
    config.write_text("netbox: {url: http://127.0.0.1:9}\nweb: {public_url: https://sync.example.com/}\n")
    assert run(["init", "--custom-links"]) == 0
    assert (
        "  Link URL      https://sync.example.com/object?name={{ object.name|urlencode }}\n"
        in capsys.readouterr().out
    )
    config.write_text("netbox: {url: http://127.0.0.1:9}\n")
    assert run(["init", "--custom-links"]) == 1
    assert "set web.public_url to the address of the review page" in capsys.readouterr().err
