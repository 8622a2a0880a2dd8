"""Errors of the configuration."""

from __future__ import annotations

from netbox_sync_dagster.errors import UserError


class ConfigError(UserError):
    """The configuration file is invalid. One line per error, each with file, line and field."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors

    @property
    def sentences(self) -> list[str]:
        """One sentence per error."""
        return self.errors
