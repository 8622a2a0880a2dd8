"""A LibreNMS server: what is read from it, and its words in NetBox's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from netbox_sync_dagster.config.endpoints import BaseEndpoint, Mappings, database_regex
from netbox_sync_dagster.config.secrets import EnvName, read_secret
from netbox_sync_dagster.config.strict import StrictModel


class InterfaceTypeMapping(StrictModel):
    """One line of the interface type table: LibreNMS ifType (and speed) to a NetBox interface type."""

    ifType: str = Field(description="LibreNMS's ifType, e.g. ethernetCsmacd")
    speed: int | None = Field(
        None, ge=0, le=10**12, description="kbit/s; a port takes the highest line not above its own."
    )
    type: str = Field(description="A NetBox interface type, e.g. 1000base-t")


class ModuleRule(StrictModel):
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
        return database_regex(value)


class ImportFilter(StrictModel):
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
        return [database_regex(pattern) for pattern in value]


class LibreNMSMappings(Mappings):
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


class LibreNMSEndpoint(BaseEndpoint):
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
        86_400,
        ge=300,
        le=366 * 86_400,
        description="Seconds; an older device is no evidence that something is gone.",
    )
    mappings: LibreNMSMappings = Field(LibreNMSMappings(), description="From LibreNMS's words to NetBox's.")

    @field_validator("oob_interfaces")
    @classmethod
    def _oob_interfaces(cls, value: list[str]) -> list[str]:
        return [database_regex(pattern) for pattern in value]

    @field_validator("member_name")
    @classmethod
    def _member_name(cls, value: str) -> str:
        if "{name}" not in value or "{position}" not in value:
            raise ValueError("must contain {name} and {position}, e.g. {name}-M{position}")
        return value

    def token(self) -> str:
        """The token from the environment. Raises MissingSecret."""
        return read_secret(self.token_env, f"endpoint '{self.name}'")
