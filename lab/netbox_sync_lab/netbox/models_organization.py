"""Tenancy, extras, users and core: the models that others refer to or that describe other objects."""

from __future__ import annotations

from typing import Any

from . import customfields
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
from .store import Store


def depth(label: str) -> Any:
    """How many ancestors a nested group has."""

    def compute(store: Store, row: Row) -> int:
        levels, current = 0, row
        while current.get("parent") is not None:
            current = store.ref(label, current["parent"])
            levels += 1
        return levels

    return compute


def tree_count(label: str, model: str, column: str) -> Any:
    """How many ``model`` objects belong to a nested group or to any group below it."""

    def compute(store: Store, row: Row) -> int:
        total, todo = 0, [row["id"]]
        while todo:
            pk = todo.pop()
            total += len(store.referring(model, column, pk))
            todo.extend(store.referring(label, "parent", pk))
        return total

    return compute


def nested_group_unique(verbose: str) -> tuple[Unique, ...]:
    """Names and slugs are unique among the children of one parent."""
    return tuple(
        rule
        for column in ("name", "slug")
        for rule in (
            Unique(("parent", column)),
            Unique(
                (column,),
                when_null=("parent",),
                message=f"A top-level {verbose} with this {column} already exists.",
            ),
        )
    )


def grouping(
    label: str, path: str, verbose: str, plural: str, counts: tuple[Field, ...], *, brief_count: bool = True
) -> Model:
    """A flat organisational model: name, slug and what is counted under it."""
    return Model(
        label=label,
        path=path,
        verbose=verbose,
        plural=plural,
        fields=(
            *HEAD,
            char("name", 100, required=True, unique=True),
            slug(),
            DESCRIPTION,
            OWNER,
            COMMENTS,
            *TAIL,
            *counts,
        ),
        brief=(
            "id",
            "url",
            "display",
            "name",
            "slug",
            "description",
            *(c.name for c in counts[:1] if brief_count),
        ),
        ordering=("name",),
        unique=(Unique(("name",), field_level=True), Unique(("slug",), field_level=True)),
        search=("name", "slug", "description", "comments"),
    )


TENANT_GROUP = Model(
    label="tenancy.tenantgroup",
    path="tenancy/tenant-groups",
    verbose="tenant group",
    plural="tenant groups",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        slug(unique=False),
        fk("parent", "tenancy.tenantgroup", on_delete="cascade", nested="nested"),
        DESCRIPTION,
        *TAIL,
        read_only(
            "tenant_count",
            tree_count("tenancy.tenantgroup", "tenancy.tenant", "group"),
            in_changelog=False,
            zero_when_nested=True,
        ),
        OWNER,
        COMMENTS,
        read_only("_depth", depth("tenancy.tenantgroup"), in_changelog=False),
    ),
    brief=("id", "url", "display", "name", "slug", "description", "tenant_count", "_depth"),
    nested_fields=("id", "url", "display_url", "display", "name", "slug", "_depth"),
    ordering=("name",),
    unique=nested_group_unique("tenant group"),
)

TENANT = Model(
    label="tenancy.tenant",
    path="tenancy/tenants",
    verbose="tenant",
    plural="tenants",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        slug(unique=False),
        fk("group", "tenancy.tenantgroup", on_delete="set_null"),
        *PRIMARY,
        constant("circuit_count", 0),
        count("device_count", "dcim.device", "tenant"),
        count("ipaddress_count", "ipam.ipaddress", "tenant"),
        count("prefix_count", "ipam.prefix", "tenant"),
        count("rack_count", "dcim.rack", "tenant"),
        count("site_count", "dcim.site", "tenant"),
        count("virtualmachine_count", "virtualization.virtualmachine", "tenant"),
        count("vlan_count", "ipam.vlan", "tenant"),
        count("vrf_count", "ipam.vrf", "tenant"),
        count("cluster_count", "virtualization.cluster", "tenant"),
    ),
    brief=("id", "url", "display", "name", "slug", "description"),
    ordering=("name",),
    unique=(
        Unique(("group", "name"), message="Tenant name must be unique per group."),
        Unique(("name",), when_null=("group",)),
        Unique(("group", "slug"), message="Tenant slug must be unique per group."),
        Unique(("slug",), when_null=("group",)),
    ),
    search=("name", "slug", "description", "comments"),
)

OWNER_MODEL = Model(
    label="users.owner",
    path="users/owners",
    verbose="owner",
    plural="owners",
    fields=(*HEAD, char("name", 100, required=True, unique=True), DESCRIPTION, TAGS, *STAMPS),
    brief=("id", "url", "display", "name", "description"),
    ordering=("name",),
    unique=(Unique(("name",), field_level=True),),
    since=(4, 5),
)


def _tagged_items(store: Store, row: Row) -> int:
    return sum(len(store.referring(label, "tags", row["id"])) for label in store.models)


TAG = Model(
    label="extras.tag",
    path="extras/tags",
    verbose="tag",
    plural="tags",
    fields=(
        *HEAD,
        char("name", 100, required=True, unique=True),
        slug(),
        char("color", 6, default="9e9e9e"),
        DESCRIPTION,
        integer("weight", 0, 32767, default=1000),
        Field("object_types", "content_types"),
        read_only("tagged_items", _tagged_items, in_changelog=False),
        *STAMPS,
    ),
    brief=("id", "url", "display", "name", "slug", "color", "description"),
    nested_fields=("id", "url", "display_url", "display", "name", "slug", "color"),
    ordering=("weight", "name"),
    unique=(Unique(("name",), field_level=True), Unique(("slug",), field_level=True)),
    search=("name", "slug", "description"),
)

DATA_TYPES = {
    "integer": "integer",
    "decimal": "decimal",
    "boolean": "boolean",
    "json": "object",
    "object": "object",
    "multiselect": "array",
    "multiobject": "array",
}


def _custom_field_display(store: Store, row: Row) -> str:
    return row["label"] or row["name"].replace("_", " ").capitalize()


CUSTOM_FIELD = Model(
    label="extras.customfield",
    path="extras/custom-fields",
    verbose="custom field",
    plural="custom fields",
    fields=(
        *HEAD,
        Field("object_types", "content_types", required=True),
        choice("type", "customfield.type", required=True),
        Field("related_object_type", "content_type", null=True),
        read_only("data_type", lambda store, row: DATA_TYPES.get(row["type"], "string"), in_changelog=False),
        char("name", 50, required=True, unique=True),
        char("label", 50),
        char("group_name", 50),
        DESCRIPTION,
        boolean("required"),
        boolean("unique"),
        integer("search_weight", 0, 32767, default=1000),
        choice("filter_logic", "customfield.filter_logic", default="loose"),
        choice("ui_visible", "customfield.ui_visible", default="always"),
        choice("ui_editable", "customfield.ui_editable", default="yes"),
        boolean("is_cloneable"),
        Field("default", "json", null=True),
        Field("related_object_filter", "json", null=True),
        integer("weight", 0, 32767, default=100),
        decimal("validation_minimum", 16, 4),
        decimal("validation_maximum", 16, 4),
        char("validation_regex", 500),
        Field("validation_schema", "json", null=True, since=(4, 6)),
        fk("choice_set", "extras.customfieldchoiceset"),
        boolean("nulls_first", since=(4, 7)),
        read_only("status", customfields.status, in_changelog=False, since=(4, 7)),
        OWNER,
        COMMENTS,
        *STAMPS,
    ),
    brief=("id", "url", "display", "name", "description"),
    ordering=("group_name", "weight", "name"),
    unique=(Unique(("name",), field_level=True),),
    display=_custom_field_display,
    search=("name", "label", "group_name", "description"),
    clean=customfields.clean_custom_field,
    after_save=customfields.fill_in,
    defer_delete=customfields.defer_delete,
    after_delete=customfields.take_out,
)

CHOICE_SET = Model(
    label="extras.customfieldchoiceset",
    path="extras/custom-field-choice-sets",
    verbose="custom field choice set",
    plural="custom field choice sets",
    fields=(
        *HEAD,
        char("name", 100, required=True, unique=True),
        DESCRIPTION,
        choice("base_choices", "customfieldchoiceset.base_choices", null=True),
        Field("extra_choices", "choice_pairs", required=True),
        Field("choice_colors", "json", default={}, since=(4, 6)),
        boolean("order_alphabetically"),
        read_only("choices_count", lambda store, row: len(row["extra_choices"] or ()), in_changelog=False),
        OWNER,
        *STAMPS,
    ),
    brief=("id", "url", "display", "name", "description", "choices_count"),
    ordering=("name",),
    unique=(Unique(("name",), field_level=True),),
    clean=customfields.clean_choice_set,
    page="extras/custom-field-choices",
)


def _journal_display(store: Store, row: Row) -> str:
    return f"{row['created'].strftime('%Y-%m-%d %H:%M')} ({LABELS['journalentry.kind'][row['kind']]})"


JOURNAL_ENTRY = Model(
    label="extras.journalentry",
    path="extras/journal-entries",
    verbose="journal entry",
    plural="journal entries",
    fields=(
        *HEAD,
        Field("assigned_object_type", "content_type", required=True),
        Field("assigned_object_id", "generic_id", required=True),
        Field("assigned_object", "generic"),
        Field("created", "datetime"),
        fk("created_by", "users.user", on_delete="set_null", nested="id"),
        choice("kind", "journalentry.kind", default="info"),
        char("comments", required=True),
        TAGS,
        CUSTOM_FIELDS,
        Field("last_updated", "datetime"),
    ),
    brief=("id", "url", "display", "created"),
    ordering=("-created",),
    display=_journal_display,
    search=("comments",),
)


def _change_display(store: Store, row: Row) -> str:
    label = LABELS["objectchange.action"][row["action"]].lower()
    app, _, name = row["changed_object_type"].partition(".")
    model = store.models.get(row["changed_object_type"])
    kind = f"{APP_NAMES.get(app, app)} | {model.verbose if model else name}"
    return f"{kind} {row['object_repr']} {label} by {row['user_name']}"


APP_NAMES = {
    "dcim": "DCIM",
    "ipam": "IPAM",
    "virtualization": "Virtualization",
    "tenancy": "Tenancy",
    "extras": "Extras",
    "core": "Core",
    "users": "Users",
}

OBJECT_CHANGE = Model(
    label="core.objectchange",
    path="core/object-changes",
    verbose="object change",
    plural="object changes",
    fields=(
        *HEAD,
        Field("time", "datetime"),
        fk("user", "users.user", on_delete="set_null"),
        char("user_name", 150),
        read_only("request_id"),
        choice("action", "objectchange.action"),
        Field("changed_object_type", "content_type"),
        Field("changed_object_id", "generic_id"),
        Field("changed_object", "generic"),
        read_only("object_repr"),
        char("message", 200, since=(4, 4)),
        read_only("prechange_data"),
        read_only("postchange_data"),
    ),
    brief=(),
    ordering=("-time",),
    display=_change_display,
    change_logged=False,
    read_only=True,
    search=("user_name", "object_repr", "message"),
    page="core/changelog",
)

MODELS = (
    TENANT_GROUP,
    TENANT,
    OWNER_MODEL,
    TAG,
    CUSTOM_FIELD,
    CHOICE_SET,
    JOURNAL_ENTRY,
    OBJECT_CHANGE,
)
