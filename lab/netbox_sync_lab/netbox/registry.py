"""All models of the lab NetBox, and which of them a NetBox version has."""

from __future__ import annotations

from collections.abc import Iterable

from . import (
    models_components,
    models_dcim,
    models_dependents,
    models_ipam,
    models_organization,
    models_places,
    models_proxbox,
    models_users,
    models_virtualization,
)
from .schema import Model

MODELS: tuple[Model, ...] = (
    *models_organization.MODELS,
    *models_places.MODELS,
    *models_dcim.MODELS,
    *models_components.MODELS,
    *models_ipam.MODELS,
    *models_virtualization.MODELS,
    *models_dependents.MODELS,
    *models_users.MODELS,
)


# Models of plugins, which a server has only where the plugin is installed.
PLUGIN_MODELS: dict[str, tuple[Model, ...]] = {models_proxbox.PLUGIN: models_proxbox.MODELS}


def parse_version(text: str) -> tuple[int, int]:
    """``4.6.8`` and ``4.7.0-beta1`` as (4, 6) and (4, 7)."""
    major, minor, *_ = text.replace("-", ".").split(".")
    return int(major), int(minor)


def models_of(plugins: Iterable[str]) -> tuple[Model, ...]:
    """NetBox's own models and those of the plugins."""
    return (*MODELS, *(model for name in plugins for model in PLUGIN_MODELS.get(name, ())))


def endpoints(version: tuple[int, int], plugins: Iterable[str] = ()) -> dict[str, Model]:
    """Path below ``/api/`` to model, for one version."""
    return {m.path: m for m in models_of(plugins) if m.since <= version}
