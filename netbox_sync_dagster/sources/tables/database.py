"""The DuckDB in which the SQL files run: a connection for them alone, with extensions from disk and attached databases.

Files are read relative to the folder of the SQL. Nothing is downloaded, and attached databases are read only.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from netbox_sync_dagster.config.secrets import read_secret
from netbox_sync_dagster.sources.tables.config import Attached, TablesEndpoint
from netbox_sync_dagster.sources.tables.statements import SqlError, sentence_of
from netbox_sync_dagster.storage import connections

_EXTENSION = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner", "mysql": "mysql_scanner"}
# Enough for large exports, and it spills beyond.
_MEMORY_LIMIT = "1GB"


@contextmanager
def opened(endpoint: TablesEndpoint) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the endpoint's databases attached; closed at the end. Raises SqlError, MissingSecret."""
    con = connections.connect()
    spill = tempfile.TemporaryDirectory(prefix="netbox-sync-")
    try:
        con.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        con.execute(f"SET temp_directory = '{connections.quoted(spill.name)}'")
        con.execute("SET autoinstall_known_extensions = false")
        con.execute(f"SET file_search_path = '{connections.quoted(endpoint.sql.absolute())}'")
        if endpoint.extensions is not None:
            con.execute(f"SET extension_directory = '{connections.quoted(endpoint.extensions)}'")
        for database in endpoint.attach:
            _attach(con, endpoint, database)
        yield con
    finally:
        con.close()
        spill.cleanup()


def load_extension(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from DuckDB's folder or from the Python package duckdb-extension-<name>. Raises SqlError."""
    try:
        con.execute(f"LOAD {name}")
    except duckdb.Error as error:
        packaged = _packaged(name)
        if packaged is None:
            raise SqlError(missing_extension(con, name)) from error
        try:
            con.execute(f"LOAD '{connections.quoted(packaged)}'")
        except duckdb.Error as other:
            raise SqlError(
                f"{packaged}: DuckDB does not load this extension: {sentence_of(other)}"
            ) from other


def missing_extension(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """What to do about an extension that is not on this machine."""
    version, platform = str(duckdb.__version__), "linux_amd64"
    row = con.execute("PRAGMA platform").fetchone()
    if row is not None:
        platform = str(row[0])
    folder = con.execute("SELECT current_setting('extension_directory')").fetchone()
    home = str(folder[0]) if folder is not None and folder[0] else "~/.duckdb/extensions"
    return (
        f"DuckDB's extension {name} is not installed. With access to the internet, install it once: "
        f"python -c \"import duckdb; duckdb.execute('INSTALL {name}')\". Without, place the file "
        f"{name}.duckdb_extension for DuckDB {version} in {home}/v{version}/{platform}, or install the Python package "
        f"duckdb-extension-{name.replace('_', '-')}=={version}, if there is one"
    )


def _packaged(name: str) -> Path | None:
    """The extension's file in its Python package, for this release of DuckDB."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if file.is_file():
            return file
    return None


def _attach(con: duckdb.DuckDBPyConnection, endpoint: TablesEndpoint, database: Attached) -> None:
    who = f"endpoint '{endpoint.name}': attach.{database.name}"
    try:
        extension = _EXTENSION.get(database.type)
        if extension is not None:
            load_extension(con, extension)
        if database.is_file:
            _attach_file(con, who, database)
        else:
            _attach_server(con, who, database)
    except SqlError as error:
        raise SqlError(f"{who}: {error}") from None
    except duckdb.Error as error:
        raise SqlError(f"{who}: {sentence_of(error)}") from None


def _attach_file(con: duckdb.DuckDBPyConnection, who: str, database: Attached) -> None:
    if database.path is None or not database.path.is_file():
        raise SqlError(f"no such file: {database.path}")
    kind = "" if database.type == "duckdb" else f"TYPE {database.type}, "
    con.execute(f"ATTACH '{connections.quoted(database.path)}' AS {database.name} ({kind}READ_ONLY)")


def _attach_server(con: duckdb.DuckDBPyConnection, who: str, database: Attached) -> None:
    # A secret in memory: the connection string, which DuckDB shows, has no password.
    values = {
        "HOST": database.host,
        "PORT": database.port,
        "DATABASE": database.database,
        "USER": database.user,
        "PASSWORD": read_secret(database.password_env, who) if database.password_env is not None else None,
    }
    given = ", ".join(
        f"{key} '{connections.quoted(str(value))}'" for key, value in values.items() if value is not None
    )
    con.execute(f"CREATE TEMPORARY SECRET {database.name} (TYPE {database.type}, {given})")
    tls = _tls(database)
    con.execute(
        f"ATTACH '{connections.quoted(tls)}' AS {database.name}"
        f" (TYPE {database.type}, SECRET {database.name}, READ_ONLY)"
    )


def _tls(database: Attached) -> str:
    """The settings of TLS as a connection string."""
    mode, ca = ("sslmode", "sslrootcert") if database.type == "postgres" else ("ssl_mode", "ssl_ca")
    parts = [f"{mode}={database.ssl_mode}"] if database.ssl_mode is not None else []
    if database.ssl_ca is not None:
        path = str(database.ssl_ca).replace("\\", "\\\\").replace("'", "\\'")
        parts.append(f"{ca}='{path}'" if database.type == "postgres" else f"{ca}={database.ssl_ca}")
    return " ".join(parts)
