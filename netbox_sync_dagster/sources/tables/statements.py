"""Runs one SQL file of a user: it must be a single SELECT, and an error names its file and line.

Knows nothing of the tables that the SQL delivers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Any

import duckdb

from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage.connections import without_semicolon

_LINE = re.compile(r"\n\s*LINE (\d+):.*", re.DOTALL)
# A connection string that a database's driver repeats.
_PASSWORD = re.compile(r"(?i)\b(password|passwd|pwd)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s;&]+)")
_NEEDED = re.compile(r'[Ee]xtension "(\w+)" (?:is an existing|not found)|required extension \'(\w+)')
_TEXT_OR_COMMENT = re.compile(r"('(?:[^']|'')*')|--[^\n]*|/\*.*?\*/", re.DOTALL)
_LONGEST = 600


class SqlError(UserError):
    """A SQL file cannot be used; the sentence names the file, the line where it is known, and what is wrong."""


class MissingExtension(SqlError):
    """The SQL needs an extension of DuckDB that is not loaded: ``extension``."""

    def __init__(self, sentence: str, extension: str) -> None:
        super().__init__(sentence)
        self.extension = extension


@dataclass(frozen=True)
class SqlFile:
    """A file with one SELECT. ``name`` is what errors call it."""

    path: Path

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return self.path.name

    def statement(self, con: duckdb.DuckDBPyConnection) -> duckdb.Statement:
        """Its parsed SELECT. Raises SqlError."""
        try:
            found = con.extract_statements(self._text())
        except duckdb.Error as error:
            raise self.fault(error) from None
        if not found:
            raise SqlError(f"{self.name}: has no SQL; write one SELECT, or delete the file")
        if len(found) > 1 or "MULTI" in str(found[0].type):
            raise SqlError(f"{self.name}: has more than one statement; write one SELECT")
        if "SELECT" not in str(found[0].type):
            kind = str(found[0].type).rpartition(".")[2].split(":")[0]
            raise SqlError(f"{self.name}: is not a SELECT but {kind}; only a SELECT is allowed")
        return found[0]

    def reads(self, table: str) -> bool:
        """Whether its SQL names this table behind FROM, JOIN or a comma."""
        try:
            text = _TEXT_OR_COMMENT.sub(lambda found: "''" if found[1] else " ", self._text())
        except SqlError:
            return False
        return re.search(rf'(?i)(\b(from|join)\b|,)\s*"?{table}\b', text) is not None

    def _text(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise SqlError(f"{self.name}:{line}: not UTF-8 text") from None
        except OSError as error:
            raise SqlError(f"{self.name}: cannot be read: {error.strerror or error}") from None

    def into(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        parameters: dict[str, Any],
        seconds: float,
        *,
        rows: bool = True,
    ) -> list[str]:
        """Run it, at most for ``seconds``, into a new temporary table; the names of its columns.

        ``parameters``: {name: value} for $name. ``rows``: False makes an empty table. Raises SqlError,
        MissingExtension.
        """
        statement = self.statement(con)
        used = set(statement.named_parameters)
        unknown = sorted(used - set(parameters))
        if unknown:
            raise SqlError(f"{self.name}: ${unknown[0]} has no value; add it to the endpoint's parameters")
        query = without_semicolon(statement.query).rstrip()
        # DuckDB counts from the SELECT on.
        before = self._text().partition(query)[0].count("\n")
        query = query if rows else f"FROM ({query}\n) LIMIT 0"
        values = {name: parameters[name] for name in used} or None
        with self._limited(con, seconds, before):
            con.execute(f'CREATE TEMP TABLE "{table}" AS {query}', values)
        return [column[0] for column in con.execute(f'SELECT * FROM "{table}" LIMIT 0').description]

    @contextmanager
    def _limited(self, con: duckdb.DuckDBPyConnection, seconds: float, before: int) -> Iterator[None]:
        """Interrupts DuckDB after ``seconds``, and makes a SqlError of its errors; ``before``: lines of the file before
        the SELECT."""
        late = Event()

        def stop() -> None:
            late.set()
            con.interrupt()

        timer = Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        except duckdb.Error as error:
            if late.is_set():
                raise SqlError(
                    f"{self.name}: ran longer than {seconds:g} s; make it faster, or raise the endpoint's timeout"
                ) from None
            raise self.fault(error, before) from None
        finally:
            timer.cancel()

    def fault(self, error: duckdb.Error, before: int = 0) -> SqlError:
        """DuckDB's error as a sentence with file and line."""
        text = str(error)
        line = _LINE.search(text)
        where = f"{self.name}:{int(line[1]) + before}" if line else self.name
        needed = _NEEDED.search(text)
        if needed:
            return MissingExtension(f"{where}: {sentence_of(error)}", needed[1] or needed[2])
        return SqlError(f"{where}: {sentence_of(error)}")


def sentence_of(error: Exception) -> str:
    """DuckDB's error in one line, without its position and without secrets."""
    text = _LINE.sub("", str(error))
    text = _PASSWORD.sub(r"\1=***", redact(text))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
