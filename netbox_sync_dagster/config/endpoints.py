"""What the endpoints of all kinds have in common."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import duckdb
from pydantic import Field, ValidationInfo, field_validator

from netbox_sync_dagster.config.cron import check_cron, check_zone, longest_gap
from netbox_sync_dagster.config.owners import Owner
from netbox_sync_dagster.config.policies import Policies
from netbox_sync_dagster.config.servers import Server
from netbox_sync_dagster.config.strict import StrictModel

_YEAR = 366 * 86_400
# An endpoint's name is a partition key, a folder and part of changelog messages.
EndpointName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class Defaults(StrictModel):
    """What a new NetBox object gets where no mapping says better. Names or slugs, matched exactly."""

    site: str | None = Field(None, description="Name or slug of a NetBox site.")
    role: str | None = Field(None, description="Name or slug of the device role.")
    device_type: str | None = Field(None, description="Model or slug of the device type.")
    manufacturer: str | None = Field(None, description="Name or slug of the manufacturer.")
    platform: str | None = Field(None, description="Name or slug of the platform.")
    tenant: str | None = Field(None, description="Name or slug of the tenant.")
    vrf: str | None = Field(None, description="Name or route distinguisher of the VRF; none = global.")
    vlan_group: str | None = Field(None, description="Name or slug of the VLAN group for new VLANs.")


class Mappings(StrictModel):
    """Words of a source and what they are called in NetBox."""

    # The mappings of which the words' case matters.
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
                    f"'{first}' and '{word}' are the same word, as case does not matter here,"
                    f" but one is mapped to '{known}' and the other to '{target}'; keep one of the two lines"
                )
        return value


class BaseEndpoint(Server):
    """What an endpoint of any kind has. A kind adds ``kind`` (its Literal), ``mappings`` and its own options."""

    if TYPE_CHECKING:
        kind: str
        mappings: Mappings

    name: EndpointName = Field(description="Unique name; the Dagster partition key.")
    enabled: bool = Field(True, description="false: not read unless it is named in the command.")
    interval: int = Field(0, description="Seconds between syncs; 0 = by hand only, otherwise at least 30.")
    schedule: str | None = Field(None, description='Cron expression, e.g. "15 3 * * *".')
    timezone: str = Field("UTC", description="Time zone of `schedule`, e.g. Europe/Paris")
    fetch_max_concurrency: int = Field(8, ge=1, le=64, description="Requests at once to this endpoint.")
    defaults: Defaults = Field(Defaults(), description="What a new object gets where no mapping says better.")
    policies: Policies = Field(Policies(), description="What may be done, and what needs nobody's approval.")

    owners: list[Owner] = Field(
        [], description="Who owns this endpoint's assets in Dagster; none = the file's `owners`."
    )

    @field_validator("interval")
    @classmethod
    def _interval(cls, value: int) -> int:
        if value != 0 and not 30 <= value <= _YEAR:
            raise ValueError(f"must be 0 (only by hand), or from 30 seconds to a year ({_YEAR})")
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


@lru_cache(maxsize=4096)
def database_regex(pattern: str) -> str:
    """The pattern, if DuckDB can use it, whose expressions are not quite Python's. Raises ValueError."""
    try:
        with duckdb.connect() as con:
            con.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
    return pattern
