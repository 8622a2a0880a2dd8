"""Who is told when something happens that a person should know of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from netbox_sync_dagster.config.secrets import EnvName, read_secret
from netbox_sync_dagster.config.strict import StrictModel

Event = Literal["failure", "recovery", "drift", "deletes"]
ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class _Channel(StrictModel):
    name: ChannelName = Field(description="Unique name; what was sent is remembered under it.")
    on: list[Event] = Field(
        ["failure", "recovery", "drift", "deletes"],
        description="What is told: failure (of a sync or an apply), recovery, drift, deletes (that wait).",
    )
    after_failures: int = Field(1, ge=1, le=100, description="Failed tries in a row after which it is told.")
    drift_above: int = Field(
        100, ge=0, le=10**9, description="Changes of one endpoint that wait, above which drift is told."
    )


class WebhookChannel(_Channel):
    """A URL that takes JSON by POST: Slack, Mattermost, or a program of yours."""

    kind: Literal["webhook"] = Field(description="webhook")
    url_env: EnvName = Field(description="Environment variable that holds the URL, which is a secret.")
    format: Literal["slack", "json"] = Field(
        "slack", description="slack: {text}; json: {title, text, notices: [{event, endpoint, sentence}]}."
    )
    timeout: float = Field(10, gt=0, le=60, description="Seconds that one request may take.")

    def url(self) -> str:
        """The URL from the environment. Raises MissingSecret."""
        return read_secret(self.url_env, f"notifications '{self.name}'")


class EmailChannel(_Channel):
    """E-mail by SMTP."""

    kind: Literal["email"] = Field(description="email")
    host: str = Field(description="The mail server.")
    port: int = Field(587, ge=1, le=65_535, description="587 with starttls, 465 with tls, 25 with none.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is kept."
    )
    user: str | None = Field(None, description="User name, where the mail server asks for one.")
    password_env: EnvName | None = Field(None, description="Environment variable that holds the password.")
    sender: str = Field(description="Address that the mail is from.", pattern=r"^[^@\s]+@[^@\s]+$")
    to: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = Field(
        min_length=1, description="Addresses that the mail goes to."
    )
    timeout: float = Field(10, gt=0, le=60, description="Seconds that one answer may take.")

    @model_validator(mode="after")
    def _credentials(self) -> EmailChannel:
        if bool(self.user) != bool(self.password_env):
            raise ValueError("user and password_env belong together: give both or neither")
        if self.user and self.security == "none":
            raise ValueError("a password is not sent without encryption: set security to starttls or tls")
        return self

    def password(self) -> str | None:
        """The password from the environment, where one is needed. Raises MissingSecret."""
        return read_secret(self.password_env, f"notifications '{self.name}'") if self.password_env else None


Channel = WebhookChannel | EmailChannel
