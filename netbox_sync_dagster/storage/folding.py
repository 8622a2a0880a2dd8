"""Views that put the rows of a diff together: by object, and objects that change alike (sql/views/parts.sql, objects.sql,
summary.sql)."""

from __future__ import annotations

from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.sqlfiles import read_sql


def link_fields() -> list[str]:
    """The custom fields with the ids by which sources know their objects, as fields of a diff."""
    return sorted({f"cf.{name}" for source in sources().values() for name in source.id_fields})


def folded(changes: str, schema: str, place: str | None = None) -> str:
    """SQL that creates the views ``parts``, ``objects`` and ``summary`` in ``schema``; they need sql/natural.sql.

    ``changes``: a relation with the columns of ``diff.changes``. ``place``: an expression over ``objects`` that ``summary``
    has as a column; objects of different places are not alike.
    """
    links = "[" + ", ".join(f"'{name}'" for name in link_fields()) + "]"
    summary = (
        read_sql("views/summary.sql")
        .replace("{objects}", f"{schema}.objects")
        .replace("{place}", place or "NULL::VARCHAR")
    )
    if place is None:
        summary = f"SELECT * EXCLUDE (place) FROM ({summary})"
    views = {
        "parts": read_sql("views/parts.sql").replace("{changes}", changes),
        "objects": read_sql("views/objects.sql")
        .replace("{parts}", f"{schema}.parts")
        .replace("{links}", links),
        "summary": summary,
    }
    return "\n".join(f"CREATE OR REPLACE VIEW {schema}.{name} AS {query};" for name, query in views.items())
