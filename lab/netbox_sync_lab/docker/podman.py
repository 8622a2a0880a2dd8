"""Podman's service with the Docker API, where its answers differ from a Docker daemon's.

After pkg/api/handlers/compat of Podman 6; ``old`` gives names of networks for their ids, as Podman up to 5 does.
"""

from __future__ import annotations

import uuid
from typing import Any

from netbox_sync_lab.docker import answers
from netbox_sync_lab.docker.state import Container, DockerState, Network

DEFAULT_NETWORK = "podman"
# Networks of a user, of which the service shows nothing while the container runs.
_ROOTLESS = ("pasta", "slirp4netns")


class PodmanState(DockerState):
    """A Podman host called ``name``, whose containers are in the network ``podman`` if not in another."""

    def __init__(self, name: str = "podman1", *, old: bool = False) -> None:
        super().__init__(name, version="5.2.1" if old else "6.0.0", api="1.41" if old else "1.44")
        self.old = old
        self.networks = {DEFAULT_NETWORK: Network(DEFAULT_NETWORK, "bridge", "10.88.0.0/16")}
        for other in ("host", "none", *_ROOTLESS):
            self.networks[other] = Network(other, "")

    def add(self, name: str, *networks: str, **settings: Any) -> Container:
        """``podman run``; a container of a pod has the ``network_mode`` ``container:<id of the pod's first one>``."""
        return super().add(name, *(networks or (DEFAULT_NETWORK,)), **settings)

    def add_pod(self, name: str, *networks: str) -> Container:
        """``podman pod create``: its first container, which holds the addresses and has no image."""
        return self.add(f"{name}-infra", *networks, image="")


def version(state: PodmanState) -> dict[str, Any]:
    """``GET /version``"""
    answer = answers.version(state)
    engine = {"Name": "Podman Engine", "Version": state.version, "Details": {"APIVersion": state.version}}
    conmon = {"Name": "Conmon", "Version": "conmon version 2.1.12", "Details": {"Package": "conmon_2.1.12"}}
    return {**answer, "Platform": {"Name": "linux/amd64/debian-13"}, "Components": [engine, conmon]}


def info(state: PodmanState) -> dict[str, Any]:
    """``GET /info``: its ID is another one each time."""
    return {
        **answers.info(state),
        "ID": str(uuid.uuid4()),
        "OperatingSystem": "debian",
        "Architecture": "amd64",
    }


def networks(state: PodmanState) -> list[dict[str, Any]]:
    """``GET /networks``: the default network is called ``bridge`` here, and ``podman`` at its containers."""
    found = [one for one in answers.networks(state) if one["Driver"]]
    return [{**one, "Name": "bridge"} if one["Name"] == DEFAULT_NETWORK else one for one in found]


def container_list(state: PodmanState, *, everything: bool) -> list[Any]:
    """``GET /containers/json``: the network mode is always ``host``."""
    rows = answers.container_list(state, everything=everything)
    for row in rows:
        row["HostConfig"] = {"NetworkMode": "host"}
        row["NetworkSettings"] = {"Networks": _networks(state, state.containers[row["Names"][0][1:]])}
    return rows


def container(state: PodmanState, one: Container) -> dict[str, Any]:
    """``GET /containers/{id}/json``"""
    answer = answers.container(state, one)
    in_bridge = one.network_mode in state.networks and state.networks[one.network_mode].driver
    if in_bridge:
        answer["HostConfig"]["NetworkMode"] = "bridge"
    answer["NetworkSettings"]["Networks"] = _networks(state, one)
    return answer


def _networks(state: PodmanState, one: Container) -> dict[str, Any]:
    # A container of a pod shows the networks of the pod's first container.
    if one.network_mode.startswith("container:"):
        holder = state.find(one.network_mode.partition(":")[2])
        return {} if holder is None else _networks(state, holder)
    if one.network_mode in _ROOTLESS and one.attached:
        return {}
    found = {}
    for name in sorted(one.networks):
        network = state.networks[name]
        # The network ids of Podman are the hashes of the names.
        shown = name if state.old or not network.driver else network.id
        found[name] = {
            **answers.endpoint(network, one),
            "EndpointID": "",
            "NetworkID": shown,
            "DriverOpts": None,
            "IPAMConfig": None,
            "Links": None,
        }
        found[name].pop("DNSNames")
    return found
