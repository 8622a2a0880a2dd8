"""Connection settings of servers, and the NetBox to keep in sync."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, HttpUrl, field_validator, model_validator

from netbox_sync_dagster.config.limits import ANSWER_TIMEOUTS, Limits
from netbox_sync_dagster.config.secrets import EnvName, read_secret
from netbox_sync_dagster.config.strict import StrictModel


def check_address(value: Any) -> Any:
    """Return the URL. Raises ValueError, without quoting it, if it has credentials, a query or a fragment."""
    if not isinstance(value, str):
        return value
    scheme, _, rest = value.partition("://")
    if scheme.lower() != "unix" and "@" in rest:
        raise ValueError(
            "must not contain a user name, password or token: set token_env or password_env to the name of an environment "
            "variable that holds it (the value is not shown)"
        )
    if "?" in rest or "#" in rest:
        raise ValueError("must not have a query or a fragment: set only the server's address")
    return value


class Tls(StrictModel):
    """Verification of a server's certificate."""

    verify: bool = Field(True, description="Verify the server's certificate. Turn this off only in a lab.")
    ca: Path | None = Field(None, description="PEM file of your own certificate authority.")

    @field_validator("ca")
    @classmethod
    def _ca_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.expanduser().is_file():
            raise ValueError(f"no such file: {value}")
        return value.expanduser() if value else None


class ClientTls(Tls):
    """Verification of a server's certificate, and the client certificate."""

    cert: Path | None = Field(None, description="PEM file of the client certificate.")
    key: Path | None = Field(None, description="PEM file of the client certificate's private key.")

    @field_validator("cert", "key")
    @classmethod
    def _exists(cls, value: Path | None) -> Path | None:
        return cls._ca_exists(value)

    @model_validator(mode="after")
    def _pair(self) -> ClientTls:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together: give both")
        return self


class Server(StrictModel):
    url: HttpUrl = Field(description="Base URL, e.g. https://netbox.example.com")
    tls: Tls = Field(Tls(), description="TLS settings.")
    timeout: float = Field(
        60, gt=0, le=600, description="Seconds to wait for data from the server; see also `limits`."
    )
    limits: Limits = Field(Limits(), description="Limits for the time and size of answers.")

    @field_validator("url", mode="before")
    @classmethod
    def _no_credentials(cls, value: Any) -> Any:
        return check_address(value)

    @property
    def base_url(self) -> str:
        """The URL without a trailing slash."""
        return str(self.url).rstrip("/")

    @property
    def answer_seconds(self) -> float:
        """Seconds that a complete answer may take."""
        return self.limits.answer_seconds or ANSWER_TIMEOUTS * self.timeout


class NetBoxTarget(Server):
    """The NetBox to keep in sync."""

    formerly: list[HttpUrl] | None = Field(
        None,
        description="URLs that this NetBox had before, e.g. `[http://netbox.example.com]`: what applies wrote there was written "
        "to this NetBox. `[]`: all others are other NetBoxes.",
    )
    token_env: EnvName = Field(
        "NETBOX_TOKEN",
        description="Environment variable that holds the API token (v1, or v2 as nbt_<key>.<token>).",
    )
    hook_secret_env: EnvName | None = Field(
        None,
        description="Environment variable that holds the secret of NetBox's webhook, at least 16 characters; without it there "
        "is no hook.",
    )
    page_size: int = Field(1000, ge=50, le=1000, description="Objects per page when reading.")
    full_read_hours: float = Field(
        24,
        ge=0,
        le=8760,
        allow_inf_nan=False,
        description="Hours after which NetBox is read completely; in between only changed objects are. 0: always completely.",
    )
    batch_size: int = Field(
        200,
        ge=1,
        le=200,
        description="Maximum number of objects per write request; fewer if NetBox is slow. NetBox's servers accept at most 8 KB of "
        "If-Match, hence the limit.",
    )
    max_in_flight: int = Field(
        2, ge=1, le=16, description="Maximum number of parallel requests; the number of NetBox's workers."
    )
    longest_request: float = Field(
        120,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        description="Maximum number of seconds that NetBox works on a request: the `timeout` of its gunicorn (120 in NetBox's "
        "default configuration). A write whose answer was lost is not sent again earlier.",
    )
    changelog_message: bool = Field(True, description="Write the change id into NetBox's changelog (4.4+).")
    journal: bool = Field(False, description="Write one journal entry per device or VM touched.")
    plugins_without_references: list[str] = Field(
        [],
        description="NetBox plugins whose objects do not refer to objects that netbox-sync deletes, e.g. netbox_topology_views; "
        "any other plugin that has objects blocks deletes.",
    )
    branch: str | None = Field(
        None,
        min_length=1,
        # NetBox accepts 100 characters; later branches of this name get a number.
        max_length=90,
        description="Name of a netbox-branching branch to read and write instead of main; created if it does not exist.",
    )
    branch_wait: float = Field(
        600,
        gt=0,
        le=86_400,
        description="Seconds to wait until NetBox has finished creating, syncing or merging the branch.",
    )

    @field_validator("url")
    @classmethod
    def _no_api(cls, value: HttpUrl) -> HttpUrl:
        if str(value).rstrip("/").endswith("/api"):
            raise ValueError("must not end in /api: write only the address of NetBox's first page")
        return value

    @field_validator("formerly", mode="before")
    @classmethod
    def _no_credentials_formerly(cls, value: Any) -> Any:
        return [check_address(one) for one in value] if isinstance(value, list) else value

    @property
    def known_urls(self) -> list[str]:
        """The URL and the former ones, without a trailing slash: the ledger names this NetBox by any of them."""
        return list(dict.fromkeys([self.base_url, *(str(url).rstrip("/") for url in self.formerly or ())]))

    def token(self) -> str:
        """The token from the environment. Raises MissingSecret."""
        return read_secret(self.token_env, "netbox.token_env")
