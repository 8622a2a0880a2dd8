"""Custom fields of the types object and multiobject: values that name other objects.

NetBox keeps ids in them. A delete of what they name leaves the id behind, which is then shown as empty: the value is
lost, and an object that is made again has another id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.dependents import DELETED, DEPENDENTS
from netbox_sync_dagster.sources.netbox.listings import SOURCES

Get = Callable[[str, dict[str, Any]], Any]

_PATHS = {
    **{item.model: item.related for item in DEPENDENTS},
    **{source.model: source.path for source in SOURCES.values()},
    **{model: path for path, model in DELETED.items()},
}
_ANSWERED = (400, 403, 404)


def path_of(model: str) -> str | None:
    """The list endpoint of a model that this product knows."""
    return _PATHS.get(model)


def holders_of(get: Get, model: str) -> str | None:
    """The list endpoint of a model; None where NetBox does not say (it says from 4.4 on)."""
    if model in _PATHS:
        return _PATHS[model]
    app, _, name = model.partition(".")
    try:
        answer = get("/api/core/object-types/", {"app_label": app, "model": name})
    except ServerError as error:
        if error.status in _ANSWERED:
            return None
        raise
    for row in answer.get("results") or ():
        endpoint = row.get("rest_api_endpoint")
        if (row.get("app_label"), row.get("model")) == (app, name) and endpoint:
            return str(endpoint).partition("/api/")[2].strip("/") or None
    return None


def value_of(row: dict[str, Any], name: str) -> Iterator[int]:
    """The ids that an object's custom field names; ``row`` is REST's."""
    value = (row.get("custom_fields") or {}).get(name)
    for item in value if isinstance(value, list) else [value]:
        number = item.get("id") if isinstance(item, dict) else item
        if isinstance(number, int):
            yield number
