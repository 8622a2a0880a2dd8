"""Names in the documentation exist: settings, files of the repository, views and their columns, causes."""

from __future__ import annotations

import re
from functools import cache
from textwrap import dedent
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from netbox_sync_dagster.config import NetBoxTarget, Policies
from netbox_sync_dagster.config.endpoints import Defaults
from netbox_sync_dagster.config.limits import Limits
from netbox_sync_dagster.config.resources import UNOWNED_FIELDS
from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.config.rules import RulesConfig
from netbox_sync_dagster.config.web import Web
from netbox_sync_dagster.sources.docker.config import DockerMappings
from netbox_sync_dagster.sources.librenms.config import LibreNMSMappings
from netbox_sync_dagster.sources.netbox.tables import TABLES as NETBOX_TABLES
from netbox_sync_dagster.sources.proxmox.config import ProxmoxMappings
from netbox_sync_dagster.sources.tables.config import TablesMappings
from tests.docs.commands import ROOT, pages

SECTIONS: dict[str, tuple[type[BaseModel], ...]] = {
    "policies": (Policies,),
    "defaults": (Defaults,),
    "netbox": (NetBoxTarget,),
    "web": (Web,),
    "rules": (RulesConfig,),
    "retention": (Retention,),
    "limits": (Limits,),
    "mappings": (LibreNMSMappings, ProxmoxMappings, DockerMappings, TablesMappings),
}
# What only looks like one of them.
NOT_SETTINGS = {"web.prod", "web.yaml"}
# Files that readers write.
WRITTEN_BY_READERS = {"deploy/dagster.yaml", "deploy/runs.yaml", "deploy/config/netbox_sync.yaml"}
# What only looks like one of them.
NOT_SETTINGS = {"web.prod", "web.yaml"}
# Files that readers write.
WRITTEN_BY_READERS = {"deploy/dagster.yaml", "deploy/runs.yaml"}
_SETTING = re.compile(rf"`({'|'.join(SECTIONS)})\.([a-z0-9_]+)")
_PATH = re.compile(
    r"`((?:netbox_sync_dagster|sql|tests|lab|deploy|benchmarks|docs|config|sources|storage|compare|approve|apply|match"
    r"|diff|plan|views|cli|defs)/[\w./-]+\.(?:py|sql|csv|md|yaml|timer|service))`"
)


@cache
def text_of_pages() -> dict[str, str]:
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in pages()}


@pytest.mark.parametrize("page", text_of_pages())
def test_settings_exist(page: str) -> None:
    unknown = {
        f"{section}.{name}"
        for section, name in _SETTING.findall(text_of_pages()[page])
        if not any(name in model.model_fields for model in SECTIONS[section])
    }
    # In DuckDB there is a schema `netbox` too.
    views = {f"netbox.{table}" for table in (*NETBOX_TABLES, "dependents", "status")}
    assert {
        name for name in unknown - NOT_SETTINGS - views if not name.startswith("netbox.proxbox_")
    } == set()


@pytest.mark.parametrize("page", text_of_pages())
def test_files_exist(page: str) -> None:
    folders = (ROOT, ROOT / "netbox_sync_dagster", ROOT / "sql", ROOT / "docs")
    unknown = {
        path
        for path in _PATH.findall(text_of_pages()[page])
        if not any((folder / path).exists() for folder in folders)
    }
    assert unknown - WRITTEN_BY_READERS == set()


def test_the_fields_that_updates_do_not_overwrite_are_those_of_the_code() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    listed = re.search(r"Updates do not overwrite values of (.*?) that\s+someone else wrote", text, re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", listed[1])) == UNOWNED_FIELDS  # type: ignore[index]


@pytest.mark.parametrize("page", text_of_pages())
def test_cells_of_tables_are_short(page: str) -> None:
    """A long explanation in a narrow column is hard to read: it is a section or a list."""
    rows = [line for line in text_of_pages()[page].splitlines() if line.lstrip().startswith("|")]
    cells = [cell.strip() for row in rows for cell in re.split(r"(?<!\\)\|", row)]
    assert [cell for cell in cells if len(cell.split()) > 50] == []


@pytest.mark.parametrize("page", text_of_pages())
def test_links_to_files_lead_somewhere(page: str) -> None:
    """On every page, also those that the site does not have, such as the README."""
    links = re.findall(
        r"\]\((?!https?:|mailto:|#)([^)#\s]+)",
        re.sub(r"```.*?```", "", text_of_pages()[page], flags=re.DOTALL),
    )
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


@pytest.mark.parametrize("page", text_of_pages())
def test_parts_of_a_configuration_are_valid(page: str) -> None:
    """Whole configurations too, section by section: `netbox:`, `policies:`, `web:` and so on."""
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```", text_of_pages()[page], re.DOTALL | re.MULTILINE):
        content = YAML(typ="safe").load(dedent(block))
        sections = content if isinstance(content, dict) else {}
        for name in SECTIONS.keys() & sections.keys() - {"mappings"}:
            assert faults(SECTIONS[name][0], sections[name]) == []


def faults(model: type[BaseModel], content: Any) -> list[str]:
    """What is wrong with a section; files of readers are not here."""
    try:
        model.model_validate(content)
    except ValidationError as error:
        return [item["msg"] for item in error.errors() if "no such file" not in item["msg"]]
    return []


def test_a_setting_that_does_not_exist_is_found() -> None:
    assert faults(Policies, {"auto_aprove": []}) != []
