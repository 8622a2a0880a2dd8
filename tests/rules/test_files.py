"""The files of rules: where they are, which belong to an endpoint, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.config import ConfigError, load_config
from netbox_sync_dagster.rules import RuleError, rules_of

CONFIG = """
netbox: {url: "http://127.0.0.1:1"}
endpoints:
  - {name: nms, kind: librenms, url: "http://127.0.0.1:2"}
  - {name: pve-paris, kind: proxmox, url: "https://127.0.0.1:3", user: sync@pve, token_name: a, token_env: T}
"""
RULE = "SELECT key, 'tenant' AS field, 'x' AS value FROM desired.devices"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "netbox_sync.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def names(folder: Path, endpoint: str) -> list[str]:
    return [rule.name for rule in rules_of(load_config(folder / "netbox_sync.yaml"), endpoint)]


def test_without_a_folder_there_are_no_rules(folder: Path) -> None:
    assert names(folder, "nms") == []


def test_rules_are_for_all_endpoints_or_for_one(folder: Path) -> None:
    for path in (
        "rules/devices.sql",
        "rules/interfaces.skip.sql",
        "rules/nms/devices.sql",
        "rules/pve-paris/devices.sql",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(RULE, encoding="utf-8")
    (folder / "rules" / "tests" / "one").mkdir(parents=True)
    assert names(folder, "nms") == ["rules/devices.sql", "rules/interfaces.skip.sql", "rules/nms/devices.sql"]
    assert names(folder, "pve-paris") == [
        "rules/devices.sql",
        "rules/interfaces.skip.sql",
        "rules/pve-paris/devices.sql",
    ]


def test_another_folder_is_named_in_the_configuration(folder: Path) -> None:
    (folder / "netbox_sync.yaml").write_text(CONFIG + "rules: {folder: sql/mine}\n", encoding="utf-8")
    (folder / "sql" / "mine").mkdir(parents=True)
    (folder / "sql" / "mine" / "devices.sql").write_text(RULE, encoding="utf-8")
    assert names(folder, "nms") == ["mine/devices.sql"]


def test_a_folder_that_does_not_exist_is_an_error(folder: Path) -> None:
    (folder / "netbox_sync.yaml").write_text(CONFIG + "rules:\n  folder: none\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(folder / "netbox_sync.yaml")
    assert raised.value.sentences == [
        f"{folder}/netbox_sync.yaml:7: rules.folder: there is no folder {folder}/none"
    ]


def test_everything_wrong_about_the_files_is_reported_together(folder: Path) -> None:
    rules = folder / "rules"
    (rules / "pve-pari").mkdir(parents=True)
    (rules / "pve-pari" / "devices.sql").write_text(RULE, encoding="utf-8")
    (rules / "device.sql").write_text(RULE, encoding="utf-8")
    (rules / "cables.skip.sql").write_text(RULE, encoding="utf-8")
    (rules / "vlans.sql").write_bytes(b"SELECT '\xff'")
    with pytest.raises(RuleError) as raised:
        names(folder, "nms")
    assert raised.value.sentences == [
        "rules/pve-pari: no endpoint has this name; did you mean 'pve-paris'?",
        "rules/cables.skip.sql: rules cannot leave out objects of 'cables'; allowed: devices,"
        " virtual_machines, modules, interfaces, vm_interfaces, ip_addresses, virtual_disks",
        "rules/device.sql: rules cannot set fields of 'device'; did you mean 'devices'?",
        "rules/vlans.sql: not UTF-8 text (byte 8)",
    ]
