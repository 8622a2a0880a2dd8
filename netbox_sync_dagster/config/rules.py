"""Where the user's rules in SQL are, and how long one may take."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from netbox_sync_dagster.config.strict import StrictModel


class RulesConfig(StrictModel):
    """The user's own rules in SQL, files like ``rules/devices.sql``."""

    folder: str | None = Field(
        None,
        description="Folder of the rules, relative to this file. Default: `rules`, if it exists.",
    )
    timeout: float = Field(30, gt=0, le=3_600, description="Seconds after which a rule counts as failed.")

    def beside(self, config_folder: Path) -> RulesConfig:
        """The same with an absolute folder. Raises ValueError if a folder is named and does not exist."""
        folder = config_folder / (self.folder or "rules")
        if folder.is_dir():
            return self.model_copy(update={"folder": str(folder.absolute())})
        if self.folder is not None:
            raise ValueError(f"there is no folder {folder}")
        return self
