"""The configuration that ``init`` is about to write: from options, or from answers on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.config.template import default_name, template
from netbox_sync_dagster.sources.questions import Question
from netbox_sync_dagster.sources.registry import source_of, sources

if TYPE_CHECKING:
    from netbox_sync_dagster.config import Config

# Seconds that a server may take to answer the one request.
_PATIENCE = 10

Settings = dict[str, str]


@dataclass
class Draft:
    """``netbox``: its settings. ``endpoints``: (kind, settings); None: an example of every kind."""

    file: Path
    netbox: Settings = field(default_factory=dict)
    endpoints: list[tuple[str, Settings]] | None = None

    def text(self) -> str:
        """The file's content."""
        return template(self.netbox, self.endpoints)

    def config(self) -> Config:
        """The configuration. Raises ConfigError."""
        from netbox_sync_dagster.config.load import parse_config

        return parse_config(self.file, self.text())

    def names(self) -> list[str]:
        """The names of the endpoints."""
        return [settings["name"] for _, settings in self.endpoints or [] if "name" in settings]

    def add(self, kind: str, settings: Settings) -> None:
        """Add an endpoint."""
        self.endpoints = [*(self.endpoints or []), (kind, settings)]

    def variables(self) -> list[str]:
        """The environment variables that hold the secrets, each once."""
        config = self.config()
        found = [config.netbox.token_env]
        for endpoint in config.endpoints:
            names = sorted(name for name in type(endpoint).model_fields if name.endswith("_env"))
            found += [str(value) for name in names if (value := getattr(endpoint, name))]
        return list(dict.fromkeys(found))

    def try_netbox(self) -> str:
        """What answers at NetBox's address. Raises UserError, ConfigError for wrong settings."""
        # With the clients of all servers, which help does not need.
        from netbox_sync_dagster.sources.netbox.check import connects

        return connects(self.config().netbox.model_copy(update={"timeout": _PATIENCE}))

    def try_endpoint(self, number: int) -> str:
        """What answers at an endpoint's address. Raises UserError, ConfigError for wrong settings."""
        endpoint = self.config().endpoints[number]
        return source_of(endpoint.kind).connects(endpoint.model_copy(update={"timeout": _PATIENCE}))


def given_endpoint(text: str, taken: Sequence[str]) -> tuple[str, Settings]:
    """An endpoint from ``KIND,setting=value,...``. Raises CliError."""
    kind, *parts = [part.strip() for part in text.split(",")]
    if kind not in sources():
        raise CliError(f"--endpoint {kind}: no such kind; there are: {', '.join(sources())}")
    source = source_of(kind)
    given: Settings = {}
    for part in parts:
        setting, equals, value = part.partition("=")
        if not equals or not setting or not value:
            raise CliError(f"--endpoint {kind}: '{part}' is not setting=value")
        given[setting] = value
    # Empty: left out of the file.
    left_out = {question.setting: "" for question in source.questions if question.unless in given}
    settings = {"name": default_name(source, taken), **defaults_of(source.questions), **left_out, **given}
    missing = [question for question in source.questions if question.setting not in settings]
    if missing:
        raise CliError(
            f"--endpoint {kind}: give "
            + " and ".join(f"{question.setting} ({question.text})" for question in missing)
        )
    return kind, settings


def defaults_of(questions: Sequence[Question]) -> Settings:
    """The settings that Enter takes."""
    return {question.setting: question.default for question in questions if question.default}
