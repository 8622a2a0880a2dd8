"""What others hang on interfaces, addresses, machines and devices: as much of each model as its deletes need."""

from __future__ import annotations

from typing import Any

from .schema import (
    COMMENTS,
    CUSTOM_FIELDS,
    DESCRIPTION,
    HEAD,
    LABELS,
    OWNER,
    PRIMARY,
    STAMPS,
    TAGS,
    TAIL,
    Field,
    Model,
    Row,
    Unique,
    char,
    choice,
    fk,
    integer,
    m2m,
    slug,
)
from .store import Store

NICS = ("dcim.interface", "virtualization.vminterface")
_SHORT = ("id", "url", "display", "name")


def generic(
    name: str, allowed: tuple[str, ...] = (), *, shown: str = "", required: bool = True
) -> tuple[Field, ...]:
    """A generic relation: ``<name>_type``, ``<name>_id`` and the object, as ``shown`` where that differs."""
    return (
        Field(f"{name}_type", "content_type", required=required, null=not required, allowed=allowed),
        Field(f"{name}_id", "generic_id", required=required, null=not required),
        Field(shown or name, "generic"),
    )


def display(store: Store, label: str | None, pk: int | None) -> str:
    """What NetBox calls an object."""
    row = store.get(label, pk) if label in store.models else None
    if row is None or label is None:
        return "None"
    show = store.models[label].display
    return show(store, row) if show is not None else str(row["name"])


def _named(label: str, path: str, verbose: str, *more: Field, **options: Any) -> Model:
    """A model that is known by its name."""
    return _model(label, path, verbose, (char("name", 100, required=True), *more, *PRIMARY), **options)


def _model(label: str, path: str, verbose: str, fields: tuple[Field, ...], **options: Any) -> Model:
    ordering = options.pop("ordering", ("id",))
    brief = options.pop("brief", ("id", "url", "display"))
    return Model(
        label=label,
        path=path,
        verbose=verbose,
        plural=options.pop("plural", f"{verbose}s"),
        fields=(*HEAD, *fields),
        brief=brief,
        ordering=ordering,
        search=(),
        in_graphql=options.pop("in_graphql", False),
        **options,
    )


def _label(choices: str, row: Row, name: str) -> str:
    return LABELS[choices][row[name]]


MODELS: tuple[Model, ...] = (
    _model(
        *("extras.bookmark", "extras/bookmarks", "bookmark"),
        (*generic("object"), fk("user", "users.user", required=True, on_delete="cascade"), STAMPS[0]),
        display=lambda store, row: display(store, row["object_type"], row["object_id"]),
        goes_with=("object",),
        change_logged=False,
    ),
    _model(
        *("extras.subscription", "extras/subscriptions", "subscription"),
        (*generic("object"), fk("user", "users.user", required=True, on_delete="cascade"), STAMPS[0]),
        display=lambda store, row: display(store, row["object_type"], row["object_id"]),
        goes_with=("object",),
        change_logged=False,
    ),
    _model(
        *("extras.imageattachment", "extras/image-attachments", "image attachment"),
        (*generic("object")[:2], char("name", 50), *STAMPS),
        display=lambda store, row: row["name"],
        goes_with=("object",),
    ),
    _named(
        *("extras.configcontext", "extras/config-contexts", "config context"),
        integer("weight", 0, 32767, default=1000),
        Field("data", "json", required=True),
        *(
            m2m(name, model)
            for name, model in (
                ("sites", "dcim.site"),
                ("device_types", "dcim.devicetype"),
                ("roles", "dcim.devicerole"),
                ("platforms", "dcim.platform"),
                ("cluster_types", "virtualization.clustertype"),
                ("clusters", "virtualization.cluster"),
            )
        ),
    ),
    _named("tenancy.contact", "tenancy/contacts", "contact", brief=(*_SHORT, "description")),
    _named(
        *("tenancy.contactrole", "tenancy/contact-roles", "contact role", slug()),
        brief=(*_SHORT, "slug", "description"),
    ),
    _model(
        *("tenancy.contactassignment", "tenancy/contact-assignments", "contact assignment"),
        (
            *generic("object"),
            fk("contact", "tenancy.contact", required=True),
            fk("role", "tenancy.contactrole", required=True),
            choice("priority", "contactassignment.priority"),
            *TAIL,
        ),
        unique=(Unique(("object_type", "object_id", "contact", "role")),),
        display=lambda store, row: (
            f"{display(store, 'tenancy.contact', row['contact'])}"
            + (f" ({_label('contactassignment.priority', row, 'priority')})" if row["priority"] else "")
            + f" -> {display(store, row['object_type'], row['object_id'])}"
        ),
        goes_with=("object",),
    ),
    _model(
        *("dcim.inventoryitem", "dcim/inventory-items", "inventory item"),
        (
            fk("device", "dcim.device", required=True, on_delete="cascade"),
            fk("parent", "dcim.inventoryitem", on_delete="cascade", nested="id"),
            char("name", 64, required=True),
            fk("manufacturer", "dcim.manufacturer"),
            *generic("component", ("dcim.interface",), required=False),
            *TAIL,
        ),
        brief=("id", "url", "display", "device", "name"),
        goes_with=("component",),
    ),
    *(
        _model(
            *(f"dcim.{verbose.replace(' ', '')}", f"dcim/{verbose.replace(' ', '-')}s", verbose),
            (
                fk("device", "dcim.device", required=True, on_delete="cascade"),
                fk("module", "dcim.module", on_delete="cascade"),
                char("name", 64, required=True),
                DESCRIPTION,
                OWNER,
                *TAIL,
            ),
            brief=("id", "url", "display", "device", "name", "description"),
            since=(4, 7),
        )
        for verbose in ("cooling intake", "cooling outflow")
    ),
    _named(
        *("dcim.coolingsource", "dcim/cooling-sources", "cooling source"),
        fk("site", "dcim.site", required=True),
        choice("type", "coolingsource.type", required=True),
        choice("status", "coolingsource.status", default="active"),
        since=(4, 7),
    ),
    _named(
        *("dcim.modulebaytype", "dcim/module-bay-types", "module bay type"),
        slug(),
        fk("manufacturer", "dcim.manufacturer"),
        since=(4, 7),
        in_graphql=True,
    ),
    _model(
        *("dcim.virtualdevicecontext", "dcim/virtual-device-contexts", "virtual device context"),
        (
            char("name", 64, required=True),
            fk("device", "dcim.device", required=True),
            integer("identifier", 0, 32767),
            choice("status", "virtualdevicecontext.status", required=True),
            fk("primary_ip4", "ipam.ipaddress", on_delete="set_null", one_to_one=True),
            fk("primary_ip6", "ipam.ipaddress", on_delete="set_null", one_to_one=True),
            *PRIMARY,
        ),
        brief=("id", "url", "display", "name", "identifier", "device", "description"),
    ),
    _model(
        *("ipam.fhrpgroup", "ipam/fhrp-groups", "FHRP group"),
        (
            char("name", 100),
            choice("protocol", "fhrpgroup.protocol", required=True),
            integer("group_id", 0, 32767, required=True),
            *PRIMARY,
        ),
        brief=("id", "url", "display", "protocol", "group_id", "description"),
        display=lambda store, row: f"{_label('fhrpgroup.protocol', row, 'protocol')}: {row['group_id']}",
    ),
    _model(
        *("ipam.fhrpgroupassignment", "ipam/fhrp-group-assignments", "FHRP group assignment"),
        (
            fk("group", "ipam.fhrpgroup", required=True, on_delete="cascade"),
            *generic("interface", NICS),
            integer("priority", 0, 255, required=True),
            *STAMPS,
        ),
        display=lambda store, row: (
            f"{display(store, row['interface_type'], row['interface_id'])}: "
            f"{display(store, 'ipam.fhrpgroup', row['group'])} ({row['priority']})"
        ),
        goes_with=("interface",),
    ),
    _model(
        *("ipam.service", "ipam/services", "service"),
        (
            *(
                Field(f.name, f.kind, f.required, f.null, allowed=f.allowed, since=(4, 3))
                for f in generic(
                    "parent_object",
                    ("dcim.device", "virtualization.virtualmachine", "ipam.fhrpgroup"),
                    shown="parent_object",
                )
            ),
            fk("device", "dcim.device", on_delete="cascade", until=(4, 3)),
            fk("virtual_machine", "virtualization.virtualmachine", on_delete="cascade", until=(4, 3)),
            char("name", 100, required=True),
            choice("protocol", "service.protocol", required=True),
            Field("ports", "json", required=True),
            m2m("ipaddresses", "ipam.ipaddress"),
            *PRIMARY,
        ),
        brief=("id", "url", "display", "name", "protocol", "ports", "description"),
        display=lambda store, row: (
            f"{row['name']} ({_label('service.protocol', row, 'protocol')}/{', '.join(map(str, row['ports']))})"
        ),
        goes_with=("parent_object",),
    ),
    _model(
        *("vpn.tunnel", "vpn/tunnels", "tunnel"),
        (
            char("name", 100, required=True),
            choice("status", "tunnel.status", default="active"),
            choice("encapsulation", "tunnel.encapsulation", required=True),
            *PRIMARY,
        ),
        brief=_SHORT,
    ),
    _model(
        *("vpn.tunneltermination", "vpn/tunnel-terminations", "tunnel termination"),
        (
            fk("tunnel", "vpn.tunnel", required=True, on_delete="cascade"),
            choice("role", "tunneltermination.role", default="peer"),
            *generic("termination", NICS),
            fk("outside_ip", "ipam.ipaddress"),
            *TAIL,
        ),
        display=lambda store, row: f"{display(store, 'vpn.tunnel', row['tunnel'])}: Termination {row['id']}",
        goes_with=("termination",),
    ),
    _model(
        *("vpn.l2vpn", "vpn/l2vpns", "L2VPN"),
        (char("name", 100, required=True), slug(), choice("type", "l2vpn.type", required=True), *PRIMARY),
        brief=_SHORT,
    ),
    _model(
        *("vpn.l2vpntermination", "vpn/l2vpn-terminations", "L2VPN termination"),
        (
            fk("l2vpn", "vpn.l2vpn", required=True, on_delete="cascade"),
            *generic("assigned_object", (*NICS, "ipam.vlan")),
            *TAIL,
        ),
        brief=("id", "url", "display", "l2vpn"),
        display=lambda store, row: (
            f"{display(store, row['assigned_object_type'], row['assigned_object_id'])} <> "
            f"{display(store, 'vpn.l2vpn', row['l2vpn'])}"
        ),
        goes_with=("assigned_object",),
    ),
    _named("circuits.provider", "circuits/providers", "provider", slug()),
    _named(
        *("circuits.providernetwork", "circuits/provider-networks", "provider network"),
        fk("provider", "circuits.provider", required=True),
    ),
    _named("circuits.virtualcircuittype", "circuits/virtual-circuit-types", "virtual circuit type", slug()),
    _model(
        *("circuits.virtualcircuit", "circuits/virtual-circuits", "virtual circuit"),
        (
            char("cid", 100, required=True),
            fk("provider_network", "circuits.providernetwork", required=True),
            fk("type", "circuits.virtualcircuittype", required=True),
            *PRIMARY,
        ),
        display=lambda store, row: row["cid"],
    ),
    _model(
        *(
            "circuits.virtualcircuittermination",
            "circuits/virtual-circuit-terminations",
            "virtual circuit termination",
        ),
        (
            fk("virtual_circuit", "circuits.virtualcircuit", required=True, on_delete="cascade"),
            choice("role", "virtualcircuittermination.role", default="peer"),
            fk("interface", "dcim.interface", required=True, on_delete="cascade", one_to_one=True),
            DESCRIPTION,
            *TAIL,
        ),
        display=lambda store, row: (
            f"{display(store, 'circuits.virtualcircuit', row['virtual_circuit'])}: "
            f"{_label('virtualcircuittermination.role', row, 'role')} termination"
        ),
        unique=(Unique(("interface",), field_level=True),),
    ),
    _model(
        *("wireless.wirelesslan", "wireless/wireless-lans", "wireless LAN"),
        (char("ssid", 32, required=True), fk("vlan", "ipam.vlan"), *PRIMARY),
        brief=("id", "url", "display", "ssid", "description"),
        display=lambda store, row: row["ssid"],
    ),
    _model(
        *("wireless.wirelesslink", "wireless/wireless-links", "wireless link"),
        (
            fk("interface_a", "dcim.interface", required=True),
            fk("interface_b", "dcim.interface", required=True),
            char("ssid", 32),
            DESCRIPTION,
            OWNER,
            COMMENTS,
            TAGS,
            CUSTOM_FIELDS,
            *STAMPS,
        ),
        display=lambda store, row: row["ssid"] or f"#{row['id']}",
    ),
)


def of_interface(label: str, column: str) -> Any:
    """The one object of a model that names this interface in a column, as a reference."""

    def compute(store: Store, row: Row) -> Any:
        found = sorted(store.referring(label, column, row["id"]))
        return (label, found[0]) if found else None

    return compute


def wireless_link(store: Store, row: Row) -> Any:
    for column in ("interface_a", "interface_b"):
        if found := sorted(store.referring("wireless.wirelesslink", column, row["id"])):
            return ("wireless.wirelesslink", found[0])
    return None


def l2vpn_termination(kind: str) -> Any:
    """The L2VPN termination of an interface or VLAN, as a reference."""

    def compute(store: Store, row: Row) -> Any:
        found = store.assigned("vpn.l2vpntermination", "assigned_object_type", kind, row["id"])
        return ("vpn.l2vpntermination", found[0]["id"]) if found else None

    return compute


def fhrp_count(kind: str) -> Any:
    """The number of FHRP groups that an interface is in."""
    return lambda store, row: len(
        store.assigned("ipam.fhrpgroupassignment", "interface_type", kind, row["id"])
    )
