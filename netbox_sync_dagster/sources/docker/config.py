"""Settings of a Docker endpoint."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, HttpUrl, field_validator

from netbox_sync_dagster.config.endpoints import BaseEndpoint, Mappings, database_regex
from netbox_sync_dagster.config.servers import ClientTls


class DockerMappings(Mappings):
    """Maps Docker names to names or slugs in NetBox."""

    # Docker's network names are case-sensitive.
    exact = ("vrfs",)

    platforms: dict[str, str] = Field(
        {}, description="Image, with or without tag -> platform, e.g. postgres: PostgreSQL."
    )
    roles: dict[str, str] = Field({"container": "Container"}, description="container -> device role.")
    virtual_machine_types: dict[str, str] = Field(
        {"container": "Container"},
        description="container -> virtual machine type, if NetBox has one with that name (4.6 and newer).",
    )
    vrfs: dict[str, str] = Field({}, description="Network -> VRF; default: `defaults.vrf`.")


class DockerEndpoint(BaseEndpoint):
    """A Docker host, read through the Docker Engine API."""

    # Not only http: by default a daemon listens on a socket file.
    url: str = Field(  # type: ignore[assignment]
        description="unix:///var/run/docker.sock, http://127.0.0.1:2375 or https://docker1.example.com:2376"
    )
    kind: Literal["docker"] = Field(description="docker")
    tls: ClientTls = Field(ClientTls(), description="TLS settings, with an optional client certificate.")
    cluster_name: Literal["endpoint", "daemon"] = Field(
        "endpoint",
        description="The cluster's name: the endpoint's name, or the host name that the daemon reports.",
    )
    host: str | None = Field(
        None,
        description="Name of the device or virtual machine on which the engine runs; default: the host name that it "
        "reports. Containers get this device, and the device the cluster, unless it has another.",
    )
    cluster_type: str = Field("Docker", description="Name or slug of the type of a new cluster.")
    cluster_group: str | None = Field(None, description="Name or slug of the group of a new cluster.")
    ignored_containers: list[str] = Field(
        [], description="Regular expressions that match the complete names of containers to skip, e.g. ci-.*"
    )
    auto_removed_containers: bool = Field(
        True, description="Include containers that Docker removes when they stop (`docker run --rm`)."
    )
    compose_tags: bool = Field(
        False, description="Tag containers with the project and the service that Docker Compose gives them."
    )
    bridge_addresses: bool = Field(
        True,
        description="Include addresses of bridge networks, which exist only on this host and often repeat on other hosts.",
    )
    mappings: DockerMappings = Field(DockerMappings(), description="Docker names to NetBox names.")

    @field_validator("url")
    @classmethod
    def _docker_url(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme == "unix" and rest.startswith("/") and len(rest) > 1:
            return value
        if scheme in ("http", "https") and rest.strip("/"):
            HttpUrl(value)
            return value
        if scheme == "tcp":
            raise ValueError(f"use http://{rest}, or https://{rest} if the daemon requires TLS")
        raise ValueError(
            "must be the address of a Docker daemon, which begins with unix:///, http:// or https://"
        )

    @field_validator("ignored_containers")
    @classmethod
    def _ignored(cls, value: list[str]) -> list[str]:
        return [database_regex(pattern) for pattern in value]

    @property
    def socket(self) -> str | None:
        """The path of the daemon's socket file; None for TCP."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None
