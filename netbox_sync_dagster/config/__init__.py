"""The configuration file ``netbox_sync.yaml``: the NetBox target, the endpoints, mappings and policies.

The names below are loaded on first use: a source brings a class for its endpoints, which is made of modules of this
package, and ``Config`` needs the classes of all sources.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netbox_sync_dagster.config.load import ConfigError, load_config
    from netbox_sync_dagster.config.model import Config, Endpoint
    from netbox_sync_dagster.config.policies import Policies
    from netbox_sync_dagster.config.servers import NetBoxTarget, Tls

_WHERE = {
    "Config": "model",
    "ConfigError": "load",
    "Endpoint": "model",
    "NetBoxTarget": "servers",
    "Policies": "policies",
    "Tls": "servers",
    "load_config": "load",
}

__all__ = ["Config", "ConfigError", "Endpoint", "NetBoxTarget", "Policies", "Tls", "load_config"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
