"""The kinds of endpoints that have assets, checks and jobs: those of the configuration, when it is loaded."""

from __future__ import annotations

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.defs.keys import KINDS, TITLES, Kind
from netbox_sync_dagster.defs.resources import config_at_start


def kinds_of(config: Config | None) -> tuple[Kind, ...]:
    """The kinds with an endpoint, enabled or not; all if the configuration cannot be read."""
    if config is None:
        return KINDS
    configured = {endpoint.kind for endpoint in config.endpoints}
    return tuple(kind for kind in KINDS if kind in configured)


LOADED_KINDS = kinds_of(config_at_start())


def not_loaded(config: Config) -> str:
    """A sentence about kinds that were configured since; empty if there are none."""
    titles = [TITLES[kind] for kind in kinds_of(config) if kind not in LOADED_KINDS]
    return f"reload the code location to see the assets of {', '.join(titles)}" if titles else ""
