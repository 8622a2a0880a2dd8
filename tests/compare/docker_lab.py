"""A Docker host and a NetBox for a whole file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from netbox_sync_lab.docker import DockerState, LabDocker
from netbox_sync_lab.netbox import LabNetBox
from tests.compare.together import create_basics
from tests.support import NetBox, Pipeline

VMS = "virtualization/virtual-machines"
INTERFACES = "virtualization/interfaces"
IPS = "ipam/ip-addresses"
DELETE = {"delete": ["virtual_machines", "vm_interfaces", "virtual_disks", "ip_addresses", "mac_addresses"]}


class DockerLab(NamedTuple):
    """Host whale with the networks front and back, as endpoint ``docker1`` against an empty NetBox."""

    host: DockerState
    daemon: LabDocker
    netbox: NetBox
    pipeline: Pipeline


@contextmanager
def docker_lab(folder: Path, **endpoint: Any) -> Iterator[DockerLab]:
    """The servers, with more settings of the endpoint; site, role and cluster type are in NetBox."""
    host = DockerState("whale")
    host.add_network("front", "172.30.0.0/24")
    host.add_network("back", "172.31.0.0/24", subnet6="2001:db8:31::/64")
    with (
        LabNetBox(token="lab-token") as server,
        LabDocker(host) as daemon,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("NETBOX_TOKEN", server.token)
        netbox = NetBox(server.url, server.token)
        create_basics(netbox)
        netbox.create("virtualization/cluster-types", name="Docker", slug="docker")
        content = {
            "name": "docker1",
            "kind": "docker",
            "url": daemon.url,
            "defaults": {"site": "paris"},
            **endpoint,
        }
        yield DockerLab(host, daemon, netbox, Pipeline(folder, netbox, content))
