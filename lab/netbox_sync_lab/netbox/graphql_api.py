"""Answering GraphQL queries.

The queries are parsed and validated by graphql-core; execution is our own, because a list of thousands of rows
needs one plan for all of them rather than one resolution per value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    execute,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

from .auth import Token
from .graphql_filters import BadFilter, build
from .graphql_types import SchemaBuilder
from .schema import Row
from .store import Store
from .wire import Answer, Request

MAX_ALIASES = 10
MAX_PAGE_SIZE = 1000
Getter = Callable[[Row], Any]
Plan = list[tuple[str, Getter]]
Kind = tuple[tuple[str, ...], tuple[int, int]]


# (labels of the models, NetBox version) -> schema, of all servers of a process: to make one takes a tenth of a second,
# and so does the check of a query.
_SCHEMAS: dict[Kind, GraphQLSchema] = {}


def _schema(store: Store, version: tuple[int, int]) -> tuple[Kind, GraphQLSchema]:
    kind = tuple(store.models), version
    if kind not in _SCHEMAS:
        _SCHEMAS[kind] = SchemaBuilder(store.models.values(), version).build()
    return kind, _SCHEMAS[kind]


@lru_cache(maxsize=256)
def _checked(kind: Kind, query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    document = parse(query)
    errors = validate(_SCHEMAS[kind], document)
    if not errors and (aliases := _count_aliases(document)) > MAX_ALIASES:
        errors = [GraphQLError(f"{aliases} aliases found. Allowed: {MAX_ALIASES}")]
    return document, errors


class GraphQLApi:
    """The ``/graphql/`` endpoint. Errors come with HTTP 200, as NetBox sends them."""

    def __init__(self, store: Store, version: tuple[int, int]) -> None:
        self.store = store
        self.version = version
        self._kind, self.schema = _schema(store, version)
        self.max_page_size = MAX_PAGE_SIZE

    def answer(self, request: Request, token: Token) -> Answer:
        if request.method != "POST":
            return Answer(405, "Method not allowed", content_type="text/plain; charset=utf-8")
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            return Answer(
                400, "Unable to parse request body as JSON", content_type="text/plain; charset=utf-8"
            )
        query = body.get("query") if isinstance(body, dict) else None
        if not query:
            return Answer(
                400, "No GraphQL query found in the request", content_type="text/plain; charset=utf-8"
            )
        try:
            data = self._execute(str(query), body.get("variables") or {}, body.get("operationName"), token)
        except GraphQLError as error:
            return _errors([error])
        except _Refused as refused:
            return _errors(refused.errors)
        return Answer(200, {"data": data})

    def _execute(self, query: str, variables: dict[str, Any], name: str | None, token: Token) -> Any:
        document, errors = _checked(self._kind, query)
        if errors:
            raise _Refused(errors)
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        wanted = [o for o in operations if name is None or (o.name and o.name.value == name)]
        if not wanted:
            raise GraphQLError(f'Unknown operation named "{name}".')
        operation = wanted[0]
        if operation.operation.value != "query":
            raise GraphQLError(
                f"Schema is not configured to execute {operation.operation.value} operation.", [operation]
            )
        values = get_variable_values(self.schema, tuple(operation.variable_definitions or ()), variables)
        if isinstance(values, list):
            raise _Refused(values)
        run = _Run(self, document, values, token)
        return run.query(operation, document, variables)


class _Refused(Exception):
    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(str(errors))
        self.errors = errors


def _errors(errors: list[GraphQLError]) -> Answer:
    return Answer(200, {"data": None, "errors": [e.formatted for e in errors]})


def _count_aliases(document: DocumentNode) -> int:
    total, todo = 0, [d.selection_set for d in document.definitions if hasattr(d, "selection_set")]
    while todo:
        selection_set = todo.pop()
        if selection_set is None:
            continue
        for node in selection_set.selections:
            if isinstance(node, FieldNode) and node.alias is not None:
                total += 1
            inner = getattr(node, "selection_set", None)
            if inner is not None:
                todo.append(inner)
    return total


class _Run:
    """One execution: variables, fragments and the token's view of the store."""

    def __init__(
        self, api: GraphQLApi, document: DocumentNode, variables: dict[str, Any], token: Token
    ) -> None:
        self.api = api
        self.store = api.store
        self.schema = api.schema
        self.variables = variables
        self.token = token
        self.fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._visible: dict[str, bool] = {}

    def query(
        self, operation: OperationDefinitionNode, document: DocumentNode, variables: dict[str, Any]
    ) -> Any:
        root = self.schema.query_type
        assert root is not None
        out: dict[str, Any] = {}
        for key, nodes in self._collect(root, operation.selection_set).items():
            name = nodes[0].name.value
            if name == "__typename":
                out[key] = root.name
            elif name.startswith("__"):
                whole = execute(self.schema, document, variable_values=variables)
                return whole.data  # type: ignore[union-attr]
            else:
                out[key] = self._root(root.fields[name], nodes, key)
        return out

    def _root(self, field: GraphQLField, nodes: list[FieldNode], key: str) -> Any:
        arguments = get_argument_values(field, nodes[0], self.variables)
        of = get_named_type(field.type)
        assert isinstance(of, GraphQLObjectType)
        plan = self._plan(of, nodes)
        try:
            if "one" in field.extensions:
                return _apply(plan, self._one(field.extensions["one"], arguments["id"]))
            label = field.extensions["list"]
            rows = self._page(label, arguments)
            return [_apply(plan, row) for row in rows]
        except (BadFilter, LookupError, ValueError) as error:
            raise GraphQLError(str(error).strip("'"), nodes, path=[key]) from error

    def _one(self, label: str, pk: str) -> Row:
        row = self.store.get(label, int(pk)) if pk.isdigit() and self.visible(label) else None
        if row is None or not self.token.sees(self.store, label, row):
            of = self.api.store.models[label].title.replace(" ", "")
            raise LookupError(f"{of} matching query does not exist.")
        return row

    def _page(self, label: str, arguments: dict[str, Any]) -> list[Row]:
        """The rows of a list: filtered, then paged by offset or by id."""
        if not self.visible(label):
            return []
        pagination = arguments.get("pagination") or {}
        start = pagination.get("start")
        model = self.store.models[label]
        rows = self.store.ordered(label, ("id",) if start is not None else model.ordering)
        return self._slice([row for row in rows if self.sees(label, row)], label, arguments)

    def _slice(self, rows: list[Row], label: str, arguments: dict[str, Any]) -> list[Row]:
        pagination = arguments.get("pagination") or {}
        start, offset, limit = pagination.get("start"), pagination.get("offset") or 0, pagination.get("limit")
        if start is not None:
            if offset:
                raise ValueError("Cannot specify both `start` and `offset` in pagination.")
            if start < 0:
                raise ValueError("`start` must be greater than or equal to zero.")
            rows = [r for r in rows if r["id"] >= start]
        if arguments.get("filters"):
            test = build(self.store, self.store.models[label], arguments["filters"])
            rows = [r for r in rows if test(r)]
        most = self.api.max_page_size
        if limit is None or limit <= 0 or limit > most:
            limit = most
        return rows[offset : offset + limit]

    def visible(self, label: str) -> bool:
        """What the token may not view is silently hidden, in lists and in references."""
        if label not in self._visible:
            self._visible[label] = self.token.allows(label, "view")
        return self._visible[label]

    def sees(self, label: str, row: Row) -> bool:
        """Whether the constraints of the token's permission let this object through."""
        return not self.token.limited(label) or self.token.sees(self.store, label, row)

    # Plans

    def _collect(self, of: GraphQLObjectType, selection_set: SelectionSetNode) -> dict[str, list[FieldNode]]:
        out: dict[str, list[FieldNode]] = {}
        for node in selection_set.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                out.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                condition, inner = fragment.type_condition, fragment.selection_set
            else:
                assert isinstance(node, InlineFragmentNode)
                condition, inner = node.type_condition, node.selection_set
            if condition is None or condition.name.value == of.name:
                for key, nodes in self._collect(of, inner).items():
                    out.setdefault(key, []).extend(nodes)
        return out

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _plan(self, of: GraphQLObjectType, nodes: list[FieldNode]) -> Plan:
        plan: Plan = []
        merged: dict[str, list[FieldNode]] = {}
        for node in nodes:
            assert node.selection_set is not None
            for key, found in self._collect(of, node.selection_set).items():
                merged.setdefault(key, []).extend(found)
        for key, found in merged.items():
            plan.append((key, self._getter(of, found)))
        return plan

    def _getter(self, of: GraphQLObjectType, nodes: list[FieldNode]) -> Getter:
        name = nodes[0].name.value
        if name == "__typename":
            return lambda row: of.name
        field = of.fields[name]
        store = self.store
        get = field.extensions.get("get") or (lambda s, row: row[name])
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            return lambda row: get(store, row)
        resolve = self._resolver(inner, nodes)
        if "many" in field.extensions:
            return self._many(field, nodes, get, resolve)
        if isinstance(field.type, GraphQLNonNull) and isinstance(field.type.of_type, GraphQLList):
            return lambda row: [v for item in get(store, row) if (v := resolve(item)) is not None]
        required = isinstance(field.type, GraphQLNonNull)

        def one(row: Row) -> Any:
            value = get(store, row)
            found = None if value is None else resolve(value)
            if found is None and required:
                raise GraphQLError(f"Cannot return null for non-nullable field {of.name}.{name}.", nodes)
            return found

        return one

    def _many(self, field: GraphQLField, nodes: list[FieldNode], get: Any, resolve: Getter) -> Getter:
        label = field.extensions["many"]
        arguments = get_argument_values(field, nodes[0], self.variables)
        ordering = self.store.models[label].ordering
        store = self.store

        def many(row: Row) -> list[Any]:
            references = get(store, row)
            if not references or not self.visible(label):
                return []
            references = [(_, pk) for _, pk in references if self.sees(label, store.ref(label, pk))]
            if len(references) > 1 or arguments:
                rows = [store.ref(label, pk) for _, pk in references]
                store.sort(label, rows, ordering)
                references = [(label, r["id"]) for r in self._slice(rows, label, arguments)]
            return [resolve(ref) for ref in references]

        return many

    def _resolver(self, of: Any, nodes: list[FieldNode]) -> Callable[[Any], Any]:
        """From a reference (model, id) or a plain dict to the answer's object; None if it may not be seen."""
        plans: dict[str, Plan] = {}
        if is_abstract_type(of):
            for member in self.schema.get_possible_types(of):
                plans[member.extensions.get("model", member.name)] = self._plan(member, nodes)
        else:
            plans[of.extensions.get("model", of.name)] = self._plan(of, nodes)
        only = next(iter(plans.values())) if len(plans) == 1 else None

        def resolve(value: Any) -> Any:
            if isinstance(value, dict):
                assert only is not None
                return _apply(only, value)
            label, pk = value[0], value[1]
            if not self.visible(label):
                return None
            found = self.store.ref(label, pk)
            return _apply(plans[label], found) if self.sees(label, found) else None

        return resolve


def _apply(plan: Plan, row: Row) -> dict[str, Any]:
    return {key: get(row) for key, get in plan}
