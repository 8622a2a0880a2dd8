"""Settings of a LibreNMS endpoint."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from netbox_sync_dagster.config.endpoints import BaseEndpoint, Mappings, database_regex
from netbox_sync_dagster.config.secrets import EnvName, read_secret
from netbox_sync_dagster.config.strict import StrictModel

# Ports that a host makes for each of its guests and containers: Proxmox VE, libvirt, LXC, Docker, Calico, Cilium.
GUEST_PORTS = {
    "proxmox": ["tap[0-9]+i[0-9]+", "fw(br|ln|pr)[0-9]+[ip][0-9]+", "veth[0-9]+i[0-9]+"],
    "linux": ["veth[0-9a-z]{6,}", "vnet[0-9]+", "cali[0-9a-f]{6,}", "lxc[0-9a-f]{6,}"],
}


class InterfaceTypeMapping(StrictModel):
    """Maps a LibreNMS ifType, optionally with a speed, to a NetBox interface type."""

    ifType: str = Field(description="LibreNMS's ifType, e.g. ethernetCsmacd")
    speed: int | None = Field(
        None,
        ge=0,
        le=10**12,
        description="In kbit/s; the entry with the highest speed not above the port's applies.",
    )
    type: str = Field(description="A NetBox interface type, e.g. 1000base-t")


class ModuleRule(StrictModel):
    """Rewrites LibreNMS's name of a part before the lookup in NetBox. Rules apply in order."""

    manufacturer: str | None = Field(
        None, description="As in LibreNMS, ignoring case; default: parts of all manufacturers."
    )
    field: Literal["bay", "model", "serial"] = Field(description="The field to rewrite.")
    match: str = Field(description="Regular expression (RE2) that matches anywhere in the text.")
    replace: str = Field(
        description=r"Replacement text; \1 is the first group. A part whose bay or model becomes empty is skipped."
    )

    @field_validator("match")
    @classmethod
    def _regex(cls, value: str) -> str:
        return database_regex(value)


class LocationRule(StrictModel):
    """Takes a LibreNMS location apart into NetBox names. The first rule that matches applies."""

    match: str = Field(description="Regular expression (RE2) that matches the complete location.")
    site: str | None = Field(None, description=r"Name or slug of the site; \1 is the first group.")
    region: str | None = Field(None, description="Name or slug of the region of a new site.")
    location: str | None = Field(None, description="Name or slug of the location within the site.")
    rack: str | None = Field(None, description="Name of the rack of new devices, within the site.")
    tenant: str | None = Field(None, description="Name or slug of the tenant of new devices.")

    @field_validator("match")
    @classmethod
    def _regex(cls, value: str) -> str:
        return database_regex(value)

    @model_validator(mode="after")
    def _groups(self) -> LocationRule:
        groups = re.compile(self.match).groups
        for name in ("site", "region", "location", "rack", "tenant"):
            for number in re.findall(r"\\(\d)", getattr(self, name) or ""):
                if int(number) > groups:
                    raise ValueError(f"{name} uses \\{number}, but `match` has {groups} groups")
        return self


class ImportFilter(StrictModel):
    """Which LibreNMS devices may be created in NetBox. A device must match one value of every field that is set."""

    location: list[str] = Field([], description="Locations, as in LibreNMS.")
    type: list[str] = Field([], description="Device types, e.g. network, firewall, server.")
    os: list[str] = Field([], description="Operating systems, e.g. iosxe, junos.")
    hardware: list[str] = Field([], description="Hardware, as in LibreNMS.")
    group: list[str] = Field([], description="Names of LibreNMS device groups.")
    hostname: list[str] = Field([], description="Regular expressions that match the complete hostname.")

    @field_validator("hostname")
    @classmethod
    def _regex(cls, value: list[str]) -> list[str]:
        return [database_regex(pattern) for pattern in value]


class LibreNMSMappings(Mappings):
    """Maps LibreNMS names to names or slugs in NetBox."""

    sites: dict[str, str] = Field({}, description="LibreNMS location -> site.")
    locations: dict[str, str] = Field(
        {}, description="LibreNMS location -> location within the device's site."
    )
    location_rules: list[LocationRule] = Field(
        [],
        description="Rules that take LibreNMS locations apart; they apply in order, after `sites` and `locations`.",
    )
    bmcs: dict[str, str] = Field(
        {},
        description="Hostname of a management controller -> hostname of its device, if their serials differ.",
    )
    roles: dict[str, str] = Field({}, description="LibreNMS hardware, os or type -> device role.")
    device_types: dict[str, str] = Field({}, description="LibreNMS hardware -> device type model.")
    manufacturers: dict[str, str] = Field(
        {},
        description="LibreNMS os, or a part's manufacturer -> manufacturer of new device and module types.",
    )
    platforms: dict[str, str] = Field({}, description="LibreNMS os -> platform.")
    vrfs: dict[str, str] = Field({}, description="LibreNMS VRF name or route distinguisher -> VRF.")
    module_types: dict[str, str] = Field(
        {}, description="Model of a part, after `module_rules` -> module type model."
    )
    module_rules: list[ModuleRule] = Field(
        [], description="Rules that rewrite LibreNMS's names of parts; they apply in order."
    )
    interface_types: list[InterfaceTypeMapping] = Field(
        [],
        description="LibreNMS ifType and speed -> interface type. If none matches, a new interface gets a type that fits its "
        "ifType and speed, and an existing one keeps its type unless that is `other`.",
    )


class LibreNMSEndpoint(BaseEndpoint):
    """A LibreNMS server."""

    kind: Literal["librenms"] = Field(description="librenms")
    token_env: EnvName = Field("LIBRENMS_TOKEN", description="Environment variable that holds the API token.")
    interface_name_field: Literal["ifName", "ifDescr"] = Field(
        "ifName", description="The field of a port that is the interface's name in NetBox."
    )
    interface_name_field_by_os: dict[str, Literal["ifName", "ifDescr"]] = Field(
        {}, description="Overrides `interface_name_field` by operating system, e.g. routeros: ifDescr"
    )
    lag_names_by_os: dict[str, str] = Field(
        {},
        description="More names of LAGs: a regular expression for the complete name by operating system, e.g. "
        "jetstream: 'Trunk ?[0-9]+'",
    )
    bridge_names_by_os: dict[str, str] = Field({}, description="More names of bridges, likewise.")
    ignored_interfaces_by_os: dict[str, list[str]] = Field(
        GUEST_PORTS,
        description="More of `ignored_interfaces` for the devices of an operating system. Default: ports of guests and "
        "containers on hypervisors and container hosts; {} compares these too.",
    )
    ignored_ports: bool = Field(False, description="Include ports that are ignored in LibreNMS.")
    import_devices: Literal["all", "none"] | ImportFilter = Field(
        "none", description="Which unknown devices may be created: all, none, or a filter."
    )
    device_name: Literal["sysName", "hostname"] = Field(
        "sysName", description="The name of new devices; if it is empty, the other one."
    )
    strip_domain: bool = Field(
        False, description="Name new devices without the domain, e.g. sw1 for sw1.example.com"
    )
    virtual_chassis: bool = Field(
        True, description="Read the inventory of devices that look like a stack, and sync their members."
    )
    inventory: bool = Field(
        False,
        description="Read parts and transceivers of all devices as modules: two more calls per device.",
    )
    member_name: str = Field(
        "{name}-M{position}",
        description="Name of new member devices of a stack, from {name} of the stack, and {position} or {serial} of the "
        "member; without a known serial its position is used.",
    )
    oob_interfaces: list[str] = Field(
        [],
        description="Regular expressions of interface names, ignoring case; their address is the device's "
        "out-of-band address, e.g. mgmt.*",
    )
    bmc_os: list[str] = Field(
        ["drac", "hpe-ilo", "ibm-imm", "cimc"],
        description="Operating systems of management controllers (BMC). One with the serial of another device is not a "
        "device: its address is that device's out-of-band address.",
    )
    bmc_interface: str = Field(
        "{name}",
        description="Name of a new interface for a management controller, from its {name} without the domain and its "
        "{os}, e.g. iDRAC.",
    )
    max_poll_age: int = Field(
        86_400,
        ge=300,
        le=366 * 86_400,
        description="Seconds since the last poll after which a device's missing objects are not proposed for deletion.",
    )
    vlans_polled: bool = Field(
        False,
        description="Set it if LibreNMS polls VLANs (its setting poller_modules.vlans, by default off): VLAN memberships are then "
        "read again after each poll of a device, and otherwise after each discovery.",
    )
    full_read_hours: float = Field(
        24,
        ge=0,
        le=8760,
        description="Hours after which everything is read again; in between the calls for single devices (VLAN memberships, LAG "
        "members, inventory, transceivers) are repeated only after a discovery of the device. 0: always everything.",
    )
    mappings: LibreNMSMappings = Field(LibreNMSMappings(), description="LibreNMS names to NetBox names.")

    @field_validator("import_devices", mode="before")
    @classmethod
    def _import_devices(cls, value: Any) -> Any:
        if value in ("all", "none") or isinstance(value, dict | ImportFilter):
            return value
        raise ValueError("must be all, none, or a filter such as {type: [network], location: [Paris]}")

    @field_validator("lag_names_by_os", "bridge_names_by_os")
    @classmethod
    def _names_by_os(cls, value: dict[str, str]) -> dict[str, str]:
        for pattern in value.values():
            database_regex(pattern)
            try:
                # The snapshot asks Python, the comparison DuckDB.
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
        return value

    @field_validator("ignored_interfaces_by_os")
    @classmethod
    def _ignored_by_os(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        return {os: [database_regex(pattern) for pattern in patterns] for os, patterns in value.items()}

    @field_validator("oob_interfaces")
    @classmethod
    def _oob_interfaces(cls, value: list[str]) -> list[str]:
        return [database_regex(pattern) for pattern in value]

    @field_validator("bmc_interface")
    @classmethod
    def _bmc_interface(cls, value: str) -> str:
        if not value.strip() or "{" in value.replace("{name}", "").replace("{os}", ""):
            raise ValueError("must be a name, which may contain {name} and {os}")
        return value

    @field_validator("member_name")
    @classmethod
    def _member_name(cls, value: str) -> str:
        if "{serial}" not in value and ("{name}" not in value or "{position}" not in value):
            raise ValueError("must contain {name} and {position}, or {serial}, e.g. {name}-M{position}")
        return value

    def token(self) -> str:
        """The token from the environment. Raises MissingSecret."""
        return read_secret(self.token_env, f"endpoint '{self.name}'")
