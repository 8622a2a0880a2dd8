"""Rules on the rows of a source: its snapshot's tables in, some of the desired tables out."""

from __future__ import annotations

from typing import Any

from netbox_sync_dagster.compare.graph import desired_stages
from netbox_sync_dagster.sqlfiles import read_sql
from tests.sql.rules import Rules


class SourceRows(Rules):
    """A source whose scope is called ``lab``; ``settings`` are columns of config.endpoint."""

    def __init__(self, kind: str, **settings: Any) -> None:
        super().__init__(kind, "lab")
        self._stages = {stage.name: stage for stage in desired_stages(kind)}
        self.put("netbox.status", netbox_version="4.6.8")
        self.con.execute(f"CREATE VIEW config.scopes AS FROM {kind}.scopes")
        for name, value in settings.items():
            self.con.execute(f"UPDATE config.endpoint SET {name} = ?", [value])

    def desired(self, *stages: str) -> None:
        """Run these files of sql/desired and the source's own, in this order."""
        for name in stages:
            stage = self._stages[name]
            query = read_sql(stage.file)
            if stage.makes[0] == "desired":
                self.con.execute(f"INSERT INTO {'.'.join(stage.makes)} BY NAME {query}")
            else:
                self.con.execute(f"CREATE TABLE {'.'.join(stage.makes)} AS {query}")

    def causes(self, query: str) -> list[str]:
        """The codes in the first column, sorted."""
        return sorted(text.split('"')[3] for (text, *_) in self.con.execute(query).fetchall())
