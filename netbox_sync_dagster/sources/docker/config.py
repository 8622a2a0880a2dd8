"""A Docker host: what is read from it, and its words in NetBox's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, HttpUrl, field_validator

from netbox_sync_dagster.config.endpoints import BaseEndpoint, Mappings, database_regex
from netbox_sync_dagster.config.servers import ClientTls


class DockerMappings(Mappings):
    """From Docker's words to NetBox's."""

    # Docker tells networks apart by case.
    exact = ("vrfs",)

    platforms: dict[str, str] = Field(
        {}, description="Image, with or without its tag -> platform, e.g. postgres: PostgreSQL."
    )
    roles: dict[str, str] = Field({"container": "Container"}, description="container -> device role.")
    virtual_machine_types: dict[str, str] = Field(
        {"container": "Container"},
        description="container -> virtual machine type, where NetBox has one of that name (4.6 and newer).",
    )
    vrfs: dict[str, str] = Field({}, description="Network -> VRF, where it is not defaults.vrf.")


class DockerEndpoint(BaseEndpoint):
    """A Docker host: one daemon, read over the Docker Engine API."""

    # Not only http: a daemon listens on a socket file first of all.
    url: str = Field(  # type: ignore[assignment]
        description="unix:///var/run/docker.sock, http://127.0.0.1:2375 or https://docker1.example.com:2376"
    )
    kind: Literal["docker"] = Field(description="docker")
    tls: ClientTls = Field(ClientTls(), description="How the certificate is checked, and our own.")
    cluster_name: Literal["endpoint", "daemon"] = Field(
        "endpoint", description="The cluster's name: the endpoint's, or what the daemon calls its host."
    )
    cluster_type: str = Field("Docker", description="Name or slug of the type of a new cluster.")
    cluster_group: str | None = Field(None, description="Name or slug of the group of a new cluster.")
    ignored_containers: list[str] = Field(
        [], description="Regular expressions of container names, matched whole, that are left out, e.g. ci-.*"
    )
    bridge_addresses: bool = Field(
        True,
        description="Keep addresses of bridge networks, which exist behind this host only and repeat from host to host.",
    )
    mappings: DockerMappings = Field(DockerMappings(), description="From Docker's words to NetBox's.")

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
            raise ValueError(
                f"a daemon is reached with http://{rest}, or https://{rest} where it asks for TLS"
            )
        raise ValueError(
            "is not the address of a Docker daemon, which begins with unix:///, http:// or https://"
        )

    @field_validator("ignored_containers")
    @classmethod
    def _ignored(cls, value: list[str]) -> list[str]:
        return [database_regex(pattern) for pattern in value]

    @property
    def socket(self) -> str | None:
        """The path of the daemon's socket file; None where it is asked over TCP."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None
