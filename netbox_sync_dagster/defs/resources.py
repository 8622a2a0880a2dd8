"""The Dagster resource with the configuration and the warehouse."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

import dagster as dg

from netbox_sync_dagster.config import Config, ConfigError, load_config
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.locks import EndpointLock
from netbox_sync_dagster.text import visible

CONFIG_VARIABLE = "NETBOX_SYNC_CONFIG"
HOME_VARIABLE = "NETBOX_SYNC_HOME"


def _config_path() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE) or "netbox_sync.yaml")


class SyncResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where the configuration and the warehouse are.

    Empty fields mean the environment: NETBOX_SYNC_CONFIG (default ``netbox_sync.yaml``) and NETBOX_SYNC_HOME
    (default ``data``), both relative to the directory in which Dagster was started.
    """

    config_path: str = ""
    home: str = ""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[SyncResource]:
        """During a run: hold a lock that shows that its process lives, for ``defs.runs.end_orphans``.

        If the lock cannot be written, the run's steps fail with the reason.
        """
        with ExitStack() as stack:
            if context.run is not None:
                with suppress(WarehouseError, OSError):
                    stack.enter_context(EndpointLock.for_run(self.warehouse(), context.run.run_id))
            yield self

    def config(self) -> Config:
        """The current configuration file. Raises ConfigError with all its errors."""
        return load_config(self.config_path or _config_path())

    def warehouse(self, config: Config | None = None) -> Warehouse:
        """The warehouse directory; it may not exist yet. ``config``: the configuration, if it was read already."""
        home = self.home or os.environ.get(HOME_VARIABLE) or "data"
        try:
            keep = (config or self.config()).retention
        except ConfigError:
            return Warehouse(home)
        return Warehouse(home, keep_snapshots=keep.snapshots, keep_diffs=keep.diffs)


@cache
def config_at_start() -> Config | None:
    """The configuration when the code location is loaded; None if it is invalid, with its errors in the log.

    Everything reads the file again when it runs. Which kinds have assets and jobs, the schedules, owners and freshness
    policies come from this one; without it all kinds have assets and jobs.
    """
    path = _config_path()
    try:
        return load_config(path)
    except ConfigError as error:
        log = logging.getLogger("dagster")
        for sentence in error.errors:
            log.error("netbox-sync: %s", visible(sentence))
        log.error(
            "netbox-sync: no run can work until the configuration is right; it is looked for in %s (environment "
            "variable %s)",
            path.absolute(),
            CONFIG_VARIABLE,
        )
        return None
