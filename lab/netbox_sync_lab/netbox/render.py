"""Turning rows into the JSON that NetBox's serializers give."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime
from decimal import Decimal
from typing import Any

from . import customfields
from .schema import LABELS, Field, Model, Row
from .session import stamp
from .store import Store

Getter = Callable[[Row], Any]
Nested = str | tuple[str, ...]


def _zero(row: Row) -> int:
    """Counts over a tree of groups are not filled in if the group is nested in another object."""
    return 0


class Renderer:
    """Renders for one request: URLs begin with ``base`` (scheme and host as the client wrote them)."""

    def __init__(self, store: Store, base: str, version: tuple[int, int]) -> None:
        self.store = store
        self.base = base
        self.version = version
        self._nested: dict[tuple[str, int, Nested], dict[str, Any] | int] = {}
        self._plans: dict[tuple[str, Nested], list[tuple[str, Getter]]] = {}

    def fields(self, model: Model) -> tuple[Field, ...]:
        """The fields this NetBox version has."""
        return tuple(f for f in model.fields if f.since <= self.version < f.until)

    def shown(self, model: Model) -> tuple[Field, ...]:
        """Those of them that answers contain."""
        return tuple(f for f in self.fields(model) if not f.write_only)

    def plan(
        self, model: Model, only: Container[str] | None = None, omit: Container[str] = ()
    ) -> list[tuple[str, Getter]]:
        """How to render rows of a model: all fields, or only some, or all but some."""
        return [
            (f.name, self._getter(model, f))
            for f in self.shown(model)
            if (only is None or f.name in only) and f.name not in omit
        ]

    @staticmethod
    def apply(plan: list[tuple[str, Getter]], row: Row) -> dict[str, Any]:
        return {name: get(row) for name, get in plan}

    def full(self, model: Model, row: Row) -> dict[str, Any]:
        return self.apply(self.plan(model), row)

    def nested(self, label: str, pk: int, spec: Nested) -> Any:
        """A related object in its nested form."""
        if spec == "id":
            return pk
        key = (label, pk, spec)
        cached = self._nested.get(key)
        if cached is None:
            model = self.store.models[label]
            plan = self._plans.get((label, spec))
            if plan is None:
                plan = self.plan(model) if spec == "full" else self._nested_plan(model, spec)
                self._plans[(label, spec)] = plan
            cached = self.apply(plan, self.store.ref(label, pk))
            self._nested[key] = cached
        return cached

    def _nested_plan(self, model: Model, spec: Nested) -> list[tuple[str, Getter]]:
        names = model.brief if spec == "brief" else model.nested_fields if spec == "nested" else spec
        plan: list[tuple[str, Getter]] = []
        for f in self.shown(model):
            if f.name not in names or f.counts is not None or f.omit_when_nested:
                continue
            if f.zero_when_nested:
                plan.append((f.name, _zero))
            elif spec == "nested":
                plan.append((f.name, self._bare_getter(model, f)))
            else:
                plan.append((f.name, self._getter(model, f)))
        return plan

    def _bare_getter(self, model: Model, f: Field) -> Getter:
        """The shortest form: references in it are of that form too, and computed ones are ids."""
        store, name, target = self.store, f.name, f.model
        if f.bare is not None:
            bare = f.bare
            return lambda row: bare(store, row)
        if f.kind == "fk" and store.models[target].nested_fields:
            return lambda row: None if row[name] is None else self.nested(target, row[name], "nested")
        if f.kind == "read_only" and f.compute is not None:
            compute = f.compute

            def get(row: Row) -> Any:
                value = compute(store, row)
                return value[1] if isinstance(value, tuple) else self.value(value)

            return get
        return self._getter(model, f)

    def display(self, label: str, row: Row) -> str:
        model = self.store.models[label]
        return model.display(self.store, row) if model.display is not None else str(row["name"])

    def _getter(self, model: Model, f: Field) -> Getter:
        store, name, kind = self.store, f.name, f.kind
        if kind == "url":
            path = f"api/{model.path}" if name == "url" else model.page or model.path
            prefix = f"{self.base}/{path}/"
            return lambda row: f"{prefix}{row['id']}/"
        if kind == "display":
            if model.display is None:
                return lambda row: row["name"]
            display = model.display
            return lambda row: display(store, row)
        if kind == "choice":
            labels = LABELS[f.choices]
            if f.nested == "value":
                return lambda row: row[name]
            return lambda row: None if row[name] is None else {"value": row[name], "label": labels[row[name]]}
        if kind == "fk":
            target, spec = f.model, f.nested
            return lambda row: None if row[name] is None else self.nested(target, row[name], spec)
        if kind == "m2m":
            target, spec, ordering = f.model, f.nested, self.store.models[f.model].ordering
            return lambda row: [
                self.nested(target, pk, spec) for pk in self._sorted(target, row[name], ordering)
            ]
        if kind == "tags":
            return lambda row: [self.nested("extras.tag", pk, "nested") for pk in self._sorted_tags(row)]
        if kind == "custom_fields":
            return self._custom_fields(model)
        if kind == "generic":
            return self._generic(name)
        if kind == "terminations":
            return lambda row: [
                {"object_type": t, "object_id": pk, "object": self.nested(t, pk, "brief")}
                for t, pk in row[name]
            ]
        if kind == "decimal":
            return lambda row: None if row[name] is None else float(row[name])
        if kind in ("datetime", "timestamp"):
            return lambda row: None if row[name] is None else stamp(row[name])
        if kind in ("read_only", "shortcut"):
            return self._computed(f)
        return lambda row: row[name]

    def _computed(self, f: Field) -> Getter:
        store = self.store
        if f.counts is not None:
            label, column = f.counts
            return lambda row: len(store.referring(label, column, row["id"]))
        if f.compute is None:
            name = f.name
            return lambda row: row[name]
        compute = f.compute
        return lambda row: self.value(compute(store, row))

    def value(self, value: Any) -> Any:
        """A computed value; tuples in it are references (model, id and, if not brief, which fields)."""
        if isinstance(value, tuple):
            return self.nested(value[0], value[1], value[2] if len(value) > 2 else "brief")
        if isinstance(value, list):
            return [self.value(v) for v in value]
        if isinstance(value, datetime):
            return stamp(value)
        if isinstance(value, Decimal):
            return float(value)
        return value

    def _sorted(self, label: str, pks: list[int], ordering: tuple[str, ...]) -> list[int]:
        if len(pks) < 2:
            return pks
        store = self.store
        return sorted(
            pks, key=lambda pk: (*(store.sort_key(label, c, store.ref(label, pk)) for c in ordering), pk)
        )

    def _sorted_tags(self, row: Row) -> list[int]:
        return self._sorted("extras.tag", row["tags"], ("weight", "name"))

    def _generic(self, name: str) -> Getter:
        type_column, id_column = f"{name}_type", f"{name}_id"
        store = self.store

        def get(row: Row) -> Any:
            label, pk = row[type_column], row[id_column]
            if label is None or label not in store.models or store.get(label, pk) is None:
                return None
            return self.nested(label, pk, "brief")

        return get

    def _custom_fields(self, model: Model) -> Getter:
        fields = customfields.for_model(self.store, model.label)
        labelled = self.version >= (4, 7)

        def get(row: Row) -> dict[str, Any]:
            data = row["custom_field_data"]
            out: dict[str, Any] = {}
            for cf in fields:
                value = data.get(cf["name"])
                if value is not None and cf["type"] == "object":
                    exists = self.store.get(cf["related_object_type"], value) is not None
                    value = self.nested(cf["related_object_type"], value, "brief") if exists else None
                elif value is not None and cf["type"] == "multiobject":
                    target = cf["related_object_type"]
                    value = [
                        self.nested(target, pk, "brief") for pk in value if self.store.get(target, pk)
                    ] or None
                out[cf["name"]] = customfields.shown(self.store, cf, value, labelled=labelled)
            return out

        return get
