"""A Docker daemon for the lab: answers in the shapes of the Docker Engine API, from a state in memory."""

from netbox_sync_lab.docker.podman import PodmanState
from netbox_sync_lab.docker.server import LabDocker
from netbox_sync_lab.docker.state import Container, DockerState, Network

__all__ = ["Container", "DockerState", "LabDocker", "Network", "PodmanState"]
