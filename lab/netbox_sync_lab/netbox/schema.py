"""The vocabulary in which the lab NetBox's models are declared.

A :class:`Model` is one REST endpoint with its fields in the order NetBox's serializers give them. Everything
that differs between models as data (lengths, limits, relations, uniqueness, what a delete does) is in the
declaration; what differs as behaviour is attached to it as the ``clean``, ``before_save`` and ``after_*`` functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal

Row = dict[str, Any]
"""A stored object: column name to value. References are ids, many-to-many columns are lists of ids."""

OnDelete = Literal["cascade", "protect", "restrict", "set_null"]
Kind = Literal[
    "id", "url", "display", "char", "slug", "int", "decimal", "float", "bool", "choice", "fk", "m2m", "content_type",
    "content_types", "generic", "generic_id", "json", "ip", "prefix", "mac", "ranges", "terminations", "read_only",
    "tags", "custom_fields", "datetime", "timestamp", "choice_pairs", "strings", "networks", "shortcut",
]  # fmt: skip

CHOICES: dict[str, list[tuple[Any, str]]] = {}
"""Of the newest version."""
_ADDED: dict[tuple[str, Any], tuple[int, int]] = {}
for _key, _pairs in json.loads((files(__package__) / "choices.json").read_text("utf-8")).items():
    _name, _, _since = _key.partition(" since ")
    CHOICES.setdefault(_name, []).extend((value, label) for value, label in _pairs)
    if _since:
        _major, _minor = _since.split(".")
        _ADDED |= {(_name, value): (int(_major), int(_minor)) for value, _ in _pairs}


def choices_of(name: str, version: tuple[int, int]) -> list[tuple[Any, str]]:
    """The choices that a NetBox version has."""
    return [(value, label) for value, label in CHOICES[name] if _ADDED.get((name, value), (0, 0)) <= version]


OBJECT_TYPES: tuple[tuple[str, str, str, str, bool, str | None, list[str]], ...] = tuple(
    (label, app, name, plural, public, path, features)
    for label, app, name, plural, public, path, features in json.loads(
        (files(__package__) / "object_types.json").read_text("utf-8")
    )
)
"""All object types of NetBox: label, app, name, plural, whether public, REST path, features."""

FILTERS: Mapping[str, frozenset[str]] = {
    label: frozenset(
        f"{name}__{lookup}" if lookup else name
        for lookups, names in groups.items()
        for lookup in lookups.split(",")
        for name in names
    )
    for label, groups in json.loads((files(__package__) / "filters.json").read_text("utf-8")).items()
}
"""The query filters of each model's list, custom fields aside."""

LABELS: Mapping[str, dict[Any, str]] = {name: dict(pairs) for name, pairs in CHOICES.items()}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model as the REST API shows it, and the column behind it."""

    name: str
    kind: Kind
    required: bool = False
    null: bool = False
    blank: bool = True
    default: Any = None
    max_length: int | None = None
    minimum: float | Decimal | None = None
    maximum: float | None = None
    digits: int = 0
    places: int = 0
    choices: str = ""
    model: str = ""
    on_delete: OnDelete = "protect"
    one_to_one: bool = False
    hidden_relation: bool = False
    nested: str | tuple[str, ...] = "brief"
    allowed: tuple[str, ...] = ()
    compute: Callable[..., Any] | None = None
    counts: tuple[str, str] | None = None
    zero_when_nested: bool = False
    omit_when_nested: bool = False
    bare: Callable[..., Any] | None = None
    """The fields of NetBox's brief form of an object, where they differ."""
    unique: bool = False
    label: str = ""
    help_text: str = ""
    since: tuple[int, int] = (0, 0)
    until: tuple[int, int] = (99, 0)
    in_changelog: bool = True
    write_only: bool = False
    """Taken in requests and never shown."""

    @property
    def stored(self) -> bool:
        """Whether a column is behind the field, or the row's tags or custom field values are."""
        return self.writable and self.kind != "shortcut"

    @property
    def writable(self) -> bool:
        return self.kind not in ("id", "url", "display", "read_only", "generic", "datetime")

    @property
    def verbose(self) -> str:
        return self.label or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Unique:
    """A uniqueness rule over columns.

    ``lower`` columns compare without case; ``when_null`` / ``when_set`` columns limit the rule to rows where
    they are null / set. As in PostgreSQL, a row with a null in any of ``columns`` never collides.
    ``message`` is what a violation says; without it NetBox words one from the field names, or, for rules with
    case-folded columns, from ``name``.
    """

    columns: tuple[str, ...]
    name: str = ""
    lower: tuple[str, ...] = ()
    when_null: tuple[str, ...] = ()
    when_set: tuple[str, ...] = ()
    message: str = ""
    field_level: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One NetBox model and its list endpoint."""

    label: str
    path: str
    verbose: str
    plural: str
    fields: tuple[Field, ...]
    brief: tuple[str, ...]
    ordering: tuple[str, ...]
    nested_fields: tuple[str, ...] = ()
    unique: tuple[Unique, ...] = ()
    display: Callable[..., str] | None = None
    hidden: tuple[Field, ...] = ()
    search: tuple[str, ...] = ("name", "description")
    validate: Callable[..., None] | None = None
    clean: Callable[..., None] | None = None
    before_save: Callable[..., None] | None = None
    after_save: Callable[..., None] | None = None
    after_write: Callable[..., None] | None = None
    """Called with the saved row and the shortcuts that the request gives."""
    defer_delete: Callable[..., bool] | None = None
    """Whether a delete is left to a background job; called with the row and the request's message."""
    before_delete: Callable[..., None] | None = None
    after_delete: Callable[..., None] | None = None
    sequential_create: bool = False
    change_logged: bool = True
    read_only: bool = False
    since: tuple[int, int] = (0, 0)
    owned_generics: tuple[str, ...] = ()
    goes_with: tuple[str, ...] = ()
    """Generic relations whose object takes a row of this model along when it is deleted."""
    in_graphql: bool = True
    page: str = ""
    """Path of the web page of an object, where it is not the path of the API."""
    by_name: dict[str, Field] = field(default_factory=dict, init=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        self.by_name.update({f.name: f for f in (*self.fields, *self.hidden)})

    @property
    def app(self) -> str:
        return self.label.partition(".")[0]

    @property
    def name(self) -> str:
        return self.label.partition(".")[2]

    @property
    def stamps(self) -> tuple[str, ...]:
        """The columns that say when an object was last saved, the better one first."""
        if self.label == "users.token":
            return ("created",)
        return () if self.label in ("users.user", "users.group", "users.objectpermission") else _STAMPS

    @property
    def title(self) -> str:
        return self.verbose[:1].upper() + self.verbose[1:]


_STAMPS = ("last_updated", "created")


class ValidationFailed(Exception):
    """A refused write; ``detail`` is the JSON body of NetBox's 400 answer."""

    def __init__(self, detail: Any) -> None:
        super().__init__(str(detail))
        self.detail = detail


def fail(field_name: str, message: str) -> ValidationFailed:
    """A refusal from a model's own rules, put at one field (``__all__`` for the object as a whole)."""
    return ValidationFailed({field_name: [message]})


# Field constructors. They keep the declarations short enough to be read beside the API documentation.


def char(name: str, max_length: int | None = None, *, required: bool = False, **kw: Any) -> Field:
    kw.setdefault("blank", not required)
    kw.setdefault("default", None if kw.get("null") else "")
    return Field(name, "char", required=required, max_length=max_length, **kw)


def slug(name: str = "slug", *, unique: bool = True) -> Field:
    return Field(name, "slug", required=True, blank=False, max_length=100, unique=unique)


def integer(name: str, minimum: int | None = None, maximum: int | None = None, **kw: Any) -> Field:
    kw.setdefault("null", not kw.get("required") and kw.get("default") is None)
    return Field(name, "int", minimum=minimum, maximum=maximum, **kw)


def decimal(name: str, digits: int, places: int, **kw: Any) -> Field:
    kw.setdefault("null", kw.get("default") is None)
    return Field(name, "decimal", digits=digits, places=places, **kw)


def boolean(name: str, default: bool = False, **kw: Any) -> Field:
    return Field(name, "bool", default=default, **kw)


def choice(name: str, choices: str, **kw: Any) -> Field:
    kw.setdefault("blank", kw.get("default") is None and not kw.get("required"))
    return Field(name, "choice", choices=choices, **kw)


def fk(name: str, model: str, *, required: bool = False, **kw: Any) -> Field:
    return Field(name, "fk", model=model, required=required, null=not required, **kw)


def m2m(name: str, model: str, **kw: Any) -> Field:
    return Field(name, "m2m", model=model, **kw)


def read_only(name: str, compute: Callable[..., Any] | None = None, **kw: Any) -> Field:
    return Field(name, "read_only", compute=compute, **kw)


def shortcut(name: str, compute: Callable[..., Any], **kw: Any) -> Field:
    """A field that is computed when it is read, and that the model's ``after_write`` acts on when it is written."""
    return Field(name, "shortcut", null=True, blank=False, compute=compute, in_changelog=False, **kw)


def constant(name: str, value: Any, **kw: Any) -> Field:
    return Field(name, "read_only", compute=lambda store, row: value, in_changelog=False, **kw)


def count(name: str, model: str, column: str, **kw: Any) -> Field:
    return Field(name, "read_only", counts=(model, column), in_changelog=False, **kw)


HEAD = (
    Field("id", "id"),
    Field("url", "url"),
    Field("display_url", "url"),
    Field("display", "display"),
)
STAMPS = (Field("created", "datetime"), Field("last_updated", "datetime"))
TAGS = Field("tags", "tags")
CUSTOM_FIELDS = Field("custom_fields", "custom_fields")
DESCRIPTION = char("description", 200)
COMMENTS = char("comments")
OWNER = fk("owner", "users.owner", since=(4, 5))
TAIL = (TAGS, CUSTOM_FIELDS, *STAMPS)
PRIMARY = (DESCRIPTION, OWNER, COMMENTS, *TAIL)
"""The closing fields of NetBox's primary models, in their order."""
