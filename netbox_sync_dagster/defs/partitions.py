"""The endpoints of the configuration as Dagster's partitions."""

from typing import cast

import dagster as dg

from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.defs.keys import KINDS, Kind

PARTITIONS: dict[Kind, dg.DynamicPartitionsDefinition] = {
    kind: dg.DynamicPartitionsDefinition(name=f"{kind}_endpoints") for kind in KINDS
}


def enabled(config: Config, kind: Kind) -> list[Endpoint]:
    """The enabled endpoints of one kind, in the file's order."""
    return [item for item in config.endpoints if item.enabled and item.kind == kind]


def partition_keys(instance: dg.DagsterInstance, kind: Kind) -> list[str]:
    """The partition keys that Dagster knows now, in its order."""
    return list(instance.get_dynamic_partitions(_name(kind)))


def keep_in_step(instance: dg.DagsterInstance, config: Config) -> None:
    """Add and remove partition keys to match the enabled endpoints of the configuration.

    Records of Dagster and the warehouse about a removed endpoint are kept.
    """
    for kind in KINDS:
        added, removed = differences(instance, config, kind)
        instance.add_dynamic_partitions(_name(kind), added)
        for key in removed:
            instance.delete_dynamic_partition(_name(kind), key)


def _name(kind: Kind) -> str:
    return cast(str, PARTITIONS[kind].name)


def differences(instance: dg.DagsterInstance, config: Config, kind: Kind) -> tuple[list[str], list[str]]:
    """The partition keys to add and to remove."""
    wanted = [endpoint.name for endpoint in enabled(config, kind)]
    known = partition_keys(instance, kind)
    return [key for key in wanted if key not in known], [key for key in known if key not in wanted]
