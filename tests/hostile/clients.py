"""Every client of this product, and one call that it makes first, against a server of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.sources.docker.client import DockerClient
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.librenms.client import connect
from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.snapshot import read_system
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.proxmox.client import ProxmoxClient
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_lab.certs import LabCertificates
from tests.hostile.server import Behaviour, HostileServer

SECRETS = {
    "NETBOX_TOKEN": "nbt_keykeykeykey.canary5netbox5token5of5forty5characters1",
    "LIBRENMS_TOKEN": "canary5librenms5token5of5thirty2",
    "PVE_TOKEN": "canary5pve5-0000-4000-8000-000000000000",
    "PVE_PASSWORD": "canary5 pve/password+with ünusual",
}
# What of them must never come up anywhere.
CANARIES = [value.partition(".")[2] or value for value in SECRETS.values()]
LIMITS = {"answer_seconds": 30, "answer_mib": 1, "list_mib": 2, "snapshot_mib": 16, "snapshot_seconds": 60}
SMALL: dict[str, Any] = {"timeout": 10, "limits": LIMITS}
# Against what takes all the time that it is given.
IMPATIENT: dict[str, Any] = {"timeout": 0.5, "limits": {**LIMITS, "answer_seconds": 1}}


def librenms(url: str, **more: Any) -> LibreNMSEndpoint:
    return LibreNMSEndpoint.model_validate({"kind": "librenms", "name": "nms", "url": url, **SMALL, **more})


def proxmox(url: str, certificates: LabCertificates, *, password: bool, **more: Any) -> ProxmoxEndpoint:
    by = {"password_env": "PVE_PASSWORD"} if password else {"token_name": "sync", "token_env": "PVE_TOKEN"}
    given = {"kind": "proxmox", "name": "pve", "url": url, "user": "sync@pve", **by, **SMALL, **more}
    return ProxmoxEndpoint.model_validate({**given, "tls": {"ca": str(certificates.ca_path)}})


def docker(url: str, **more: Any) -> DockerEndpoint:
    return DockerEndpoint.model_validate({"kind": "docker", "name": "dock", "url": url, **SMALL, **more})


def netbox(url: str, **more: Any) -> NetBoxTarget:
    return NetBoxTarget.model_validate({"url": url, **SMALL, **more})


def _librenms(url: str, _: LabCertificates, **more: Any) -> None:
    with connect(librenms(url, **more)) as client:
        read_system(client)


def _proxmox(url: str, certificates: LabCertificates, **more: Any) -> None:
    with ProxmoxClient(proxmox(url, certificates, password=False, **more)) as client:
        client.get("version")


def _proxmox_password(url: str, certificates: LabCertificates, **more: Any) -> None:
    with ProxmoxClient(proxmox(url, certificates, password=True, **more)) as client:
        client.get("version")


def _docker(url: str, _: LabCertificates, **more: Any) -> None:
    with DockerClient(docker(url, **more)) as client:
        client.negotiate()


def _netbox(url: str, _: LabCertificates, **more: Any) -> None:
    with NetBox(netbox(url, **more)) as client:
        client.open()


def _writer(url: str, _: LabCertificates, **more: Any) -> None:
    with NetBoxWriter(netbox(url, **more)) as client:
        client.connect()


CLIENTS: dict[str, Callable[..., None]] = {
    "librenms": _librenms,
    "proxmox": _proxmox,
    "proxmox by password": _proxmox_password,
    "docker": _docker,
    "docker by socket": _docker,
    "netbox": _netbox,
    "netbox to write": _writer,
}


def serve(client: str, behaviour: Behaviour, certificates: LabCertificates, folder: Path) -> HostileServer:
    """A server of the kind that this client asks: HTTP, HTTPS or a socket file."""
    if client.startswith("proxmox"):
        return HostileServer(behaviour, certificates=certificates)
    return HostileServer(behaviour, path=folder / "d.sock" if client.endswith("socket") else None)
