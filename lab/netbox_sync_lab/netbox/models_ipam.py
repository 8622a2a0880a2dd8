"""IPAM models."""

from __future__ import annotations

from typing import Any

from . import models_dependents as dependents
from . import rules_ipam as rules
from .schema import (
    COMMENTS,
    DESCRIPTION,
    HEAD,
    OWNER,
    PRIMARY,
    TAIL,
    Field,
    Model,
    Row,
    Unique,
    boolean,
    char,
    choice,
    constant,
    count,
    fk,
    integer,
    m2m,
    read_only,
    slug,
)
from .store import Store, parse_ip

SCOPE_CACHE = (
    fk("_site", "dcim.site", on_delete="cascade", hidden_relation=True, in_changelog=False),
    fk("_location", "dcim.location", on_delete="cascade", hidden_relation=True, in_changelog=False),
)
"""The site and location behind a scope, kept as columns so that filters and rules need not follow the scope."""


def family(column: str) -> Any:
    def compute(store: Store, row: Row) -> dict[str, Any]:
        version = parse_ip(row[column]).version
        return {"value": version, "label": f"IPv{version}"}

    return compute


ROUTE_TARGET = Model(
    label="ipam.routetarget",
    path="ipam/route-targets",
    verbose="route target",
    plural="route targets",
    fields=(
        *HEAD,
        char("name", 21, required=True, unique=True),
        fk("tenant", "tenancy.tenant"),
        *PRIMARY,
    ),
    brief=("id", "url", "display", "name", "description"),
    ordering=("name",),
    unique=(Unique(("name",), field_level=True),),
)

VRF = Model(
    label="ipam.vrf",
    path="ipam/vrfs",
    verbose="VRF",
    plural="VRFs",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        char("rd", 21, null=True, unique=True, label="route distinguisher"),
        fk("tenant", "tenancy.tenant"),
        boolean("enforce_unique", True),
        DESCRIPTION,
        OWNER,
        COMMENTS,
        m2m("import_targets", "ipam.routetarget", nested="full"),
        m2m("export_targets", "ipam.routetarget", nested="full"),
        *TAIL,
        count("ipaddress_count", "ipam.ipaddress", "vrf"),
        count("prefix_count", "ipam.prefix", "vrf"),
    ),
    brief=("id", "url", "display", "name", "rd", "description", "prefix_count"),
    ordering=("name", "rd"),
    unique=(Unique(("rd",), field_level=True),),
    display=lambda store, row: f"{row['name']} ({row['rd']})" if row["rd"] else row["name"],
    search=("name", "rd", "description", "comments"),
)

ROLE = Model(
    label="ipam.role",
    path="ipam/roles",
    verbose="role",
    plural="roles",
    fields=(
        *HEAD,
        char("name", 100, required=True, unique=True),
        slug(),
        integer("weight", 0, 32767, default=1000),
        DESCRIPTION,
        OWNER,
        COMMENTS,
        *TAIL,
        count("prefix_count", "ipam.prefix", "role"),
        count("vlan_count", "ipam.vlan", "role"),
        constant("asn_count", 0, omit_when_nested=True),
    ),
    brief=("id", "url", "display", "name", "slug", "description", "prefix_count", "vlan_count", "asn_count"),
    ordering=("weight", "name"),
    unique=(Unique(("name",), field_level=True), Unique(("slug",), field_level=True)),
)

VLAN_GROUP = Model(
    label="ipam.vlangroup",
    path="ipam/vlan-groups",
    verbose="VLAN group",
    plural="VLAN groups",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        slug(unique=False),
        Field("scope_type", "content_type", null=True, allowed=rules.VLAN_GROUP_SCOPES),
        Field("scope_id", "generic_id", null=True),
        Field("scope", "generic"),
        Field("vid_ranges", "ranges", default=[[1, 4094]]),
        read_only("total_vlan_ids", rules.total_vids, in_changelog=False),
        fk("tenant", "tenancy.tenant"),
        DESCRIPTION,
        OWNER,
        COMMENTS,
        *TAIL,
        count("vlan_count", "ipam.vlan", "group"),
        read_only("utilization", rules.utilization, in_changelog=False),
    ),
    brief=("id", "url", "display", "name", "slug", "description", "vlan_count"),
    ordering=("name",),
    unique=(
        Unique(("scope_type", "scope_id", "name")),
        Unique(("scope_type", "scope_id", "slug")),
    ),
    clean=rules.clean_vlan_group,
    search=("name", "description"),
)

VLAN = Model(
    label="ipam.vlan",
    path="ipam/vlans",
    verbose="VLAN",
    plural="VLANs",
    fields=(
        *HEAD,
        fk("site", "dcim.site"),
        fk("group", "ipam.vlangroup"),
        integer("vid", 1, 4094, required=True, label="VLAN ID"),
        char("name", 64, required=True),
        fk("tenant", "tenancy.tenant"),
        choice("status", "vlan.status", default="active"),
        fk("role", "ipam.role", on_delete="set_null"),
        DESCRIPTION,
        choice("qinq_role", "vlan.qinq_role", null=True),
        fk("qinq_svlan", "ipam.vlan", nested="nested"),
        OWNER,
        COMMENTS,
        read_only("l2vpn_termination", dependents.l2vpn_termination("ipam.vlan"), in_changelog=False),
        *TAIL,
        read_only("prefix_count", lambda store, row: len(store.referring("ipam.prefix", "vlan", row["id"]))),
    ),
    brief=("id", "url", "display", "vid", "name", "description"),
    nested_fields=("id", "url", "display", "vid", "name", "description"),
    ordering=("site", "group", "vid"),
    unique=(
        Unique(("group", "vid")),
        Unique(("group", "name")),
        Unique(("qinq_svlan", "vid")),
        Unique(("qinq_svlan", "name")),
    ),
    display=lambda store, row: f"{row['name']} ({row['vid']})",
    clean=rules.clean_vlan,
    search=("name", "description"),
)

PREFIX = Model(
    label="ipam.prefix",
    path="ipam/prefixes",
    verbose="prefix",
    plural="prefixes",
    fields=(
        *HEAD,
        read_only("family", family("prefix"), in_changelog=False),
        Field("prefix", "prefix", required=True),
        fk("vrf", "ipam.vrf"),
        Field("scope_type", "content_type", null=True, allowed=rules.LOCATION_SCOPES),
        Field("scope_id", "generic_id", null=True),
        Field("scope", "generic"),
        fk("tenant", "tenancy.tenant"),
        fk("vlan", "ipam.vlan"),
        choice("status", "prefix.status", default="active"),
        fk("role", "ipam.role", on_delete="set_null"),
        boolean("is_pool"),
        boolean("mark_utilized"),
        *PRIMARY,
        read_only("children", rules.prefix_children, in_changelog=False),
        read_only("_depth", rules.prefix_depth, in_changelog=False),
    ),
    hidden=SCOPE_CACHE,
    brief=("id", "url", "display", "family", "prefix", "description", "_depth"),
    ordering=("vrf", "prefix"),
    display=lambda store, row: row["prefix"],
    clean=rules.clean_prefix,
    before_save=rules.cache_scope,
    search=("description", "prefix"),
)

IP_RANGE = Model(
    label="ipam.iprange",
    path="ipam/ip-ranges",
    verbose="IP range",
    plural="IP ranges",
    fields=(
        *HEAD,
        read_only("family", family("start_address"), in_changelog=False),
        Field("start_address", "ip", required=True),
        Field("end_address", "ip", required=True),
        read_only("size", rules.range_size),
        fk("vrf", "ipam.vrf"),
        fk("tenant", "tenancy.tenant"),
        choice("status", "iprange.status", default="active"),
        fk("role", "ipam.role", on_delete="set_null"),
        *PRIMARY,
        boolean("mark_populated", since=(4, 3)),
        boolean("mark_utilized"),
    ),
    brief=("id", "url", "display", "family", "start_address", "end_address", "description"),
    ordering=("vrf", "start_address"),
    display=rules.range_name,
    clean=rules.clean_ip_range,
    search=("description", "start_address", "end_address"),
)

IP_ADDRESS = Model(
    label="ipam.ipaddress",
    path="ipam/ip-addresses",
    verbose="IP address",
    plural="IP addresses",
    fields=(
        *HEAD,
        read_only(
            "family",
            family("address"),
            in_changelog=False,
            bare=lambda store, row: parse_ip(row["address"]).version,
        ),
        Field("address", "ip", required=True),
        fk("vrf", "ipam.vrf"),
        fk("tenant", "tenancy.tenant"),
        choice("status", "ipaddress.status", default="active"),
        choice("role", "ipaddress.role"),
        Field("assigned_object_type", "content_type", null=True, allowed=rules.IP_ASSIGNMENT),
        Field("assigned_object_id", "generic_id", null=True),
        Field("assigned_object", "generic"),
        fk("nat_inside", "ipam.ipaddress", on_delete="set_null", nested="nested"),
        read_only("nat_outside", rules.nat_outside, in_changelog=False),
        char("dns_name", 255),
        *PRIMARY,
    ),
    brief=("id", "url", "display", "family", "address", "description"),
    nested_fields=("id", "url", "display_url", "display", "family", "address"),
    ordering=("address",),
    display=lambda store, row: row["address"],
    clean=rules.clean_ip_address,
    before_save=rules.lower_dns_name,
    before_delete=rules.clear_primary_ip,
    search=("dns_name", "description", "address"),
)

MODELS = (ROUTE_TARGET, VRF, ROLE, VLAN_GROUP, VLAN, PREFIX, IP_RANGE, IP_ADDRESS)
