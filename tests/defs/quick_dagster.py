"""Dagster's records in the process of the tests, without what each test would do again with the same result."""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage import sql
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import Engine, NullPool
from sqlalchemy.event import listens_for


@cache
def one_engine_per_file() -> None:
    """Dagster makes an engine, which compiles every statement again, for each event that it stores in a SQLite file."""
    made: dict[str, Engine] = {}
    make = sql.create_engine

    def once(url: str, **options: Any) -> Engine:
        if options.get("poolclass") is not NullPool:
            return make(url, **options)
        return made.get(url) or made.setdefault(url, make(url, **options))

    for module in (sqlite_event_log, sqlite_run_storage):
        module.create_engine = once  # type: ignore[attr-defined]


@cache
def migrations_are_read_once() -> None:
    """Each new database is stamped with the name of the last migration; all of them are read for it."""
    read: dict[tuple[str | None, str | None], ScriptDirectory] = {}
    from_config = ScriptDirectory.from_config

    def once(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location"), config.config_file_name
        return read.get(place) or read.setdefault(place, from_config(config))

    ScriptDirectory.from_config = staticmethod(once)  # type: ignore[method-assign, assignment]


@cache
def no_waiting_for_the_disk() -> None:
    """As in ``tests/conftest.py``, for SQLite files."""

    @listens_for(Engine, "connect")
    def unsafe(connection: Any, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")


def make_quick() -> None:
    """All of it, until the process ends."""
    one_engine_per_file()
    migrations_are_read_once()
    no_waiting_for_the_disk()
