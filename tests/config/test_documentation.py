"""docs/configuration.md holds every setting with its default, its values and its meaning, as the models have them.

After a change of the models: python -m tests.config.test_documentation
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from netbox_sync_dagster.config import Config, NetBoxTarget, Policies, Tls
from netbox_sync_dagster.config.endpoints import Defaults
from netbox_sync_dagster.config.hooks import Hooks
from netbox_sync_dagster.config.limits import Limits
from netbox_sync_dagster.config.notifications import EmailChannel, WebhookChannel
from netbox_sync_dagster.config.policies import Approvers
from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.config.rules import RulesConfig
from netbox_sync_dagster.config.servers import ClientTls
from netbox_sync_dagster.config.web import TrustedProxy, Web, WebTls
from netbox_sync_dagster.sources.docker.config import DockerEndpoint, DockerMappings
from netbox_sync_dagster.sources.librenms.config import (
    ImportFilter,
    InterfaceTypeMapping,
    LibreNMSEndpoint,
    LibreNMSMappings,
    LocationRule,
    ModuleRule,
)
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint, ProxmoxMappings
from netbox_sync_dagster.sources.tables.config import Attached, TablesEndpoint, TablesMappings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        *(Config, NetBoxTarget, LibreNMSEndpoint, ImportFilter, LibreNMSMappings, InterfaceTypeMapping),
        *(ModuleRule, LocationRule, ProxmoxEndpoint, ProxmoxMappings, DockerEndpoint, DockerMappings),
        *(TablesEndpoint, Attached, TablesMappings),
        *(Tls, ClientTls, Limits, Defaults, Policies, Approvers),
        *(WebhookChannel, EmailChannel, Retention, RulesConfig),
        *(Web, WebTls, TrustedProxy, Hooks),
    )
}
_MARKED = re.compile(r"<!-- table: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)


def values(schema: dict[str, Any]) -> str:
    """What a setting may be, in words, from its JSON schema."""
    if "anyOf" in schema:
        return " or ".join(filter(None, (values(s) for s in schema["anyOf"] if s.get("type") != "null")))
    if "enum" in schema:
        return ", ".join(f"`{item}`" for item in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema or "oneOf" in schema:
        return "settings, see below"
    kind = schema.get("type")
    if kind == "array":
        return "list"
    if kind == "object":
        return "mapping"
    if kind == "boolean":
        return "true, false"
    if kind in ("integer", "number"):
        low, high = (
            schema.get("minimum", schema.get("exclusiveMinimum")),
            schema.get("maximum"),
        )
        text = "number" if low is None else f"above {low}" if "exclusiveMinimum" in schema else f"from {low}"
        return text if high is None else f"{text} to {high}"
    return "text"


def default(model: type[BaseModel], name: str) -> str:
    """A setting's default as it would stand in the file."""
    field = model.model_fields[name]
    if field.is_required():
        return "(required)"
    value = field.default
    if isinstance(value, BaseModel):
        return ""
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def table(model: type[BaseModel]) -> str:
    """The settings of a model as a Markdown table."""
    schema = model.model_json_schema()["properties"]
    lines = ["| setting | default | values | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        cells = (f"`{name}`", default(model, name), values(schema[name]), field.description or "")
        lines.append(
            "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"
        )
    return "\n".join(lines) + "\n"


def tables() -> dict[str, str]:
    """The tables of the page, by model."""
    return dict(_MARKED.findall(PAGE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", MODELS)
def test_the_page_says_what_the_model_says(name: str) -> None:
    assert tables()[name] == table(MODELS[name])


def test_every_setting_says_what_it_means() -> None:
    mute = [
        f"{n}.{f}" for n, model in MODELS.items() for f, i in model.model_fields.items() if not i.description
    ]
    assert mute == []


def test_every_model_of_the_configuration_is_on_the_page() -> None:
    inside = set(Config.model_json_schema()["$defs"])
    assert inside <= set(MODELS)


def test_the_examples_are_valid(tmp_path: Path) -> None:
    from netbox_sync_dagster.config import load_config

    whole = list(re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
    assert len(whole) >= 4
    for number, text in enumerate(whole):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        assert load_config(file).endpoints


if __name__ == "__main__":
    content = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        _MARKED.sub(lambda m: f"<!-- table: {m[1]} -->\n{table(MODELS[m[1]])}<!-- end -->", content),
        encoding="utf-8",
    )
