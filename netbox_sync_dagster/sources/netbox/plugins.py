"""Plugins whose objects may refer to NetBox's, with a delete rule that only their code knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.dependents import KNOWN_PLUGINS

Get = Callable[[str, dict[str, Any]], Any]
_TYPES_SINCE = (4, 4)


def unknown_plugins(
    get: Get, plugins: Mapping[str, Any], version: tuple[int, ...], harmless: Collection[str]
) -> Iterator[str]:
    """A sentence for each installed plugin that has objects of which nobody knows what a delete does to them.

    A plugin without models, or whose lists are all empty, has nothing to lose. ``harmless``: those that the
    configuration names. One request per other plugin and one for each of its models.
    """
    for name in sorted(set(plugins) - KNOWN_PLUGINS - set(harmless)):
        objects = _objects(get, name, version)
        if objects:
            yield (
                f"the plugin {name} has {objects}, which NetBox may delete along; where none of them refers to such"
                " objects, name the plugin in netbox.plugins_without_references"
            )


def _objects(get: Get, plugin: str, version: tuple[int, ...]) -> str:
    """What a plugin has, in words; empty where it has nothing."""
    types = "core/object-types" if version >= _TYPES_SINCE else "extras/object-types"
    try:
        rows = get(f"/api/{types}/", {"app_label": plugin, "limit": 1000}).get("results") or []
    except ServerError as error:
        if error.status is None or error.retryable:
            raise
        return "models that the token may not list (core.view_objecttype)"
    found = []
    for row in rows:
        if row.get("app_label") != plugin:
            continue
        endpoint, words = row.get("rest_api_endpoint"), row.get("model_name_plural") or row.get("model")
        if not endpoint:
            found.append(f"{words} without a list in the API")
            continue
        path = f"/api/{str(endpoint).partition('/api/')[2]}"
        try:
            count = get(path, {"limit": 1, "fields": "id"}).get("count", 0)
        except ServerError as error:
            if error.status is None or error.retryable:
                raise
            found.append(f"{words} that the token may not read")
            continue
        if count:
            found.append(f"{count} {words}")
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more kinds of objects" if len(found) > 3 else "")
