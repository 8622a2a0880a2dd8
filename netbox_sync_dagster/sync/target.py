"""Reads NetBox as the configuration needs it, for every interface."""

from __future__ import annotations

from collections.abc import Callable

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage import Manifest, Warehouse
from netbox_sync_dagster.storage.store import CurrentSync


def read_netbox(
    config: Config,
    warehouse: Warehouse,
    *,
    progress: Callable[[str], None] | None = None,
    accept_shrink: bool = False,
    who: str | None = None,
    is_brief: bool = False,
) -> Manifest:
    """Read NetBox into the warehouse: ``snapshot_netbox`` with what policies and rules need. Raises what that raises.

    ``who`` and ``is_brief`` as in ``CurrentSync``.
    """
    # NetBox's client, which Dagster's definitions do not need: every run and code server loads them.
    from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox

    return snapshot_netbox(
        config.netbox,
        warehouse.during(CurrentSync(who, is_brief=is_brief)),
        progress=progress,
        accept_shrink=accept_shrink,
        deletes=config.deletes,
        contacts=config.rules.name_contacts,
    )
