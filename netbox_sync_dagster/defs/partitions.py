"""The endpoints of the configuration as Dagster's partitions."""

from typing import cast

import dagster as dg

from netbox_sync_dagster.config import Config, ConfigError, Endpoint
from netbox_sync_dagster.defs.keys import KINDS, Kind
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.defs.shown import log_of, skip
from netbox_sync_dagster.explain import sentence

PARTITIONS: dict[Kind, dg.DynamicPartitionsDefinition] = {
    kind: dg.DynamicPartitionsDefinition(name=f"{kind}_endpoints") for kind in KINDS
}


def enabled(config: Config, kind: Kind) -> list[Endpoint]:
    """The endpoints of one kind that take part, in the file's order."""
    return [item for item in config.endpoints if item.enabled and item.kind == kind]


def partition_keys(instance: dg.DagsterInstance, kind: Kind) -> list[str]:
    """The partition keys that Dagster knows now, in its order."""
    return list(instance.get_dynamic_partitions(_name(kind)))


def keep_in_step(instance: dg.DagsterInstance, config: Config) -> None:
    """Add and remove partition keys so that they are the enabled endpoints of the configuration.

    What Dagster and the warehouse recorded about a removed endpoint stays.
    """
    for kind in KINDS:
        added, removed = _differences(instance, config, kind)
        instance.add_dynamic_partitions(_name(kind), added)
        for key in removed:
            instance.delete_dynamic_partition(_name(kind), key)


@dg.sensor(
    name="endpoints",
    description="Keeps the partitions in step with the enabled endpoints of the configuration file.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def endpoints(context: dg.SensorEvaluationContext, sync: SyncResource) -> dg.SensorResult | dg.SkipReason:
    """Adds the partitions of new endpoints and removes those of endpoints that are gone or disabled."""
    try:
        config = sync.config()
    except ConfigError as error:
        return skip(sentence(error))
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    said = []
    for kind in KINDS:
        added, removed = _differences(context.instance, config, kind)
        if added:
            requests.append(PARTITIONS[kind].build_add_request(added))
            said.append(f"added {', '.join(added)}")
        if removed:
            requests.append(PARTITIONS[kind].build_delete_request(removed))
            said.append(f"removed {', '.join(removed)}")
    if not requests:
        return skip("the partitions are the enabled endpoints of the configuration")
    log_of(context).info("; ".join(said))
    return dg.SensorResult(dynamic_partitions_requests=requests)


def _name(kind: Kind) -> str:
    return cast(str, PARTITIONS[kind].name)


def _differences(instance: dg.DagsterInstance, config: Config, kind: Kind) -> tuple[list[str], list[str]]:
    wanted = [endpoint.name for endpoint in enabled(config, kind)]
    known = partition_keys(instance, kind)
    return [key for key in wanted if key not in known], [key for key in known if key not in wanted]
