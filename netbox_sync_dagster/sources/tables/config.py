"""Settings of an endpoint of the kind ``tables``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from netbox_sync_dagster.config.endpoints import BaseEndpoint, Mappings
from netbox_sync_dagster.config.secrets import EnvName
from netbox_sync_dagster.config.strict import StrictModel

# Databases that DuckDB has itself.
_TAKEN = ("main", "memory", "system", "temp")
_NAME = r"^[a-z][a-z0-9_]{0,30}$"


def _in_folder(value: Path | None, info: ValidationInfo) -> Path | None:
    """A path relative to the directory of the configuration file."""
    folder = (info.context or {}).get("folder")
    return value if value is None else Path(folder or ".") / value.expanduser()


class Attached(StrictModel):
    """A database that the SQL files read, by its name."""

    name: Annotated[str, Field(pattern=_NAME)] = Field(
        description="Name of the database in SQL, e.g. netdisco for `FROM netdisco.public.device`."
    )
    type: Literal["sqlite", "duckdb", "postgres", "mysql"] = Field(
        description="sqlite or duckdb (a file), postgres or mysql (a server)."
    )
    path: Path | None = Field(None, description="File of a sqlite or duckdb database.")
    host: str | None = Field(None, description="Host name of a postgres or mysql server.")
    port: int | None = Field(None, ge=1, le=65535, description="Port of the server.")
    database: str | None = Field(None, description="Name of the database on the server.")
    user: str | None = Field(None, description="User name; one that may only read.")
    password_env: EnvName | None = Field(
        None, description="Environment variable that holds the user's password."
    )
    ssl_mode: str | None = Field(
        None,
        pattern=r"^[a-zA-Z_-]+$",
        description="ssl_mode of the connection, e.g. verify-full (postgres) or verify_ca (mysql).",
    )
    ssl_ca: Path | None = Field(None, description="PEM file of your own certificate authority.")

    @field_validator("path", "ssl_ca")
    @classmethod
    def _relative(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return _in_folder(value, info)

    @field_validator("name")
    @classmethod
    def _free(cls, value: str) -> str:
        if value in _TAKEN:
            raise ValueError(f"'{value}' is a database of DuckDB; choose another name")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Attached:
        server = [
            self.host,
            self.port,
            self.database,
            self.user,
            self.password_env,
            self.ssl_mode,
            self.ssl_ca,
        ]
        if self.is_file and (self.path is None or any(item is not None for item in server)):
            raise ValueError(f"a {self.type} database has a path and nothing else")
        if not self.is_file and (self.path is not None or None in (self.host, self.database, self.user)):
            raise ValueError(f"a {self.type} database needs host, database and user, and has no path")
        return self

    @property
    def is_file(self) -> bool:
        """Whether it is a file and not a server."""
        return self.type in ("sqlite", "duckdb")


class TablesMappings(Mappings):
    """From the words of the tables to NetBox's names or slugs."""

    sites: dict[str, str] = Field({}, description="site -> site.")
    locations: dict[str, str] = Field({}, description="location -> location.")
    racks: dict[str, str] = Field({}, description="rack -> rack.")
    tenants: dict[str, str] = Field({}, description="tenant -> tenant.")
    roles: dict[str, str] = Field({}, description="role -> device role.")
    device_types: dict[str, str] = Field({}, description="device_type -> device type.")
    manufacturers: dict[str, str] = Field({}, description="manufacturer -> manufacturer.")
    platforms: dict[str, str] = Field({}, description="platform -> platform.")
    vrfs: dict[str, str] = Field({}, description="vrf -> VRF; default: `defaults.vrf`.")


class TablesEndpoint(BaseEndpoint):
    """A folder of SQL files, each named like the table that it delivers."""

    kind: Literal["tables"] = Field(description="tables")
    # The SQL files name what they read.
    url: str = Field("", description="Not used.")  # type: ignore[assignment]
    timeout: float = Field(600, gt=0, le=86_400, description="Seconds that one SQL file may run.")
    sql: Path = Field(
        description="Folder of the SQL files (devices.sql, interfaces.sql, ...), relative to this file."
    )
    attach: list[Attached] = Field([], description="Databases that the SQL files read.")
    parameters: dict[str, str | int | float | bool] = Field(
        {}, description="Values of $name in the SQL files, e.g. facts: /var/lib/facts for `$facts`."
    )
    extensions: Path | None = Field(
        None, description="Folder of DuckDB's extensions; default: ~/.duckdb/extensions"
    )
    cluster: str | None = Field(
        None, description="Cluster of virtual machines without one; default: the endpoint's name."
    )
    cluster_type: str = Field("Virtualization", description="Name or slug of the type of a new cluster.")
    cluster_group: str | None = Field(None, description="Name or slug of the group of a new cluster.")
    mappings: TablesMappings = Field(
        TablesMappings(), description="From the words of the tables to NetBox's names."
    )

    @property
    def address(self) -> str:
        """The folder of its SQL files."""
        return str(self.sql)

    @field_validator("url")
    @classmethod
    def _no_url(cls, value: str) -> str:
        if value:
            raise ValueError("an endpoint of the kind tables has no url: set sql, and attach for databases")
        return value

    @field_validator("sql", "extensions")
    @classmethod
    def _relative(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return _in_folder(value, info)

    @field_validator("parameters")
    @classmethod
    def _names(cls, value: dict[str, object]) -> dict[str, object]:
        for name in value:
            if not name.isidentifier() or not name.isascii():
                raise ValueError(f"'{name}' cannot be the name of a parameter: letters, digits and _ only")
        return value

    @field_validator("attach")
    @classmethod
    def _once(cls, value: list[Attached]) -> list[Attached]:
        names = [one.name for one in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two databases have the name {twice[0]}")
        return value
