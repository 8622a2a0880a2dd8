"""All models of the lab NetBox, and which of them a NetBox version has."""

from __future__ import annotations

from . import (
    models_components,
    models_dcim,
    models_ipam,
    models_organization,
    models_places,
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
)


def parse_version(text: str) -> tuple[int, int]:
    """``4.6.8`` and ``4.7.0-beta1`` as (4, 6) and (4, 7)."""
    major, minor, *_ = text.replace("-", ".").split(".")
    return int(major), int(minor)


def endpoints(version: tuple[int, int]) -> dict[str, Model]:
    """Path below ``/api/`` to model, for one version."""
    return {m.path: m for m in MODELS if m.since <= version}
