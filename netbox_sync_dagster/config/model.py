"""The models of ``netbox_sync.yaml``. Every field's description is what editors show from the JSON schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import duckdb
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationInfo,
    field_validator,
    model_validator,
)

from netbox_sync_dagster.config.cron import check_cron, check_zone, longest_gap
from netbox_sync_dagster.config.notifications import Channel
from netbox_sync_dagster.config.policies import Policies, check_field
from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.config.secrets import EnvName, read_secret


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# An endpoint's name is a partition key, a folder and part of changelog messages.
EndpointName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class Tls(_Model):
    """How a server's certificate is checked."""

    verify: bool = Field(
        True, description="Check the server's certificate. Never turn this off outside a lab."
    )
    ca: Path | None = Field(None, description="PEM file of your own certificate authority.")

    @field_validator("ca")
    @classmethod
    def _ca_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.expanduser().is_file():
            raise ValueError(f"no such file: {value}")
        return value.expanduser() if value else None


class ClientTls(Tls):
    """How a server's certificate is checked, and the certificate that is shown to a server that asks for one."""

    cert: Path | None = Field(None, description="PEM file of the client certificate.")
    key: Path | None = Field(None, description="PEM file of the client certificate's private key.")

    @field_validator("cert", "key")
    @classmethod
    def _exists(cls, value: Path | None) -> Path | None:
        return cls._ca_exists(value)

    @model_validator(mode="after")
    def _pair(self) -> ClientTls:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together: give both")
        return self


class _Server(_Model):
    url: HttpUrl = Field(description="Base URL, e.g. https://netbox.example.com")
    tls: Tls = Field(Tls(), description="How the certificate is checked.")
    timeout: float = Field(60, gt=0, le=600, description="Seconds that one request may take.")

    @property
    def base_url(self) -> str:
        """The URL without a slash at its end."""
        return str(self.url).rstrip("/")


class NetBoxTarget(_Server):
    """The NetBox that is kept."""

    token_env: EnvName = Field(
        "NETBOX_TOKEN",
        description="Environment variable that holds the API token (v1, or v2 as nbt_<key>.<token>).",
    )
    page_size: int = Field(1000, ge=50, le=1000, description="Objects per page when reading.")
    batch_size: int = Field(
        200,
        ge=1,
        le=200,
        description="Objects per write request, at most. More would not fit: NetBox's servers take 8 KB of "
        "If-Match.",
    )
    max_in_flight: int = Field(2, ge=1, le=16, description="Requests at once; NetBox's number of workers.")
    changelog_message: bool = Field(True, description="Write the change id into NetBox's changelog (4.4+).")
    journal: bool = Field(False, description="Write one journal entry per device or VM touched.")
    branch: str | None = Field(
        None,
        min_length=1,
        # NetBox takes 100; a number follows once the name is used up.
        max_length=90,
        description="Name of a netbox-branching branch to read and write instead of main; made where there is none.",
    )
    branch_wait: float = Field(
        600,
        gt=0,
        description="Seconds to wait until NetBox has made the branch, or is done with it otherwise.",
    )

    def token(self) -> str:
        """The token from the environment. Raises MissingSecret."""
        return read_secret(self.token_env, "netbox.token_env")


class Defaults(_Model):
    """What a new NetBox object gets where no mapping says better. Names or slugs, matched exactly."""

    site: str | None = Field(None, description="Name or slug of a NetBox site.")
    role: str | None = Field(None, description="Name or slug of the device role.")
    device_type: str | None = Field(None, description="Model or slug of the device type.")
    manufacturer: str | None = Field(None, description="Name or slug of the manufacturer.")
    platform: str | None = Field(None, description="Name or slug of the platform.")
    tenant: str | None = Field(None, description="Name or slug of the tenant.")
    vrf: str | None = Field(None, description="Name or route distinguisher of the VRF; none = global.")
    vlan_group: str | None = Field(None, description="Name or slug of the VLAN group for new VLANs.")


class InterfaceTypeMapping(_Model):
    """One line of the interface type table: LibreNMS ifType (and speed) to a NetBox interface type."""

    ifType: str = Field(description="LibreNMS's ifType, e.g. ethernetCsmacd")
    speed: int | None = Field(
        None, ge=0, description="kbit/s; a port takes the highest line not above its own."
    )
    type: str = Field(description="A NetBox interface type, e.g. 1000base-t")


def _database_regex(pattern: str) -> str:
    """The pattern, if DuckDB can use it, whose expressions are not quite Python's. Raises ValueError."""
    try:
        with duckdb.connect() as con:
            con.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
    return pattern


class ModuleRule(_Model):
    """One rule that rewrites what LibreNMS calls a part before NetBox is asked for it; they apply in order."""

    manufacturer: str | None = Field(
        None, description="As LibreNMS says it, in any case; default: parts of all manufacturers."
    )
    field: Literal["bay", "model", "serial"] = Field(description="What is rewritten.")
    match: str = Field(description="Regular expression (RE2), found anywhere in the text.")
    replace: str = Field(
        description=r"What stands in its place; \1 is the first group. A part whose bay or model becomes empty is left out."
    )

    @field_validator("match")
    @classmethod
    def _regex(cls, value: str) -> str:
        return _database_regex(value)


class _Endpoint(_Server):
    name: EndpointName = Field(description="Unique name; the Dagster partition key.")
    enabled: bool = Field(True, description="false: not read unless it is named in the command.")
    interval: int = Field(0, description="Seconds between syncs; 0 = by hand only, otherwise at least 30.")
    schedule: str | None = Field(None, description='Cron expression, e.g. "15 3 * * *".')
    timezone: str = Field("UTC", description="Time zone of `schedule`, e.g. Europe/Paris")
    fetch_max_concurrency: int = Field(8, ge=1, le=64, description="Requests at once to this endpoint.")
    defaults: Defaults = Field(Defaults(), description="What a new object gets where no mapping says better.")
    policies: Policies = Field(Policies(), description="What may be done, and what needs nobody's approval.")

    @field_validator("interval")
    @classmethod
    def _interval(cls, value: int) -> int:
        if value != 0 and value < 30:
            raise ValueError("must be 0 (only by hand) or at least 30 seconds")
        return value

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, value: str | None) -> str | None:
        return None if value is None else check_cron(value)

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        return check_zone(value)

    @property
    def every(self) -> int:
        """Seconds from one sync to the next at most, by ``interval`` or ``schedule``; 0: by hand only."""
        gap = longest_gap(self.schedule, self.timezone) if self.schedule else 0
        return min(self.interval or gap, gap or self.interval)


class ImportFilter(_Model):
    """Which LibreNMS devices may be created in NetBox. Every line that is given must match one of its values."""

    location: list[str] = Field([], description="Locations, as LibreNMS has them.")
    type: list[str] = Field([], description="Device types, e.g. network, firewall, server.")
    os: list[str] = Field([], description="Operating systems, e.g. iosxe, junos.")
    hardware: list[str] = Field([], description="Hardware, as LibreNMS has it.")
    group: list[str] = Field(
        [], description="Device groups of LibreNMS, by name; a device is in one of them."
    )
    hostname: list[str] = Field([], description="Regular expressions, matched against the whole hostname.")

    @field_validator("hostname")
    @classmethod
    def _regex(cls, value: list[str]) -> list[str]:
        return [_database_regex(pattern) for pattern in value]


class _Mappings(_Model):
    """Words of a source and what they are called in NetBox."""

    # Names of a Linux host: case tells them apart.
    _exact: ClassVar[tuple[str, ...]] = ("vnets",)

    @field_validator("*")
    @classmethod
    def _one_target_per_word(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict) or info.field_name in cls._exact:
            return value
        seen: dict[str, tuple[str, str]] = {}
        for word, target in value.items():
            first, known = seen.setdefault(word.lower(), (word, target))
            if known.lower() != target.lower():
                raise ValueError(
                    f"'{first}' and '{word}' are the same word, as case does not matter here,"
                    f" but one is mapped to '{known}' and the other to '{target}'; keep one of the two lines"
                )
        return value


class LibreNMSMappings(_Mappings):
    """From LibreNMS's words to NetBox's. Left side: what LibreNMS says; right side: a NetBox name or slug."""

    sites: dict[str, str] = Field({}, description="LibreNMS location -> site.")
    locations: dict[str, str] = Field(
        {}, description="LibreNMS location -> location within the device's site."
    )
    roles: dict[str, str] = Field({}, description="LibreNMS hardware, os or type -> device role.")
    device_types: dict[str, str] = Field({}, description="LibreNMS hardware -> device type model.")
    manufacturers: dict[str, str] = Field(
        {},
        description="LibreNMS os, or the maker that a part names -> manufacturer, for new device and module types.",
    )
    platforms: dict[str, str] = Field({}, description="LibreNMS os -> platform.")
    vrfs: dict[str, str] = Field({}, description="LibreNMS VRF name or route distinguisher -> VRF.")
    module_types: dict[str, str] = Field(
        {}, description="Model of a part, as rewritten -> module type model."
    )
    module_rules: list[ModuleRule] = Field(
        [], description="Rules that rewrite what LibreNMS calls a part; they apply in order."
    )
    interface_types: list[InterfaceTypeMapping] = Field(
        [],
        description="LibreNMS ifType and speed -> interface type. Without a line a new interface gets the type of its "
        "ifType and speed, and an existing one keeps its own unless that is `other`.",
    )


class LibreNMSEndpoint(_Endpoint):
    """A LibreNMS server."""

    kind: Literal["librenms"] = Field(description="librenms")
    token_env: EnvName = Field("LIBRENMS_TOKEN", description="Environment variable that holds the API token.")
    interface_name_field: Literal["ifName", "ifDescr"] = Field(
        "ifName", description="Which of a port's names is the interface's name in NetBox."
    )
    interface_name_field_by_os: dict[str, Literal["ifName", "ifDescr"]] = Field(
        {}, description="The same for devices of one operating system, e.g. routeros: ifDescr"
    )
    ignored_ports: bool = Field(False, description="Take ports that LibreNMS ignores.")
    import_devices: Literal["all", "none"] | ImportFilter = Field(
        "none", description="Which unknown devices may be created: all, none, or a filter."
    )
    device_name: Literal["sysName", "hostname"] = Field(
        "sysName", description="Which of its names a new device gets; the other where there is no such name."
    )
    strip_domain: bool = Field(
        False, description="A new device gets its name without the domain, e.g. sw1 for sw1.example.com"
    )
    virtual_chassis: bool = Field(
        True, description="Read the inventory of devices that look like a stack, and keep their members."
    )
    inventory: bool = Field(
        False,
        description="Read parts and transceivers of all devices, as modules: two calls more per device.",
    )
    member_name: str = Field(
        "{name}-M{position}",
        description="Name of a new member device of a stack, from the stack's name and the member's position.",
    )
    oob_interfaces: list[str] = Field(
        [],
        description="Regular expressions of interface names, in any case; the address there is the device's "
        "out-of-band address, e.g. mgmt.*",
    )
    max_poll_age: int = Field(
        86_400, ge=300, description="Seconds; an older device is no evidence that something is gone."
    )
    mappings: LibreNMSMappings = Field(LibreNMSMappings(), description="From LibreNMS's words to NetBox's.")

    @field_validator("oob_interfaces")
    @classmethod
    def _oob_interfaces(cls, value: list[str]) -> list[str]:
        return [_database_regex(pattern) for pattern in value]

    @field_validator("member_name")
    @classmethod
    def _member_name(cls, value: str) -> str:
        if "{name}" not in value or "{position}" not in value:
            raise ValueError("must contain {name} and {position}, e.g. {name}-M{position}")
        return value

    def token(self) -> str:
        """The token from the environment. Raises MissingSecret."""
        return read_secret(self.token_env, f"endpoint '{self.name}'")


class ProxmoxMappings(_Mappings):
    """From Proxmox's words to NetBox's."""

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
        description="Guest type -> virtual machine type, where NetBox has one of that name (4.6 and newer).",
    )
    vnets: dict[str, int] = Field({}, description="Bridge or vnet -> VID, where Proxmox gives none.")


class ProxmoxEndpoint(_Endpoint):
    """A Proxmox VE cluster, or a node that stands alone. Reads with an API token or with user and password."""

    kind: Literal["proxmox"] = Field(description="proxmox")
    user: str = Field(description="user@realm, e.g. netbox@pve", pattern=r"^[^@\s]+@[^@\s]+$")
    token_name: str | None = Field(None, description="Name of the API token (the part after '!').")
    token_env: EnvName | None = Field(None, description="Environment variable that holds the token's value.")
    password_env: EnvName | None = Field(None, description="Environment variable that holds the password.")
    cluster_name: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Name of the cluster in NetBox, where two clusters have the same name; default: its own.",
    )
    cluster_type: str = Field("Proxmox VE", description="Name or slug of the type of a new cluster.")
    cluster_group: str | None = Field(None, description="Name or slug of the group of a new cluster.")
    platform: str = Field("Proxmox VE", description="Platform of nodes; the major version is added.")
    node_interface_type: str = Field("other", description="NetBox type of physical node interfaces.")
    use_guest_agent_interface_name: bool = Field(
        True, description="Name a guest's interface as its guest agent does (ens18); false: net0, net1, ..."
    )
    guest_records: Literal["none", "custom_fields", "plugin", "auto"] = Field(
        "none",
        description="Where storages, backups, snapshots, tasks and replications go in NetBox: the models of the plugin "
        "netbox-proxbox, custom fields of the virtual machines (counts, times, names), auto (the plugin where NetBox "
        "has it), or none. DuckDB has them always.",
    )
    guest_bridge: Literal["none", "description", "custom_field"] = Field(
        "none",
        description="Where the bridge or vnet of a guest's interface is kept: its description, a custom field, or none.",
    )
    include_templates: bool = Field(False, description="Take templates as virtual machines too.")
    agent_timeout: float = Field(5, gt=0, le=60, description="Seconds a guest agent may take.")
    mappings: ProxmoxMappings = Field(ProxmoxMappings(), description="From Proxmox's words to NetBox's.")

    @model_validator(mode="after")
    def _credentials(self) -> ProxmoxEndpoint:
        if bool(self.token_name) != bool(self.token_env):
            raise ValueError("token_name and token_env belong together: give both")
        if bool(self.token_name) == bool(self.password_env):
            raise ValueError("give either token_name with token_env, or password_env")
        return self

    def secret(self) -> str:
        """The token's value or the password from the environment. Raises MissingSecret."""
        return read_secret(self.token_env or self.password_env or "", f"endpoint '{self.name}'")


class DockerMappings(_Model):
    """From Docker's words to NetBox's."""

    platforms: dict[str, str] = Field(
        {}, description="Image, with or without its tag -> platform, e.g. postgres: PostgreSQL."
    )
    roles: dict[str, str] = Field({"container": "Container"}, description="container -> device role.")
    virtual_machine_types: dict[str, str] = Field(
        {"container": "Container"},
        description="container -> virtual machine type, where NetBox has one of that name (4.6 and newer).",
    )
    vrfs: dict[str, str] = Field({}, description="Network -> VRF, where it is not defaults.vrf.")


class DockerEndpoint(_Endpoint):
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
                f"'{value}': write http://{rest}, or https://{rest} where the daemon asks for TLS"
            )
        raise ValueError(
            f"'{value}' is no address of a Docker daemon; it begins with unix:///, http:// or https://"
        )

    @field_validator("ignored_containers")
    @classmethod
    def _ignored(cls, value: list[str]) -> list[str]:
        return [_database_regex(pattern) for pattern in value]

    @property
    def socket(self) -> str | None:
        """The path of the daemon's socket file; None where it is asked over TCP."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None


Endpoint = LibreNMSEndpoint | ProxmoxEndpoint | DockerEndpoint


class Config(_Model):
    """The whole file."""

    netbox: NetBoxTarget = Field(description="The NetBox that is kept.")
    endpoints: list[Annotated[Endpoint, Field(discriminator="kind")]] = Field(
        [], description="What is read: LibreNMS servers, Proxmox VE clusters and Docker hosts."
    )
    notifications: list[Annotated[Channel, Field(discriminator="kind")]] = Field(
        [], description="Who is told of failures, recoveries, drift and waiting deletes."
    )
    retention: Retention = Field(Retention(), description="How much history is kept.")
    precedence: list[EndpointName] = Field(
        [], description="Endpoints in order: the first wins where two want different values for one field."
    )
    field_precedence: dict[str, list[EndpointName]] = Field(
        {},
        description="The same for one field, e.g. `interfaces.type: [librenms-main, pve-paris]`; it goes before "
        "`precedence`.",
    )

    @field_validator("field_precedence")
    @classmethod
    def _fields(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for item in value:
            check_field(item)
        return value

    @model_validator(mode="after")
    def _names(self) -> Config:
        names = [endpoint.name for endpoint in self.endpoints]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"endpoint name given twice: {', '.join(twice)}")
        channels = [channel.name for channel in self.notifications]
        twice = sorted({name for name in channels if channels.count(name) > 1})
        if twice:
            raise ValueError(f"notifications name given twice: {', '.join(twice)}")
        unknown = [name for name in self.precedence if name not in names]
        if unknown:
            raise ValueError(f"precedence names unknown endpoints: {', '.join(unknown)}")
        for field, order in self.field_precedence.items():
            unknown = [name for name in order if name not in names]
            if unknown:
                raise ValueError(f"field_precedence.{field} names unknown endpoints: {', '.join(unknown)}")
        return self

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises KeyError with a sentence that lists the known ones."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        known = ", ".join(sorted(e.name for e in self.endpoints)) or "none"
        raise KeyError(f"no endpoint '{name}' in the configuration; known: {known}")
