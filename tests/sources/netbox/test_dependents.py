"""The table of dependents of deleted objects, compared with NetBox's models and docs/deletes.md.

After a change of the table: python -m tests.sources.netbox.test_dependents

``relations.json`` is what Django says of them: every reverse relation and generic relation of each deleted type, with
its ``on_delete``, in NetBox 4.2.9, 4.6.8 and 4.7.3. Left out: the tables behind many-to-many fields, and tags,
which are content of the tagged object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from netbox_sync_dagster.apply.changelog import MODELS
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.sources.netbox.dependents import DELETED, DELETED_FOR, DEPENDENTS, dependents_of
from netbox_sync_dagster.sources.netbox.dependents_reading import DependentsReader, deleted_types

RELATIONS = json.loads((Path(__file__).parent / "relations.json").read_text("utf-8"))
VERSIONS = ("4.2.9", "4.6.8", "4.7.3")
SAYS = {
    "CASCADE": "CASCADE",
    "GENERIC": "CASCADE",
    "SET_NULL": "SET NULL",
    "PROTECT": "PROTECT",
    "RESTRICT": "RESTRICT",
    "link": "link",
    "own link": "link",
}
# Relations that are no line of the table, and why.
ELSEWHERE = {
    # The interface's own content, which comes back with it.
    **dict.fromkeys(
        (
            ("dcim.interface", "ipam.vlan.tagged_vlans"),
            ("virtualization.vminterface", "ipam.vlan.tagged_vlans"),
        ),
        "content",
    ),
    **dict.fromkeys(
        (
            *(("dcim.site", "ipam.asn.asns"), ("dcim.moduletype", "dcim.modulebaytype.module_bay_types")),
            ("dcim.modulebay", "dcim.modulebaytype.module_bay_types"),
        ),
        "content",
    ),
    # How NetBox keeps a cable's ends: the table has the cable.
    ("dcim.interface", "dcim.cabletermination.termination"): "cable",
    ("dcim.cable", "dcim.cabletermination.cable"): "content",
    # A port's mappings go with the port, which the table has.
    ("dcim.device", "dcim.portmapping.device"): "ports",
    ("dcim.devicetype", "dcim.porttemplatemapping.device_type"): "templates",
    ("dcim.moduletype", "dcim.porttemplatemapping.module_type"): "templates",
    # NetBox sets the parent of a bay to that of its module, which the table has.
    ("dcim.modulebay", "dcim.modulebay.parent"): "module",
    # A bay is none of the components that an inventory item may name.
    ("dcim.modulebay", "dcim.inventoryitem.component"): "never",
}


def relations(version: str) -> Iterator[tuple[str, str, str, str]]:
    """(deleted model, related model, field, Django's word) in this version."""
    for model, groups in RELATIONS.items():
        for versions, lines in groups.items():
            if versions == "all" or version in versions.split():
                for line in lines:
                    name, _, kind = line.partition(" ")
                    related, _, field = name.rpartition(".")
                    yield model, related, field, kind


def is_cached(field: str) -> bool:
    """Columns in which NetBox keeps the place of a component or scope beside the relation itself."""
    return field.startswith("_")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_table_has_every_relation_of_netbox_and_no_other(version: str) -> None:
    number = tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("."))
    table = {
        (DELETED[parent], way.model, way.field): way.on_delete
        for parent in DELETED
        if not parent.startswith("plugins/")
        for way in dependents_of(parent, number, proxbox=False)
        if way.model != "extras.taggeditem"
    }
    netbox = {
        (model, related, field): SAYS[kind]
        for model, related, field, kind in relations(version)
        if not is_cached(field)
        and related != "extras.taggeditem"
        and (model, f"{related}.{field}") not in ELSEWHERE
        # The far ends of a cable forget it; the cable's own answer names them.
        and not (model == "dcim.cable" and field == "cable" and related != "dcim.interface")
    }
    beside = {
        # The cable, for its terminations; scopes, for the columns behind them.
        ("dcim.interface", "dcim.cable", "cable"): "CASCADE",
        ("dcim.site", "circuits.circuittermination", "termination"): "CASCADE",
        ("dcim.site", "virtualization.cluster", "scope"): "CASCADE",
        ("dcim.site", "wireless.wirelesslan", "scope"): "CASCADE",
    }
    assert table == netbox | beside


def test_every_column_behind_a_scope_belongs_to_a_relation_that_the_table_has() -> None:
    cached = {
        (model, related, field)
        for version in VERSIONS
        for model, related, field, kind in relations(version)
        if is_cached(field) and kind == "CASCADE"
    }
    assert cached == {
        ("dcim.site", "circuits.circuittermination", "_site"),
        ("dcim.site", "dcim.cabletermination", "_site"),
        ("dcim.site", "ipam.prefix", "_site"),
        ("dcim.site", "virtualization.cluster", "_site"),
        ("dcim.site", "wireless.wirelesslan", "_site"),
        ("dcim.device", "dcim.cabletermination", "_device"),
        ("dcim.device", "wireless.wirelesslink", "_interface_a_device"),
        ("dcim.device", "wireless.wirelesslink", "_interface_b_device"),
    }


def test_the_table_has_every_type_that_is_written_and_every_resource_that_may_be_deleted() -> None:
    assert DELETED == MODELS
    assert set(DELETED_FOR) <= set(RESOURCES)
    # Nothing hangs on a contact assignment; custom fields are looked up in another way.
    none = {"extras/custom-fields", "tenancy/contact-assignments"}
    assert {way.parent for way in DEPENDENTS} == set(DELETED) - none
    assert {way.how for way in DEPENDENTS} == {"field", "generic", "own"}
    assert {way.undo for way in DEPENDENTS} == {"no", "rows", "ledger", "content"}


def test_a_protected_or_cascading_dependent_always_blocks_unless_the_plan_or_the_object_has_it() -> None:
    passed = {
        (way.parent, way.related, way.field, way.undo)
        for way in DEPENDENTS
        if not way.blocks and way.on_delete != "SET NULL"
    }
    assert {(parent, undo) for parent, _, _, undo in passed} == {("dcim/modules", "content")}


PAGE = Path(__file__).parents[3] / "docs" / "deletes.md"
_MARKED = re.compile(r"<!-- table: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
_HERE = {"no": "blocks", "rows": "own row", "ledger": "ledger", "content": "content"}


def _relations() -> str:
    lines = ["| deleted | dependents | in NetBox | here |", "|---|---|---|---|"]
    for way in sorted(DEPENDENTS, key=lambda item: list(DELETED).index(item.parent)):
        versions = ""
        if way.since > (4, 2):
            versions = f", {way.since[0]}.{way.since[1]} and newer"
        if way.until < (99, 0):
            versions = f", before {way.until[0]}.{way.until[1]}"
        what = f"{way.word} (`{way.field}` of {way.related}{versions})"
        if way.how == "own":
            what = f"{way.word} (`{way.field}` of the interface)"
        lines.append(f"| {way.parent} | {what} | {way.on_delete} | {_HERE[way.undo]} |")
    return "\n".join(lines) + "\n"


def _requests() -> str:
    lines = []
    for resources in (
        ("interfaces",),
        ("ip_addresses",),
        ("vm_interfaces",),
        ("virtual_machines",),
        tuple(DELETED_FOR),
    ):
        name = "everything that a sync can delete" if len(resources) > 1 else f"`{resources[0]}`"
        lines.append(f"| {name} | {requests_of(resources)} |")
    return "\n".join(lines) + "\n"


def requests_of(resources: Collection[str]) -> int:
    """The requests of a snapshot for dependents of these resources, NetBox 4.6 without plugins."""
    reader = DependentsReader(
        SimpleNamespace(version=(4, 6, 8)),  # type: ignore[arg-type]
        deleted_types(resources),
        lambda table, rows: None,
        proxbox=False,
    )
    # The last task asks for plugins, and sends nothing where there are none.
    return len(reader.tasks([])) - 1


def page() -> str:
    tables = {"relations": _relations, "requests": _requests}
    return _MARKED.sub(
        lambda m: f"<!-- table: {m[1]} -->\n{tables[m[1]]()}<!-- end -->", PAGE.read_text("utf-8")
    )


def test_the_page_has_the_table() -> None:
    assert PAGE.read_text("utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
