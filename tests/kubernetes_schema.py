"""Checks manifests against Kubernetes' schemas, as its Python client has them: names, types and required fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kubernetes import client

_PRIMITIVES = {"str": str, "int": int, "bool": bool, "float": (int, float)}
_GROUPS = {
    "v1": "V1",
    "apps/v1": "V1",
    "batch/v1": "V1",
    "networking.k8s.io/v1": "V1",
    "rbac.authorization.k8s.io/v1": "V1",
}


def faults(manifest: dict[str, Any]) -> list[str]:
    """What Kubernetes would refuse in the manifest: unknown and missing fields, values of another type."""
    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    if version not in _GROUPS:
        return [f"apiVersion {version}"]
    return list(faults_of(manifest, f"{_GROUPS[version]}{kind}", str(kind)))


def faults_of(value: Any, kind: str, path: str) -> Iterator[str]:
    """The same of a part of a manifest, of this class of the client, such as ``V1Probe``, or ``list[V1EnvVar]``."""
    if kind == "object" or value is None:
        return
    if match := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            yield f"{path} is not a list"
            return
        for index, item in enumerate(value):
            yield from faults_of(item, match[1], f"{path}[{index}]")
    elif match := re.fullmatch(r"dict[(\[]\w+, ?(.*)[)\]]", kind):
        if not isinstance(value, dict):
            yield f"{path} is not a mapping"
            return
        for key, item in value.items():
            yield from faults_of(item, match[1], f"{path}.{key}")
    elif kind in _PRIMITIVES:
        if not isinstance(value, _PRIMITIVES[kind]) or (kind == "int" and isinstance(value, bool)):
            yield f"{path} is not {kind}"
    elif model := getattr(client, kind, None):
        yield from _of_model(value, model, path)
    elif kind not in ("datetime", "date"):
        yield f"{path}: no such kind {kind}"


def _of_model(value: Any, model: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is not a mapping"
        return
    names = {camel: snake for snake, camel in model.attribute_map.items()}
    for key, item in value.items():
        if key not in names:
            yield f"{path} has no {key}"
        else:
            yield from faults_of(item, model.openapi_types[names[key]], f"{path}.{key}")
    try:
        # The client says what is required when a model is made.
        model(**{names[key]: item for key, item in value.items() if key in names})
    except ValueError as error:
        yield f"{path}: {error}"
