"""Settings of the review page (``netbox-sync web``)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import Field, HttpUrl, field_validator, model_validator

from netbox_sync_dagster.config.servers import check_address
from netbox_sync_dagster.config.strict import StrictModel

Networks = Annotated[list[IPv4Network | IPv6Network], Field(min_length=1)]


class WebTls(StrictModel):
    """The certificate that the page presents."""

    cert: Path = Field(description="PEM file of the certificate, with its chain.")
    key: Path = Field(description="PEM file of the certificate's private key.")

    @field_validator("cert", "key")
    @classmethod
    def _exists(cls, value: Path) -> Path:
        if not value.expanduser().is_file():
            raise ValueError(f"no such file: {value}")
        return value.expanduser()


class TrustedProxy(StrictModel):
    """An authenticating proxy in front of the page."""

    addresses: Networks = Field(
        description="Addresses of the proxy, e.g. [127.0.0.1/32]. Its header is ignored in requests from anywhere else."
    )
    user_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$",
        description="Header with the NetBox user name of the person, e.g. X-Remote-User (single sign-on). The proxy must "
        "remove this header from what it receives. Without it the proxy only adds TLS, and people log in here.",
    )


class Web(StrictModel):
    """The review page."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8780, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    public_url: HttpUrl | None = Field(
        None,
        description="Address of the page for people, e.g. https://sync.example.com; used in links to it.",
    )
    tls: WebTls | None = Field(None, description="Serve HTTPS with this certificate.")
    trusted_proxy: TrustedProxy | None = Field(
        None, description="The proxy in front of the page, if there is one."
    )
    dagster_url: HttpUrl | None = Field(
        None,
        description="Address of Dagster's web server, e.g. http://127.0.0.1:3000. With it, *Apply* on the page starts a "
        "Dagster run.",
    )
    session_hours: float = Field(
        8, gt=0, le=168, allow_inf_nan=False, description="Hours after which a person has to log in again."
    )
    idle_minutes: float = Field(
        60,
        gt=0,
        le=10_080,
        allow_inf_nan=False,
        description="Minutes without a request after which a session ends.",
    )

    @field_validator("public_url", "dagster_url", mode="before")
    @classmethod
    def _no_credentials(cls, value: object) -> object:
        return check_address(value)

    @model_validator(mode="after")
    def _not_in_the_clear(self) -> Web:
        if self.tls is None and self.trusted_proxy is None and not self.is_local:
            raise ValueError(
                f"host {self.host} is reachable from other machines, so passwords would be sent unencrypted: set tls, or "
                "trusted_proxy for a proxy that does TLS, or listen on 127.0.0.1"
            )
        if self.trusted_proxy is not None and self.trusted_proxy.user_header and self.public_url is None:
            raise ValueError(
                "trusted_proxy.user_header needs public_url, the address of the page at the proxy: requests for other hosts are "
                "refused"
            )
        return self

    def link(self, path: str, **filters: str) -> str | None:
        """The address of a page for people, e.g. ``link("plans/paris", resource="interfaces")``; None without public_url."""
        if self.public_url is None:
            return None
        query = f"?{urlencode(filters)}" if filters else ""
        return f"{str(self.public_url).rstrip('/')}/{quote(path)}{query}"

    @property
    def hosts(self) -> list[str]:
        """The hosts that requests may be for, without port: ``*`` is any."""
        named = [self.public_url.host] if self.public_url is not None and self.public_url.host else []
        if not named and self.host in ("0.0.0.0", "::", ""):  # noqa: S104
            return ["*"]
        # Starlette compares what precedes the first colon: of a literal IPv6 address only the bracket.
        return [*named, "localhost", "127.0.0.1", "[" if ":" in self.host else self.host]

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_secure(self) -> bool:
        """Whether people reach the page over HTTPS."""
        behind_tls = self.public_url is not None and self.public_url.scheme == "https"
        return self.tls is not None or behind_tls
