"""Hooks and notifications, which no server is asked about: whether their secrets are set, and former names of settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING

from netbox_sync_dagster.config.hooks import hook_secret, hook_variables
from netbox_sync_dagster.config.secrets import read_secret
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.sources.check import Check

if TYPE_CHECKING:
    from netbox_sync_dagster.config import Config


def secrets_of_hooks(config: Config, endpoints: Collection[str]) -> list[Check]:
    """One check for NetBox's hook and for each hook of these endpoints, if the configuration has them."""
    return [
        _checked(f"/hooks/{name}", variable, partial(hook_secret, variable, name))
        for name, variable in hook_variables(config, endpoints).items()
    ]


def checks_of_notifications(config: Config) -> list[Check]:
    """One check for each secret of each channel, and for each former name of a setting."""
    return list(_of_channels(config))


def _of_channels(config: Config) -> Iterator[Check]:
    for channel in config.notifications:
        for field in sorted(name for name in type(channel).model_fields if name.endswith("_env")):
            if variable := getattr(channel, field):
                read = partial(read_secret, variable, f"notifications '{channel.name}'")
                yield _checked(channel.name, variable, read)
        for sentence in channel.former_names:
            yield Check(
                True, channel.name, f"{sentence}, which will not be read in a later version; change the file"
            )


def _checked(name: str, variable: str, read: Callable[[], str]) -> Check:
    try:
        read()
    except UserError as error:
        return Check(False, name, str(error))
    return Check(True, name, f"the secret in {variable} is set")
