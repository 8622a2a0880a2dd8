"""The sources that are installed: those of this product and those of other packages, by entry point."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.sources.base import Source

GROUP = "netbox_sync_dagster.sources"
# Schemas of the database that are no source's.
_TAKEN = frozenset({"netbox", "config", "desired", "match", "diff", "ledger", "sync", "history", "main"})


class SourceFault(UserError):
    """A source that is installed cannot be used; the sentence names its package and says why."""


@cache
def sources() -> Mapping[str, Source]:
    """{kind: source}, in alphabetical order. Raises SourceFault."""
    found: dict[str, Source] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        package = point.dist.name if point.dist is not None else point.value
        try:
            source = point.load()
        except Exception as error:
            raise SourceFault(
                f"the source '{point.name}' of the package {package} cannot be loaded "
                f"({type(error).__name__}: {error}); update or uninstall the package"
            ) from error
        if not isinstance(source, Source) or source.kind != point.name or source.kind in _TAKEN:
            raise SourceFault(
                f"the entry point '{point.name}' of the package {package} must name a Source of the kind "
                f"'{point.name}', which may not be one of {', '.join(sorted(_TAKEN))}; update or uninstall the package"
            )
        known = found.setdefault(source.kind, source)
        if type(known) is not type(source):
            raise SourceFault(
                f"two packages have a source '{source.kind}', one of them {package}; uninstall one"
            )
    if not found:
        raise SourceFault(
            "no source is installed: install netbox-sync-dagster again (in a checkout: make setup)"
        )
    return found


def source_of(kind: str) -> Source:
    """The source of a kind that the configuration has. Raises KeyError."""
    return sources()[kind]
