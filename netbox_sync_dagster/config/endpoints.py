"""Settings that endpoints of all kinds share."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from netbox_sync_dagster.config.cron import check_cron, check_zone, longest_gap
from netbox_sync_dagster.config.owners import Owner
from netbox_sync_dagster.config.policies import Policies
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.config.secrets import EnvName
from netbox_sync_dagster.config.servers import Server
from netbox_sync_dagster.config.strict import StrictModel
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.text import did_you_mean

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

_YEAR = 366 * 86_400
# An endpoint's name is a partition key, a folder and part of changelog messages.
ENDPOINT_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
NAME_RULE = "at most 63 lower-case letters, digits, - and _, the first a letter or digit"
EndpointName = Annotated[str, Field(pattern=ENDPOINT_NAME)]


# The resources whose new objects may get tags and custom fields.
EXTENSIBLE = tuple(
    name
    for name in RESOURCES
    if name
    not in (
        *("tags", "custom_fields", "virtual_chassis_members", "virtual_chassis_masters"),
        *("primary_macs", "primary_ips", "storages", "backups", "snapshots", "tasks", "replications"),
    )
)
# Those whose objects have a tenant, and those that get `defaults.tenant` if it is one name.
WITH_TENANT = (
    *("sites", "clusters", "devices", "virtual_machines", "vlans", "prefixes", "ip_addresses", "cables"),
)
TENANT_FOR = ("devices", "virtual_machines")
# All resources that can have it.
ALL = "*"
_FIELD_NAME = re.compile(r"^[A-Za-z0-9_]{1,50}$")


class Defaults(StrictModel):
    """Values of new NetBox objects if no mapping matches. Names or slugs, matched exactly."""

    site: str | None = Field(None, description="Name or slug of a NetBox site.")
    role: str | None = Field(None, description="Name or slug of the device role.")
    device_type: str | None = Field(None, description="Model or slug of the device type.")
    manufacturer: str | None = Field(None, description="Name or slug of the manufacturer.")
    platform: str | None = Field(None, description="Name or slug of the platform.")
    tenant: str | dict[str, str] | None = Field(
        None,
        description="Name or slug of the tenant of new devices and virtual machines; or a mapping of resources to tenants.",
    )
    vrf: str | None = Field(None, description="Name or route distinguisher of the VRF; none = global.")
    vlan_group: str | None = Field(None, description="Name or slug of the VLAN group for new VLANs.")
    tags: dict[str, list[str]] = Field(
        {}, description="Resource, or * for all -> names or slugs of the tags of its new objects."
    )
    custom_fields: dict[str, dict[str, Any]] = Field(
        {},
        description="Resource, or * for all that have the field -> custom fields of its new objects, with their values.",
    )

    @field_validator("tenant")
    @classmethod
    def _tenant(cls, value: str | dict[str, str] | None) -> str | dict[str, str] | None:
        if isinstance(value, dict):
            _known(value, WITH_TENANT, "a tenant")
        return value

    @field_validator("tags")
    @classmethod
    def _tags(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        _known(value, (*EXTENSIBLE, ALL), "tags")
        return value

    @field_validator("custom_fields", mode="before")
    @classmethod
    def _custom_fields(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        _known(value, (*EXTENSIBLE, ALL), "custom fields")
        for resource, fields in value.items():
            for name, content in fields.items() if isinstance(fields, dict) else ():
                if not _FIELD_NAME.match(str(name)):
                    raise ValueError(
                        f"'{name}' is not the name of a custom field: letters, digits and _ only"
                    )
                if content is None:
                    raise ValueError(f"{resource}.{name} has no value")
        return {
            resource: {name: _plain(content) for name, content in fields.items()}
            if isinstance(fields, dict)
            else fields
            for resource, fields in value.items()
        }

    def tenants(self) -> dict[str, str]:
        """The tenant of new objects, by resource."""
        return dict.fromkeys(TENANT_FOR, self.tenant) if isinstance(self.tenant, str) else self.tenant or {}


def _known(value: dict[str, Any], allowed: tuple[str, ...], what: str) -> None:
    for resource in value:
        if resource not in allowed:
            raise ValueError(f"'{resource}' cannot have {what}{did_you_mean(resource, allowed)}")


def _plain(value: Any) -> Any:
    """A value of YAML as one of JSON: dates become ISO 8601."""
    return value.isoformat() if isinstance(value, date) else value


class Mappings(StrictModel):
    """Names in a source, mapped to names in NetBox."""

    # The mappings with case-sensitive keys.
    exact: ClassVar[tuple[str, ...]] = ()

    @field_validator("*")
    @classmethod
    def _one_target_per_word(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict) or info.field_name in cls.exact:
            return value
        seen: dict[str, tuple[str, str]] = {}
        for word, target in value.items():
            first, known = seen.setdefault(word.lower(), (word, target))
            if known.lower() != target.lower():
                raise ValueError(
                    f"'{first}' and '{word}' differ only in case, which is ignored here,"
                    f" but one is mapped to '{known}' and the other to '{target}'; keep only one of them"
                )
        return value


class BaseEndpoint(Server):
    """Settings of every endpoint. A kind adds ``kind`` (a Literal), ``mappings`` and its own options."""

    if TYPE_CHECKING:
        kind: str
        mappings: Mappings

    name: EndpointName = Field(description="Unique name; the Dagster partition key.")
    enabled: bool = Field(True, description="false: read only if the command names it.")
    interval: int = Field(
        0, description="Seconds between automatic syncs, at least 30; 0 = no automatic syncs."
    )
    schedule: str | None = Field(None, description='Cron expression, e.g. "15 3 * * *".')
    timezone: str = Field("UTC", description="Time zone of `schedule`, e.g. Europe/Paris")
    fetch_max_concurrency: int = Field(
        8, ge=1, le=64, description="Maximum number of parallel requests to this endpoint."
    )
    defaults: Defaults = Field(Defaults(), description="Values of new objects if no mapping matches.")
    policies: Policies = Field(
        Policies(), description="What may be changed, and what is approved automatically."
    )
    ignored_interfaces: list[str] = Field(
        [],
        description="Regular expressions that match the complete name of an interface, ignoring case; these are skipped, "
        "e.g. veth.*",
    )
    ignored_addresses: list[str] = Field(
        [], description="Networks whose addresses are skipped, e.g. 172.16.0.0/12"
    )

    hook_secret_env: EnvName | None = Field(
        None,
        description="Environment variable that holds the secret of this endpoint's hook, at least 16 characters; without it "
        "there is no hook.",
    )
    owners: list[Owner] = Field(
        [], description="Owners of this endpoint's assets in Dagster; default: the top-level `owners`."
    )

    @field_validator("ignored_interfaces")
    @classmethod
    def _ignored_interfaces(cls, value: list[str]) -> list[str]:
        return [database_regex(pattern) for pattern in value]

    @field_validator("ignored_addresses")
    @classmethod
    def _ignored_addresses(cls, value: list[str]) -> list[str]:
        return [str(_network(text)) for text in value]

    @field_validator("interval")
    @classmethod
    def _interval(cls, value: int) -> int:
        if value != 0 and not 30 <= value <= _YEAR:
            raise ValueError(f"must be 0 (no automatic syncs), or from 30 seconds to a year ({_YEAR})")
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
    def address(self) -> str:
        """Where it is read from, for people."""
        return self.base_url

    def ignored_networks(self) -> list[str]:
        """``ignored_addresses`` as ``family|first|last|network``, the addresses in hexadecimal digits."""
        return [
            f"{one.version}|{one.network_address.packed.hex()}|{one.broadcast_address.packed.hex()}|{one}"
            for one in map(_network, self.ignored_addresses)
        ]

    @property
    def every(self) -> int:
        """Maximum number of seconds between two syncs by ``interval`` or ``schedule``; 0: no automatic syncs."""
        gap = longest_gap(self.schedule, self.timezone) if self.schedule else 0
        return min(self.interval or gap, gap or self.interval)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"'{text}' is not a network, such as 172.16.0.0/12 or fd00::/8: {error}") from None


@lru_cache(maxsize=4096)
def database_regex(pattern: str) -> str:
    """Return the pattern. Raises ValueError if DuckDB, whose syntax differs from Python's, does not accept it."""
    try:
        with duckdb.connect() as con:
            con.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
    return pattern
