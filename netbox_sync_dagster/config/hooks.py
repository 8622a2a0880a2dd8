"""Hooks: servers report changes to ``netbox-sync web``, which syncs at once what they name."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pydantic import Field

from netbox_sync_dagster.config.secrets import read_secret
from netbox_sync_dagster.config.strict import StrictModel
from netbox_sync_dagster.errors import UserError

if TYPE_CHECKING:
    from netbox_sync_dagster.config.model import Config

# The path of NetBox's own hook, where others have the name of an endpoint.
NETBOX_HOOK = "netbox"
# Shorter secrets can be guessed.
SHORTEST_SECRET = 16


class WeakSecret(UserError):
    """The secret of a hook can be guessed."""


class Hooks(StrictModel):
    """Hooks of `netbox-sync web`: how often they start a sync."""

    pause: float = Field(
        5,
        ge=1,
        le=3_600,
        allow_inf_nan=False,
        description="Seconds between the end of a sync that hooks started and the next one of the same endpoint; hooks that "
        "come meanwhile are merged.",
    )
    max_objects: int = Field(
        5,
        ge=0,
        le=100,
        description="Maximum number of devices, guests or containers that one sync reads one by one; if hooks name more, the "
        "whole endpoint is read.",
    )


def hook_variables(config: Config, endpoints: Collection[str] | None = None) -> dict[str, str]:
    """{name of a hook: environment variable with its secret}: NetBox's, and those of these endpoints, default: all enabled
    ones."""
    found = {NETBOX_HOOK: config.netbox.hook_secret_env} | {
        endpoint.name: endpoint.hook_secret_env
        for endpoint in config.endpoints
        if (endpoint.enabled if endpoints is None else endpoint.name in endpoints)
    }
    return {name: variable for name, variable in found.items() if variable is not None}


def hook_secret(variable: str, name: str) -> str:
    """The secret of the hook ``name`` from the environment. Raises MissingSecret and WeakSecret."""
    secret = read_secret(variable, f"the hook '{name}'")
    if len(secret) < SHORTEST_SECRET:
        raise WeakSecret(
            f"the hook '{name}' is off: the secret in {variable} has fewer than {SHORTEST_SECRET} characters; "
            "make a longer one, e.g. with: openssl rand -hex 32"
        )
    return secret
