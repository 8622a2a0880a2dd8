"""Regions, site groups, sites, locations and racks."""

from __future__ import annotations

from . import rules_dcim, rules_places
from .models_organization import depth, nested_group_unique, tree_count
from .schema import (
    COMMENTS,
    DESCRIPTION,
    HEAD,
    OWNER,
    PRIMARY,
    TAIL,
    Model,
    Unique,
    boolean,
    char,
    choice,
    constant,
    count,
    decimal,
    fk,
    integer,
    read_only,
    slug,
)

NESTED_GROUP = ("id", "url", "display_url", "display", "name", "slug", "_depth")


def place(label: str, path: str, verbose: str, plural: str, site_column: str) -> Model:
    """Regions and site groups: nested groups of sites."""
    return Model(
        label=label,
        path=path,
        verbose=verbose,
        plural=plural,
        fields=(
            *HEAD,
            char("name", 100, required=True),
            slug(unique=False),
            fk("parent", label, on_delete="cascade", nested="nested"),
            DESCRIPTION,
            *TAIL,
            read_only(
                "site_count",
                tree_count(label, "dcim.site", site_column),
                in_changelog=False,
                zero_when_nested=True,
            ),
            read_only("prefix_count", rules_dcim.prefixes_of_place(label, site_column), in_changelog=False),
            OWNER,
            COMMENTS,
            read_only("_depth", depth(label), in_changelog=False),
        ),
        brief=("id", "url", "display", "name", "slug", "description", "site_count", "_depth"),
        nested_fields=NESTED_GROUP,
        ordering=("name",),
        unique=nested_group_unique(verbose),
    )


REGION = place("dcim.region", "dcim/regions", "region", "regions", "region")
SITE_GROUP = place("dcim.sitegroup", "dcim/site-groups", "site group", "site groups", "group")

SITE = Model(
    label="dcim.site",
    path="dcim/sites",
    verbose="site",
    plural="sites",
    fields=(
        *HEAD,
        char("name", 100, required=True, unique=True),
        slug(),
        choice("status", "site.status", default="active"),
        fk("region", "dcim.region", on_delete="set_null"),
        fk("group", "dcim.sitegroup", on_delete="set_null"),
        fk("tenant", "tenancy.tenant"),
        char("facility", 50),
        char("time_zone", null=True),
        DESCRIPTION,
        char("physical_address", 200),
        char("shipping_address", 200),
        decimal("latitude", 8, 6, minimum=-90, maximum=90),
        decimal("longitude", 9, 6, minimum=-180, maximum=180),
        OWNER,
        COMMENTS,
        constant("asns", []),
        *TAIL,
        constant("circuit_count", 0),
        count("device_count", "dcim.device", "site"),
        count("prefix_count", "ipam.prefix", "_site"),
        count("rack_count", "dcim.rack", "site"),
        count("virtualmachine_count", "virtualization.virtualmachine", "site"),
        count("vlan_count", "ipam.vlan", "site"),
    ),
    brief=("id", "url", "display", "name", "slug", "description"),
    ordering=("name",),
    unique=(Unique(("name",), field_level=True), Unique(("slug",), field_level=True)),
    owned_generics=("ipam.vlangroup",),
    search=("name", "facility", "description", "physical_address", "shipping_address", "comments"),
)

LOCATION = Model(
    label="dcim.location",
    path="dcim/locations",
    verbose="location",
    plural="locations",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        slug(unique=False),
        fk("site", "dcim.site", required=True, on_delete="cascade"),
        fk("parent", "dcim.location", on_delete="cascade", nested="nested"),
        choice("status", "location.status", default="active"),
        fk("tenant", "tenancy.tenant"),
        char("facility", 50),
        DESCRIPTION,
        *TAIL,
        read_only(
            "rack_count",
            tree_count("dcim.location", "dcim.rack", "location"),
            in_changelog=False,
            zero_when_nested=True,
        ),
        read_only(
            "device_count",
            tree_count("dcim.location", "dcim.device", "location"),
            in_changelog=False,
            zero_when_nested=True,
        ),
        count("prefix_count", "ipam.prefix", "_location"),
        OWNER,
        COMMENTS,
        read_only("_depth", depth("dcim.location"), in_changelog=False),
    ),
    brief=("id", "url", "display", "name", "slug", "description", "rack_count", "_depth"),
    nested_fields=NESTED_GROUP,
    ordering=("site", "name"),
    unique=tuple(
        rule
        for column in ("name", "slug")
        for rule in (
            Unique(("site", "parent", column)),
            Unique(
                ("site", column),
                when_null=("parent",),
                message=f"A location with this {column} already exists within the specified site.",
            ),
        )
    ),
    clean=rules_places.clean_location,
    after_save=rules_places.take_content_along,
    owned_generics=("ipam.vlangroup",),
)

RACK = Model(
    label="dcim.rack",
    path="dcim/racks",
    verbose="rack",
    plural="racks",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        char("facility_id", 50, null=True, label="facility ID"),
        fk("site", "dcim.site", required=True),
        fk("location", "dcim.location", on_delete="set_null"),
        constant("group", None),
        fk("tenant", "tenancy.tenant"),
        choice("status", "rack.status", default="active"),
        constant("role", None),
        char("serial", 50),
        char("asset_tag", 50, null=True, unique=True),
        constant("rack_type", None),
        choice("form_factor", "rack.form_factor", null=True),
        choice("width", "rack.width", default=19),
        integer("u_height", 1, 100, default=42),
        integer("starting_unit", 1, 32767, default=1),
        decimal("weight", 8, 2),
        integer("max_weight", 0, 2147483647),
        choice("weight_unit", "rack.weight_unit", null=True),
        boolean("desc_units"),
        integer("outer_width", 0, 32767),
        integer("outer_height", 0, 32767),
        integer("outer_depth", 0, 32767),
        choice("outer_unit", "rack.outer_unit", null=True),
        integer("mounting_depth", 0, 32767),
        choice("airflow", "rack.airflow"),
        *PRIMARY,
        count("device_count", "dcim.device", "rack"),
        constant("powerfeed_count", 0),
    ),
    brief=("id", "url", "display", "name", "description", "device_count"),
    ordering=("site", "location", "name"),
    unique=(
        Unique(("location", "name")),
        Unique(("location", "facility_id")),
        Unique(("asset_tag",), field_level=True),
    ),
    display=lambda store, row: f"{row['name']} ({row['facility_id']})" if row["facility_id"] else row["name"],
    clean=rules_places.clean_rack,
    after_save=rules_places.take_devices_along,
    owned_generics=("ipam.vlangroup",),
    search=("name", "facility_id", "serial", "asset_tag", "comments"),
)

MODELS = (REGION, SITE_GROUP, SITE, LOCATION, RACK)
