"""The configuration file ``netbox_sync.yaml``: the NetBox target, the endpoints, mappings and policies."""

from netbox_sync_dagster.config.load import ConfigError, load_config
from netbox_sync_dagster.config.model import (
    Config,
    DockerEndpoint,
    Endpoint,
    LibreNMSEndpoint,
    NetBoxTarget,
    Policies,
    ProxmoxEndpoint,
    Tls,
)

__all__ = [
    "Config",
    "ConfigError",
    "DockerEndpoint",
    "Endpoint",
    "LibreNMSEndpoint",
    "NetBoxTarget",
    "Policies",
    "ProxmoxEndpoint",
    "Tls",
    "load_config",
]
