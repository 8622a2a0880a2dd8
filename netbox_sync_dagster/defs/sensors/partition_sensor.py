"""The sensor ``endpoints``: keeps Dagster's partitions in step with the configuration file."""

import dagster as dg

from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.defs.keys import KINDS
from netbox_sync_dagster.defs.loaded_kinds import not_loaded
from netbox_sync_dagster.defs.partitions import PARTITIONS, differences
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of, skip
from netbox_sync_dagster.explain import sentence


@dg.sensor(
    name="endpoints",
    description="Keeps the partitions in step with the enabled endpoints of the configuration file.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def partition_sensor(
    context: dg.SensorEvaluationContext, sync: SyncResource
) -> dg.SensorResult | dg.SkipReason:
    """Adds partitions of new endpoints and removes those of removed or disabled endpoints."""
    try:
        config = sync.config()
    except ConfigError as error:
        return skip(sentence(error))
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    said = []
    for kind in KINDS:
        added, removed = differences(context.instance, config, kind)
        if added:
            requests.append(PARTITIONS[kind].build_add_request(added))
            said.append(f"added {', '.join(added)}")
        if removed:
            requests.append(PARTITIONS[kind].build_delete_request(removed))
            said.append(f"removed {', '.join(removed)}")
    missing = not_loaded(config)
    if missing:
        log_of(context).warning(missing)
    if not requests:
        same = "the partitions are the enabled endpoints of the configuration"
        return skip(f"{same}; {missing}" if missing else same)
    log_of(context).info("; ".join(said))
    return dg.SensorResult(dynamic_partitions_requests=requests)
