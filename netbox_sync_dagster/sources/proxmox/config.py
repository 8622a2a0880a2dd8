"""Settings of a Proxmox VE endpoint."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from netbox_sync_dagster.config.endpoints import BaseEndpoint, Mappings, database_regex
from netbox_sync_dagster.config.secrets import EnvName, read_secret

_PLACE = re.compile(r"\{(.*?)\}")
Vid = Annotated[int, Field(ge=1, le=4094)]


class ProxmoxMappings(Mappings):
    """Maps Proxmox names to names or slugs in NetBox."""

    # Interface names of a Linux host are case-sensitive.
    exact = ("vnets", "vrfs")

    platforms: dict[str, str] = Field({}, description="ostype -> platform, e.g. l26: Linux.")
    roles: dict[str, str] = Field(
        {"qemu": "Virtual Machine", "lxc": "Container", "template": "Template"},
        description="Guest type -> device role.",
    )
    device_types: dict[str, str] = Field(
        {}, description="Node name, CPU model or DMI product -> device type model."
    )
    sites: dict[str, str] = Field({}, description="Node name -> site.")
    virtual_machine_types: dict[str, str] = Field(
        {"qemu": "Virtual Machine", "lxc": "Container", "template": "Template"},
        description="Guest type -> virtual machine type, if NetBox has one with that name (4.6 and newer).",
    )
    nodes: dict[str, str] = Field({}, description="Node name -> name of its device; overrides `node_name`.")
    vrfs: dict[str, str] = Field(
        {},
        description="Bridge, vnet or SDN zone -> VRF of the addresses on it; default: `defaults.vrf`.",
    )
    tenants: dict[str, str] = Field(
        {}, description="Pool or tag of a guest -> tenant of its virtual machine."
    )
    vnets: dict[str, Vid] = Field({}, description="Bridge or vnet -> VID, if Proxmox has none.")


class ProxmoxEndpoint(BaseEndpoint):
    """A Proxmox VE cluster or standalone node. Uses an API token, or user and password."""

    kind: Literal["proxmox"] = Field(description="proxmox")
    user: str = Field(description="user@realm, e.g. netbox@pve", pattern=r"^[^@\s]+@[^@\s]+$")
    token_name: str | None = Field(None, description="Name of the API token (the part after '!').")
    token_env: EnvName | None = Field(None, description="Environment variable that holds the token's value.")
    password_env: EnvName | None = Field(None, description="Environment variable that holds the password.")
    cluster_name: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Name of the cluster in NetBox; default: its name in Proxmox. Set it if two clusters have the same name.",
    )
    node_name: str = Field(
        "{node}",
        description="Name of a node's device, from {node}, {cluster} and {endpoint}, e.g. {node}-{endpoint} if several "
        "servers are called pve.",
    )
    cluster_type: str = Field("Proxmox VE", description="Name or slug of the type of a new cluster.")
    cluster_group: str | None = Field(None, description="Name or slug of the group of a new cluster.")
    platform: str = Field("Proxmox VE", description="Platform of nodes; the major version is appended.")
    node_interface_type: str = Field("other", description="NetBox type of physical node interfaces.")
    use_guest_agent_interface_name: bool = Field(
        True, description="Use the guest agent's names for guest interfaces (ens18); false: net0, net1, ..."
    )
    guest_records: Literal["none", "custom_fields", "plugin", "auto"] = Field(
        "none",
        description="Where to write storages, backups, snapshots, tasks and replications in NetBox: plugin (the models of "
        "netbox-proxbox), custom_fields (counts, times and names on virtual machines), auto (plugin if it is "
        "installed), or none. They are always in DuckDB.",
    )
    guest_bridge: Literal["none", "description", "custom_field"] = Field(
        "none",
        description="Where to write the bridge or vnet of a guest's interface: its description, a custom field, or none.",
    )
    vlan_aware_bridges: Literal["untagged", "tagged-all"] = Field(
        "untagged",
        description="Mode of a guest's interface on a VLAN-aware bridge without a tag and trunks, which gets all VLANs: none, or "
        "tagged-all.",
    )
    ignored_guests: list[str] = Field(
        [],
        description="Regular expressions that match the complete name or VMID of a guest; these are skipped.",
    )
    ignored_tags: list[str] = Field([], description="Guests with one of these tags are skipped.")
    ignored_pools: list[str] = Field([], description="Guests in one of these pools are skipped.")
    ignored_nodes: list[str] = Field([], description="Guests on one of these nodes are skipped.")
    notes_as_comments: bool = Field(
        False, description="Write the complete notes of a guest to the comments of its virtual machine."
    )
    include_templates: bool = Field(False, description="Include templates as virtual machines.")
    agent_timeout: float = Field(5, gt=0, le=60, description="Timeout of a guest agent in seconds.")
    agent_minutes: float = Field(
        0,
        ge=0,
        le=1440,
        description="Minutes for which the addresses that a running guest has shown are kept, unless its configuration changes, "
        "it is restarted or migrated; 0: it is asked at every sync.",
    )
    full_read_hours: float = Field(
        24,
        ge=0,
        le=8760,
        description="Hours after which everything is read again; in between the snapshot lists of guests are read only if the "
        "guest's configuration changed. 0: always everything.",
    )
    mappings: ProxmoxMappings = Field(ProxmoxMappings(), description="Proxmox names to NetBox names.")

    @field_validator("ignored_guests")
    @classmethod
    def _ignored_guests(cls, value: list[str]) -> list[str]:
        return [database_regex(pattern) for pattern in value]

    @field_validator("node_name")
    @classmethod
    def _node_name(cls, value: str) -> str:
        words = _PLACE.findall(value)
        if "node" not in words or not set(words) <= {"node", "cluster", "endpoint"}:
            raise ValueError("needs {node}, and may have {cluster} and {endpoint}")
        return value

    @model_validator(mode="after")
    def _credentials(self) -> ProxmoxEndpoint:
        if bool(self.token_name) != bool(self.token_env):
            raise ValueError("token_name and token_env belong together: give both")
        if bool(self.token_name) == bool(self.password_env):
            raise ValueError("set either token_name with token_env, or password_env")
        return self

    def secret(self) -> str:
        """The token's value or the password from the environment. Raises MissingSecret."""
        return read_secret(self.token_env or self.password_env or "", f"endpoint '{self.name}'")
