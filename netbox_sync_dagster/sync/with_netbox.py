"""Syncs endpoints together with NetBox: NetBox is read once, and each endpoint is compared when both are there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from types import MappingProxyType

from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.sync.endpoint import Outcome, SyncOptions, sync_endpoint
from netbox_sync_dagster.sync.target import read_netbox
from netbox_sync_dagster.sync.together import Say, Show, Stopped, run_together

TARGET = "NetBox"
# Maximum number of endpoints to sync in parallel; each also has its own fetch_max_concurrency.
_AT_ONCE = 12
# Seconds between checks for an interrupt while a sync waits for NetBox.
_LOOK_EVERY = 0.2


def sync_with_netbox(
    warehouse: Warehouse,
    config: Config,
    chosen: Sequence[Endpoint],
    options: SyncOptions,
    *,
    who: str,
    options_of: Mapping[str, SyncOptions] = MappingProxyType({}),
    show: Show = lambda name, text: None,
    stop: threading.Event | None = None,
) -> tuple[Outcome, list[Outcome]]:
    """Read NetBox and the endpoints in parallel; compare each endpoint when NetBox is read.

    ``options_of``: those of endpoints that have others than ``options``, by name; NetBox is read with ``options``.
    Returns the outcome of NetBox (``TARGET``) and those of the endpoints, with their errors. ``show`` gets the progress of
    each by name. Raises Stopped soon after ``stop`` is set.
    """
    target = Future[Outcome]()
    stop = stop or threading.Event()

    def netbox_is_there() -> bool:
        while not stop.is_set():
            with suppress(TimeoutError):
                return target.result(timeout=_LOOK_EVERY).error is None
        raise Stopped("interrupted")

    def read_target(say: Say) -> Outcome:
        outcome = Outcome(TARGET)
        began = time.monotonic()
        try:
            outcome.manifest = read_netbox(
                config,
                warehouse,
                progress=say,
                accept_shrink=options.accept_shrink,
                who=who,
                is_brief=options.is_brief,
            )
        except Exception as error:  # noqa: BLE001
            outcome.error = error
        outcome.seconds = time.monotonic() - began
        target.set_result(outcome)
        return outcome

    with Comparer(warehouse, config) as comparer:

        def sync_one(endpoint: Endpoint, say: Say) -> Outcome:
            return sync_endpoint(
                warehouse,
                endpoint,
                comparer,
                who=who,
                options=options_of.get(endpoint.name, options),
                say=say,
                netbox_is_there=netbox_is_there,
            )

        work: dict[str, Callable[[Say], Outcome]] = {TARGET: read_target}
        work |= {endpoint.name: partial(sync_one, endpoint) for endpoint in chosen}
        done = run_together(work, at_once=_AT_ONCE, ahead=[TARGET], show=show, stop=stop)
    return done.pop(TARGET), list(done.values())
