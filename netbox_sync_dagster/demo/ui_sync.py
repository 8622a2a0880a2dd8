"""One sync of every endpoint through Dagster, so that its UI has a result to look at from the start.

    python -m netbox_sync_dagster.demo.ui_sync

By the environment, as Dagster itself: NETBOX_SYNC_CONFIG, NETBOX_SYNC_HOME, DAGSTER_HOME. Ends with 1 where a run failed.
"""

from __future__ import annotations

import sys

import dagster as dg

from netbox_sync_dagster.definitions import definitions
from netbox_sync_dagster.defs.keys import KINDS
from netbox_sync_dagster.defs.partitions import enabled, keep_in_step
from netbox_sync_dagster.defs.resources import SyncResource


def main() -> int:
    config = SyncResource().config()
    found = definitions()
    succeeded = []
    with dg.DagsterInstance.get() as instance:
        keep_in_step(instance, config)
        for kind in KINDS:
            for endpoint in enabled(config, kind):
                # Kinds without an endpoint have no job.
                job = found.resolve_job_def(f"sync_{kind}")
                run = job.execute_in_process(
                    instance=instance, partition_key=endpoint.name, raise_on_error=False
                )
                succeeded.append(run.success)
    return 0 if all(succeeded) else 1


if __name__ == "__main__":
    sys.exit(main())
