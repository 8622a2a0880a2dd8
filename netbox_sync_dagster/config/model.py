"""The model of ``netbox_sync.yaml``. Editors show the field descriptions through the JSON schema."""

from __future__ import annotations

from difflib import get_close_matches
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator, model_validator

from netbox_sync_dagster.config.endpoints import BaseEndpoint, EndpointName
from netbox_sync_dagster.config.hooks import NETBOX_HOOK, Hooks
from netbox_sync_dagster.config.notifications import Channel
from netbox_sync_dagster.config.owners import Owner
from netbox_sync_dagster.config.policies import check_field
from netbox_sync_dagster.config.retention import Retention
from netbox_sync_dagster.config.rules import RulesConfig
from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.config.strict import FieldError, StrictModel
from netbox_sync_dagster.config.web import Web
from netbox_sync_dagster.sources.registry import sources

# An endpoint of any kind. The installed sources define the kinds.
Endpoint = BaseEndpoint
if TYPE_CHECKING:
    _AnyEndpoint = BaseEndpoint
else:
    _AnyEndpoint = reduce(or_, (source.endpoint for source in sources().values()))


class Config(StrictModel):
    """The configuration file."""

    netbox: NetBoxTarget = Field(description="The NetBox to keep in sync.")
    endpoints: list[Annotated[_AnyEndpoint, Field(discriminator="kind")]] = Field(
        [], description="The sources to read: LibreNMS servers, Proxmox VE clusters, Docker hosts and others."
    )
    notifications: list[Annotated[Channel, Field(discriminator="kind")]] = Field(
        [], description="Where to send notifications about failures, recoveries, pending changes and deletes."
    )
    retention: Retention = Field(Retention(), description="How much history to keep.")
    rules: RulesConfig = Field(RulesConfig(), description="Your own rules in SQL.")
    web: Web = Field(Web(), description="The review page.")
    hooks: Hooks = Field(Hooks(), description="Hooks that servers send to the review page's server.")
    precedence: list[EndpointName] = Field(
        [], description="Endpoint names in order: if two want different values for a field, the first wins."
    )
    field_precedence: dict[str, list[EndpointName]] = Field(
        {},
        description="The order for one field, e.g. `interfaces.type: [librenms-main, pve-paris]`; overrides "
        "`precedence`.",
    )

    owners: list[Owner] = Field(
        ["team:network"],
        description="Owners of the assets in Dagster: e-mail addresses or `team:name`. An endpoint can override them.",
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
        _unique(names, "endpoint name", "endpoints")
        _unique([channel.name for channel in self.notifications], "notifications name", "notifications")
        for position, endpoint in enumerate(self.endpoints):
            if endpoint.name == NETBOX_HOOK and endpoint.hook_secret_env is not None:
                raise FieldError(
                    f"an endpoint with a hook cannot be called {NETBOX_HOOK}: /hooks/{NETBOX_HOOK} is NetBox's own",
                    *("endpoints", position, "name"),
                )
        unknown = [name for name in self.precedence if name not in names]
        if unknown:
            raise FieldError(f"precedence names unknown endpoints: {', '.join(unknown)}", "precedence")
        for field, order in self.field_precedence.items():
            unknown = [name for name in order if name not in names]
            if unknown:
                raise FieldError(
                    f"field_precedence.{field} names unknown endpoints: {', '.join(unknown)}",
                    *("field_precedence", field),
                )
        return self

    @property
    def deletes(self) -> set[str]:
        """The resources whose objects the policies of any endpoint allow to delete."""
        return {name for e in self.endpoints for name in (*e.policies.delete, *e.policies.delete_unowned)}

    def owners_of(self, kind: str) -> list[str]:
        """The owners of the enabled endpoints of a kind, in the order of the file."""
        mine = [endpoint for endpoint in self.endpoints if endpoint.enabled and endpoint.kind == kind]
        named = [owner for endpoint in mine for owner in endpoint.owners or self.owners]
        return list(dict.fromkeys(named or self.owners))

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises KeyError with a message that lists the known names."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        known = ", ".join(sorted(e.name for e in self.endpoints)) or "none"
        near = get_close_matches(name, [e.name for e in self.endpoints], n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise KeyError(f"no endpoint '{name}' in the configuration; known: {known}{meant}")


def _unique(names: list[str], what: str, where: str) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise FieldError(f"{what} given twice: {name}", where, position, "name")
