"""The owners of assets, from the configuration when the code location is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.defs.keys import Kind
from netbox_sync_dagster.defs.resources import config_at_start


def owners(kind: Kind | None = None) -> Sequence[str]:
    """The owners of the assets of all endpoints of a kind; without a kind, of NetBox's assets."""
    config = config_at_start()
    if config is None:
        default: list[str] = Config.model_fields["owners"].default
        return default
    return config.owners if kind is None else config.owners_of(kind)
