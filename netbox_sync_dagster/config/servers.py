"""How a server is reached, and the NetBox that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, HttpUrl, field_validator, model_validator

from netbox_sync_dagster.config.limits import ANSWER_TIMEOUTS, Limits
from netbox_sync_dagster.config.secrets import EnvName, read_secret
from netbox_sync_dagster.config.strict import StrictModel


def check_address(value: Any) -> Any:
    """The URL, if it holds nothing secret: no credentials, query or fragment. Raises ValueError, without the value."""
    if not isinstance(value, str):
        return value
    scheme, _, rest = value.partition("://")
    if scheme.lower() != "unix" and "@" in rest:
        raise ValueError(
            "must not hold a user name, password or token: name the environment variable that has it in token_env or "
            "password_env (the value is not shown)"
        )
    if "?" in rest or "#" in rest:
        raise ValueError("must not have a query or a fragment: give the server's address alone")
    return value


class Tls(StrictModel):
    """How a server's certificate is checked."""

    verify: bool = Field(
        True, description="Check the server's certificate. Never turn this off outside a lab."
    )
    ca: Path | None = Field(None, description="PEM file of your own certificate authority.")

    @field_validator("ca")
    @classmethod
    def _ca_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.expanduser().is_file():
            raise ValueError(f"no such file: {value}")
        return value.expanduser() if value else None


class ClientTls(Tls):
    """How a server's certificate is checked, and the certificate that is shown to a server that asks for one."""

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
    tls: Tls = Field(Tls(), description="How the certificate is checked.")
    timeout: float = Field(
        60, gt=0, le=600, description="Seconds that the server may be silent for; see also `limits`."
    )
    limits: Limits = Field(Limits(), description="How much time and room answers may take.")

    @field_validator("url", mode="before")
    @classmethod
    def _no_credentials(cls, value: Any) -> Any:
        return check_address(value)

    @property
    def base_url(self) -> str:
        """The URL without a slash at its end."""
        return str(self.url).rstrip("/")

    @property
    def answer_seconds(self) -> float:
        """Seconds that one whole answer may take."""
        return self.limits.answer_seconds or ANSWER_TIMEOUTS * self.timeout


class NetBoxTarget(Server):
    """The NetBox that is kept."""

    token_env: EnvName = Field(
        "NETBOX_TOKEN",
        description="Environment variable that holds the API token (v1, or v2 as nbt_<key>.<token>).",
    )
    page_size: int = Field(1000, ge=50, le=1000, description="Objects per page when reading.")
    batch_size: int = Field(
        200,
        ge=1,
        le=200,
        description="Objects per write request, at most: fewer where NetBox is slow. More would not fit: NetBox's servers take 8 KB of "
        "If-Match.",
    )
    max_in_flight: int = Field(2, ge=1, le=16, description="Requests at once; NetBox's number of workers.")
    longest_request: float = Field(
        120,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        description="Seconds that NetBox works on one request at most: the `timeout` of its gunicorn (120 in NetBox's own "
        "configuration). A write whose answer is lost is not sent again before.",
    )
    changelog_message: bool = Field(True, description="Write the change id into NetBox's changelog (4.4+).")
    journal: bool = Field(False, description="Write one journal entry per device or VM touched.")
    plugins_without_references: list[str] = Field(
        [],
        description="Plugins of NetBox whose objects refer to nothing that is deleted here, e.g. netbox_topology_views; "
        "any other plugin that has objects blocks deletes.",
    )
    branch: str | None = Field(
        None,
        min_length=1,
        # NetBox takes 100; a number follows once the name is used up.
        max_length=90,
        description="Name of a netbox-branching branch to read and write instead of main; made where there is none.",
    )
    branch_wait: float = Field(
        600,
        gt=0,
        le=86_400,
        description="Seconds to wait until NetBox has made the branch, or is done with it otherwise.",
    )

    def token(self) -> str:
        """The token from the environment. Raises MissingSecret."""
        return read_secret(self.token_env, "netbox.token_env")
