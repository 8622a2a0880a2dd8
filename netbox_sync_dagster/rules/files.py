"""The files of the rules: ``<resource>.sql`` and ``<resource>.skip.sql``, for all endpoints or in a folder with an
endpoint's name for this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.rules.fields import FIELDS, SKIPPABLE, meant

_SKIP = ".skip.sql"
# Examples of `netbox-sync rules test`.
TESTS = "tests"


class RuleError(UserError):
    """A rule cannot be used. The sentence names the file and, where it is known, the line."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = list(errors)

    @property
    def sentences(self) -> list[str]:
        """One sentence per rule that cannot be used."""
        return self.errors


@dataclass(frozen=True)
class Rule:
    """One file. ``name``: its path as people know it. ``skips``: it leaves objects out instead of setting fields."""

    name: str
    resource: str
    skips: bool
    sql: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its result."""
        return ("key", "reason") if self.skips else ("key", "field", "value")


def rules_of(config: Config, endpoint: str) -> list[Rule]:
    """The rules of an endpoint, those for all first, by name. Raises RuleError with everything wrong about the files."""
    if config.rules.folder is None or not Path(config.rules.folder).is_dir():
        return []
    root = Path(config.rules.folder)
    names = {one.name for one in config.endpoints}
    errors: list[str] = []
    found: list[Rule] = []
    for path in sorted(root.iterdir()):
        if path.is_dir() and path.name != TESTS and path.name not in names and any(path.glob("*.sql")):
            errors.append(f"{shown(root, path)}: no endpoint has this name{meant(path.name, sorted(names))}")
    for folder in (root, root / endpoint):
        for path in sorted(folder.glob("*.sql")) if folder.is_dir() else ():
            try:
                found.append(_rule(root, path))
            except RuleError as error:
                errors += error.errors
    if errors:
        raise RuleError(errors)
    return found


def shown(root: Path, path: Path) -> str:
    """The path below the folder that holds the rules."""
    return str(path.relative_to(root.parent))


def _rule(root: Path, path: Path) -> Rule:
    name = shown(root, path)
    skips = path.name.endswith(_SKIP)
    resource = path.name.removesuffix(_SKIP if skips else ".sql")
    allowed = list(SKIPPABLE if skips else FIELDS)
    if resource not in allowed:
        can = "leave out objects of" if skips else "set fields of"
        raise RuleError([f"{name}: rules cannot {can} '{resource}'{meant(resource, allowed)}"])
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RuleError([f"{name}: not UTF-8 text (byte {error.start})"]) from None
    except OSError as error:
        raise RuleError([f"{name}: cannot be read: {error.strerror}"]) from None
    return Rule(name, resource, skips, text)
