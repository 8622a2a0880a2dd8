"""The configuration file ``netbox_sync.yaml``: the NetBox target, the endpoints, mappings and policies.

The names below are loaded on first use: a source brings a class for its endpoints, which is made of modules of this
package, and ``Config`` needs the classes of all sources.
"""

from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_names

if TYPE_CHECKING:
    from netbox_sync_dagster.config.errors import ConfigError
    from netbox_sync_dagster.config.load import load_config
    from netbox_sync_dagster.config.model import Config, Endpoint
    from netbox_sync_dagster.config.policies import Policies
    from netbox_sync_dagster.config.servers import NetBoxTarget, Tls

__all__ = ["Config", "ConfigError", "Endpoint", "NetBoxTarget", "Policies", "Tls", "load_config"]

__getattr__ = lazy_names(
    __name__,
    {
        "netbox_sync_dagster.config.errors": ("ConfigError",),
        "netbox_sync_dagster.config.load": ("load_config",),
        "netbox_sync_dagster.config.model": ("Config", "Endpoint"),
        "netbox_sync_dagster.config.policies": ("Policies",),
        "netbox_sync_dagster.config.servers": ("NetBoxTarget", "Tls"),
    },
)
