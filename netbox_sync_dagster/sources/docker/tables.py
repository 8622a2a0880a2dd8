"""The tables of a snapshot: what is read, in the source's own words and units."""

from netbox_sync_dagster.columns import Table, tables_of

_DOCKER = {
    # The daemon: one row. memtotal in bytes. name and id NULL where /info may not be read.
    "host": """name id version api_version os kernel architecture ncpu:INTEGER memtotal:BIGINT swarm""",
    # One row per container. cpus and memory (bytes) are its limits, 0 = none; NULL, like the rest, where it could
    # not be inspected. Environment, command and labels are never kept: they may hold secrets.
    # A task of a swarm service is called service.slot; given_name: as Docker calls it. replaced_by: the name that a
    # newer or running task of the slot has. auto_remove: Docker removes it when it stops.
    "containers": """name given_name replaced_by auto_remove:BOOLEAN id image image_id state created:TIMESTAMP started:TIMESTAMP hostname domainname network_mode
        cpus:DOUBLE memory:BIGINT restart_policy compose_project compose_service swarm_service
        inspected:BOOLEAN""",
    # One row per network of a container; position 0 is the network that it was started with. attached: it is there
    # now, with mac and addresses.
    "container_interfaces": "container network position:INTEGER network_id mac attached:BOOLEAN",
    # canonical as in librenms.ip_addresses.
    "container_addresses": "container network family:INTEGER address prefixlen:INTEGER canonical",
    "networks": "id name driver scope internal:BOOLEAN subnets:VARCHAR[]",
}

TABLES: dict[str, Table] = tables_of("docker", _DOCKER)
