"""An in-memory Proxmox VE for the demo and the tests."""

from netbox_sync_lab.proxmox.models import (
    Guest,
    Node,
    Storage,
    agent_interface,
    default_network,
    loopback_interface,
)
from netbox_sync_lab.proxmox.server import LabProxmox
from netbox_sync_lab.proxmox.state import ProxmoxState

__all__ = [
    "Guest",
    "LabProxmox",
    "Node",
    "ProxmoxState",
    "Storage",
    "agent_interface",
    "default_network",
    "loopback_interface",
]
