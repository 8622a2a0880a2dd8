"""The notation of the seed: endpoints, objects, references."""

from typing import Any

from netbox_sync_lab.estate.plan import Site

Object = dict[str, Any]
Seed = list[tuple[str, list[Object]]]

# An operator's own: nothing may take the tag away or overwrite the text.
OPERATOR_TAG = "handle-with-care"
OPERATOR_DESCRIPTION = "Do not touch before the audit (J. Martin, 2026-10-14)"


def ref(endpoint: str, **attributes: Any) -> Object:
    """Stands for the id of the seeded object of that endpoint with these attributes."""
    return {"$ref": endpoint, **attributes}


def vlan_of(site: Site, vid: int) -> Object:
    """The VLAN with this VID in the site's group."""
    return {"vid": vid, "group": {"slug": f"{site.key}-vlans"}}


def slug(text: str) -> str:
    """`Cisco IOS XE` -> `cisco-ios-xe`."""
    return "-".join("".join(c.lower() if c.isalnum() else " " for c in text).split())
