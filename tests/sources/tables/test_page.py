"""docs/tables.md lists the columns of every file. After a change: python -m tests.sources.tables.test_page"""

from __future__ import annotations

import re
from pathlib import Path

from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.sources.tables.columns import SHAPES, Shape
from netbox_sync_dagster.sources.tables.config import TablesEndpoint

PAGE = Path(__file__).parents[3] / "docs" / "tables.md"
_MARKED = re.compile(r"<!-- columns -->\n.*?<!-- end -->", re.DOTALL)
_TYPES = {
    "VARCHAR": "text",
    "BOOLEAN": "true, false",
    "INTEGER": "number",
    "BIGINT": "number",
    "DOUBLE": "number",
    "VARCHAR[]": "list",
    "INTEGER[]": "list",
}


def section(shape: Shape) -> str:
    """The columns of a file as a Markdown table."""
    lines = [f"### {shape.file}", "", "| column | value | meaning |", "|---|---|---|"]
    for column in shape.columns:
        name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
        value = ", ".join(column.allowed) or _TYPES[column.type]
        lines.append(f"| {name} | {value} | {column.meaning} |")
    return "\n".join(lines) + "\n\n"


def columns() -> str:
    return "<!-- columns -->\n" + "".join(map(section, SHAPES.values())) + "<!-- end -->"


def test_the_page_lists_all_columns() -> None:
    assert _MARKED.search(PAGE.read_text(encoding="utf-8"))[0] == columns()  # type: ignore[index]


def test_the_examples_of_the_page_are_valid(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(netbox:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    for text in examples:
        file = tmp_path / "netbox_sync.yaml"
        file.write_text(text, encoding="utf-8")
        (endpoint,) = load_config(file).endpoints
        assert isinstance(endpoint, TablesEndpoint) and endpoint.sql.parent == tmp_path


if __name__ == "__main__":
    content = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_MARKED.sub(lambda _: columns(), content), encoding="utf-8")
