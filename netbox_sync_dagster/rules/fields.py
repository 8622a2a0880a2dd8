"""The fields of NetBox that rules may set, and the resources whose objects they may leave out."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.storage.tables import NETBOX


@dataclass(frozen=True)
class Field:
    """A field as rules set it.

    ``kind``: text, choice, integer, decimal, boolean, reference, tags, cf, contacts. ``column``: of NetBox's table.
    ``refers``: for references, the resource whose names count. What NetBox takes: ``longest`` characters, numbers from
    ``least`` to ``greatest``, one of ``allowed`` (empty: not known here, or extended by NetBox's configuration).
    """

    name: str
    kind: str
    column: str
    refers: str | None = None
    longest: int | None = None
    least: float | None = None
    greatest: float | None = None
    allowed: tuple[str, ...] = ()

    @property
    def takes(self) -> str | None:
        """Which numbers, for people."""
        if self.least is None or self.greatest is None:
            return None
        ends = [f"{int(end) if end == int(end) else end}" for end in (self.least, self.greatest)]
        return f"a number from {ends[0]} to {ends[1]}"


# resource -> fields. ``name>resource`` is a reference; ``name:kind`` a value, with ``/n`` for its longest text, ``[a..b]``
# for the numbers that NetBox takes and ``=a,b`` for its only choices. Custom fields and tags come on top (``field_of``).
_MODES = "access,tagged,tagged-all,q-in-q"
_FIELDS = {
    "clusters": "status:choice description:text/200 type>cluster_types group>cluster_groups",
    "devices": """name:text/64 status:choice serial:text/50 asset_tag:text/50 description:text/200 comments:text
        site>sites location>locations rack>racks role>device_roles platform>platforms tenant>tenants
        device_type>device_types""",
    "virtual_machines": """name:text/64 status:choice serial:text/50 description:text/200 comments:text
        vcpus:decimal[0.01..9999.99] memory:integer[0..2147483647] start_on_boot:choice site>sites role>device_roles
        platform>platforms tenant>tenants virtual_machine_type>virtual_machine_types""",
    "modules": "status:choice serial:text/50",
    "vlans": "name:text/64 status:choice description:text/200 tenant>tenants",
    "interfaces": f"""label:text/64 type:choice enabled:boolean mtu:integer[1..65536]
        speed:integer[0..9223372036854775807] description:text/200 mode:choice={_MODES} mgmt_only:boolean
        mark_connected:boolean vrf>vrfs""",
    "vm_interfaces": f"enabled:boolean mtu:integer[1..65536] description:text/200 mode:choice={_MODES} vrf>vrfs",
    "ip_addresses": """vrf>vrfs status:choice role:choice=loopback,secondary,anycast,vip,vrrp,hsrp,glbp,carp
        dns_name:text/255 description:text/200 tenant>tenants""",
    "virtual_disks": "description:text/200",
}
_WORD = re.compile(r"(\w+)(?:>(\w+)|:(\w+)(?:/(\d+)|\[([\d.]+?)\.\.([\d.]+)\]|=(\S+))?)")


def _field(word: str) -> Field:
    match = _WORD.fullmatch(word)
    if match is None:
        raise ValueError(word)
    name, refers, kind, longest, least, greatest, allowed = match.groups()
    if refers:
        return Field(name, "reference", f"{name}_id", refers)
    return Field(
        name,
        kind,
        name,
        longest=int(longest) if longest else None,
        least=float(least) if least else None,
        greatest=float(greatest) if greatest else None,
        allowed=tuple(allowed.split(",")) if allowed else (),
    )


FIELDS: dict[str, dict[str, Field]] = {
    resource: {one.name: one for one in map(_field, text.split())} for resource, text in _FIELDS.items()
}

# Fields that every object has: NetBox refuses to clear them.
REQUIRED = {
    "clusters": ("status", "type"),
    "devices": ("name", "status", "site", "role", "device_type"),
    "virtual_machines": ("name", "status", "start_on_boot"),
    "modules": ("status",),
    "vlans": ("name", "status"),
    "interfaces": ("type", "enabled", "mgmt_only", "mark_connected"),
    "vm_interfaces": ("enabled",),
    "ip_addresses": ("status",),
}

# Desired tables as rules see them, where these have no column `key`. VLANs that nobody named are on interfaces only.
SEEN_AS = {
    "vlans": """
        SELECT owner || ' ' || vid AS key, * FROM desired.vlans
        UNION ALL BY NAME
        SELECT DISTINCT c.owner || ' ' || c.vid AS key, c.owner_resource, c.owner, c.vid FROM desired.carried_vids c
        ANTI JOIN desired.vlans v ON v.owner_resource = c.owner_resource AND v.owner = c.owner AND v.vid = c.vid
        WHERE NOT c.permitted""",
    "ip_addresses": "SELECT interface || ' ' || host AS key, * FROM desired.ip_addresses",
}
# Resources whose objects rules may leave out.
SKIPPABLE = (
    "devices",
    "virtual_machines",
    "modules",
    "interfaces",
    "vm_interfaces",
    "ip_addresses",
    "virtual_disks",
)
# Resources whose objects may have contacts: the field is ``contacts:<contact role>``.
WITH_CONTACTS = ("clusters", "devices", "virtual_machines")
CONTACTS = "contacts"
_CONTACTS = re.compile(rf"^{CONTACTS}:\s*\S")
_CUSTOM = re.compile(r"^cf\.[A-Za-z0-9_]{1,50}$")
_TAGS = re.compile(r"^tags:[a-z0-9_-]+$")


def field_of(resource: str, name: str) -> Field | None:
    """The field with this name in a rule; None if there is none.

    ``cf.<name>`` is a custom field, other than those that hold the sources' ids. ``tags`` adds tags, ``tags:<prefix>``
    owns the tags whose slug begins with it. ``contacts:<role>`` assigns contacts with this contact role.
    """
    columns = NETBOX[resource].columns
    if "cf" in columns and _CUSTOM.match(name) and name.removeprefix("cf.") not in _id_fields():
        return Field(name, "cf", "cf")
    if "tags" in columns and (name == "tags" or _TAGS.match(name)):
        return Field(name, "tags", "tags")
    if resource in WITH_CONTACTS and _CONTACTS.match(name):
        return Field(name, CONTACTS, "")
    return FIELDS[resource].get(name)


def _id_fields() -> set[str]:
    """The custom fields in which netbox-sync itself keeps the sources' ids."""
    return {name for source in sources().values() for name in source.id_fields}


def names_of(resource: str) -> list[str]:
    """All fields of a resource as people write them."""
    columns = NETBOX[resource].columns
    more = [
        *(["tags", "tags:<prefix>"] if "tags" in columns else []),
        *(["cf.<name>"] if "cf" in columns else []),
        *([f"{CONTACTS}:<role>"] if resource in WITH_CONTACTS else []),
    ]
    return [*FIELDS[resource], *more]


def meant(name: str, known: list[str]) -> str:
    """``; did you mean 'tenant'?`` or, without a similar name, the list of allowed ones."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; allowed: {', '.join(known)}"
