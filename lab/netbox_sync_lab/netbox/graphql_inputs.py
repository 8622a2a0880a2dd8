"""The filter inputs of the lab NetBox's GraphQL schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
)

from .rest import CLASS_NAMES
from .schema import CHOICES, Field, Model

JSON = GraphQLScalarType("JSON")
DATE_TIME = GraphQLScalarType("DateTime")
DECIMAL = GraphQLScalarType("Decimal")
BIG_INT = GraphQLScalarType("BigInt")
BIG_INTS = {
    "speed",
    "interface_count",
    "virtual_disk_count",
    "member_count",
    "module_bay_count",
    "total_vlan_ids",
}


def class_name(model: Model) -> str:
    return CLASS_NAMES.get(
        model.label, model.verbose if model.verbose.isupper() else model.title.replace(" ", "")
    )


def enum_name(prefix: str, value: Any) -> str:
    return f"{prefix}_{str(value).upper().replace('-', '_').replace('.', '_')}"


class FilterInputs:
    """Builds one ``<Model>Filter`` input per model and the lookups they share."""

    def __init__(self, version: tuple[int, int]) -> None:
        self.version = version
        self.filters: dict[str, GraphQLInputObjectType] = {}
        self._lookups: dict[str, GraphQLInputObjectType] = {}

    def _lookup(self, name: str, build: Callable[[], dict[str, GraphQLInputField]]) -> GraphQLInputObjectType:
        if name not in self._lookups:
            self._lookups[name] = GraphQLInputObjectType(name, build)
        return self._lookups[name]

    def _range(self, name: str, of: Any) -> GraphQLInputObjectType:
        return self._lookup(name, lambda: {"start": GraphQLInputField(of), "end": GraphQLInputField(of)})

    def _comparison(self, name: str, of: Any) -> GraphQLInputObjectType:
        return self._lookup(
            f"{name}FilterLookup",
            lambda: {
                **_equal(of),
                **{op: GraphQLInputField(of) for op in ("gt", "gte", "lt", "lte")},
                "range": GraphQLInputField(self._range(f"{name.removesuffix('Comparison')}RangeLookup", of)),
            },
        )

    def _text(self, name: str, of: Any) -> GraphQLInputObjectType:
        operators = (
            "i_exact", "contains", "i_contains", "starts_with", "i_starts_with", "ends_with", "i_ends_with",
            "regex", "i_regex",
        )  # fmt: skip
        return self._lookup(name, lambda: {**_equal(of), **{op: GraphQLInputField(of) for op in operators}})

    def _number(self, name: str, of: Any) -> GraphQLInputObjectType:
        """Numbers are filtered in one of three ways, each a separate input."""
        base = getattr(of, "name", "Int")
        return self._lookup(
            name,
            lambda: {
                "filter_lookup": GraphQLInputField(self._text(f"{base}FilterLookup", of)),
                "range_lookup": GraphQLInputField(self._range(f"{base}RangeLookup", of)),
                "comparison_lookup": GraphQLInputField(self._comparison(f"{base}Comparison", of)),
            },
        )

    def _enum(self, m: Model, f: Field) -> GraphQLInputObjectType:
        name = f"{class_name(m)}{f.name.title().replace('_', '')}Enum"
        values = {enum_name(f.name.upper(), v): v for v, _ in CHOICES[f.choices]}
        enum = GraphQLEnumType(name, values)
        return self._lookup(f"{name}BaseFilterLookup", lambda: _equal(enum))

    def _filter(self, m: Model) -> dict[str, GraphQLInputField]:
        out: dict[str, GraphQLInputField] = {}
        for f in m.fields:
            if f.write_only or not (f.since <= self.version < f.until):
                continue
            lookup = self._field_lookup(m, f)
            if lookup is not None:
                out[f.name] = GraphQLInputField(lookup)
            if f.kind == "fk" and f.model in self.filters:
                out[f.name] = GraphQLInputField(self.filters[f.model])
                out[f"{f.name}_id"] = GraphQLInputField(GraphQLID)
            elif f.kind in ("m2m", "tags") and (f.model or "extras.tag") in self.filters:
                out[f.name] = GraphQLInputField(self.filters[f.model or "extras.tag"])
        if m.label == "dcim.interface":
            out["cable_id"] = GraphQLInputField(GraphQLID)
        own = self.filters[m.label]
        out |= {op: GraphQLInputField(own) for op in ("AND", "OR", "NOT")}
        out["DISTINCT"] = GraphQLInputField(GraphQLBoolean)
        return out

    def _field_lookup(self, m: Model, f: Field) -> Any:
        match f.kind:
            case "id":
                if self.version < (4, 5):
                    return GraphQLID
                return self._comparison("IDComparison", GraphQLID)
            case "datetime":
                return self._comparison("Datetime", DATE_TIME)
            case "char" | "slug" | "ip" | "prefix" | "mac":
                return self._text("StrFilterLookup", GraphQLString)
            case "generic_id":
                return GraphQLID
            case "int":
                big = f.name in BIG_INTS
                return self._number(
                    "BigIntegerLookup" if big else "IntegerLookup", BIG_INT if big else GraphQLInt
                )
            case "decimal":
                return self._number("FloatLookup", DECIMAL)
            case "bool":
                return self._text("BoolFilterLookup", GraphQLBoolean)
            case "choice":
                return self._enum(m, f)
        return None


def _equal(of: Any) -> dict[str, GraphQLInputField]:
    return {
        "exact": GraphQLInputField(of),
        "is_null": GraphQLInputField(GraphQLBoolean),
        "in_list": GraphQLInputField(GraphQLList(GraphQLNonNull(of))),
    }
