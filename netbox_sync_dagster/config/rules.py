"""Where the user's rules in SQL are, and how long one may take."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field

from netbox_sync_dagster.config.strict import StrictModel

_CONTACTS = re.compile(rb"\bcontacts\b", re.IGNORECASE)


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

    @property
    def name_contacts(self) -> bool:
        """Whether the text of any rule names contacts: only then are those of NetBox read.

        A file that cannot be read counts as if it did not; the comparison reports it.
        """
        return (
            any(_names_contacts(path) for path in Path(self.folder).rglob("*.sql")) if self.folder else False
        )


def _names_contacts(path: Path) -> bool:
    try:
        return _CONTACTS.search(path.read_bytes()) is not None
    except OSError:
        return False
