"""The configuration file ``netbox_sync.yaml``: the NetBox target, the endpoints, mappings and policies."""

from netbox_sync_dagster.config.docker import DockerEndpoint
from netbox_sync_dagster.config.librenms import LibreNMSEndpoint
from netbox_sync_dagster.config.load import ConfigError, load_config
from netbox_sync_dagster.config.model import Config, Endpoint
from netbox_sync_dagster.config.policies import Policies
from netbox_sync_dagster.config.proxmox import ProxmoxEndpoint
from netbox_sync_dagster.config.servers import NetBoxTarget, Tls

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
