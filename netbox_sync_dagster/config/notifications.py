"""Notification channels: webhooks and e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from netbox_sync_dagster.config.secrets import EnvName, read_secret
from netbox_sync_dagster.config.strict import StrictModel

Event = Literal["failure", "recovery", "changes", "deletes"]
ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
# The names of version 0.x, which are still read. Drift is something else: an object that someone edited in NetBox.
_FORMER_EVENT, _FORMER_LIMIT = "drift", "drift_above"


class _Channel(StrictModel):
    name: ChannelName = Field(description="Unique name; sent messages are recorded under it.")
    on: list[Event] = Field(
        ["failure", "recovery", "changes", "deletes"],
        description="Events to send: failure (of a sync or an apply), recovery, changes (many pending), deletes (pending).",
    )
    after_failures: int = Field(
        1, ge=1, le=100, description="Send a failure after this many failed attempts in a row."
    )
    changes_above: int = Field(
        100, ge=0, le=10**9, description="Send changes if more changes of an endpoint are pending."
    )
    _former: tuple[str, ...] = PrivateAttr(())

    @model_validator(mode="wrap")
    @classmethod
    def _read_former_names(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, Mapping):
            return handler(data)
        former = []
        renamed = dict(data)
        if _FORMER_LIMIT in renamed:
            if "changes_above" in renamed:
                raise ValueError(
                    f"{_FORMER_LIMIT} is the former name of changes_above; remove {_FORMER_LIMIT}"
                )
            renamed["changes_above"] = renamed.pop(_FORMER_LIMIT)
            former.append(f"changes_above is the new name of {_FORMER_LIMIT}")
        events = renamed.get("on")
        if isinstance(events, list) and _FORMER_EVENT in events:
            renamed["on"] = ["changes" if event == _FORMER_EVENT else event for event in events]
            former.append(f"changes is the new name of the event {_FORMER_EVENT}")
        channel = handler(renamed)
        channel._former = tuple(former)
        return channel

    @property
    def former_names(self) -> tuple[str, ...]:
        """A sentence per former name that the file uses."""
        return self._former


class WebhookChannel(_Channel):
    """A URL that accepts JSON by POST: Slack, Mattermost, or your own program."""

    kind: Literal["webhook"] = Field(description="webhook")
    url_env: EnvName = Field(description="Environment variable that holds the URL, which is a secret.")
    format: Literal["slack", "json"] = Field(
        "slack", description="slack: {text}; json: {title, text, notices: [{event, endpoint, sentence}]}."
    )
    timeout: float = Field(10, gt=0, le=60, description="Timeout of a request in seconds.")

    def url(self) -> str:
        """The URL from the environment. Raises MissingSecret."""
        return read_secret(self.url_env, f"notifications '{self.name}'")


class EmailChannel(_Channel):
    """E-mail over SMTP."""

    kind: Literal["email"] = Field(description="email")
    host: str = Field(description="The mail server.")
    port: int = Field(587, ge=1, le=65_535, description="587 with starttls, 465 with tls, 25 with none.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="Encryption of the connection."
    )
    user: str | None = Field(None, description="User name, if the mail server requires one.")
    password_env: EnvName | None = Field(None, description="Environment variable that holds the password.")
    sender: str = Field(description="Sender address.", pattern=r"^[^@\s]+@[^@\s]+$")
    to: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = Field(
        min_length=1, description="Recipient addresses."
    )
    timeout: float = Field(10, gt=0, le=60, description="Timeout of an answer in seconds.")

    @model_validator(mode="after")
    def _credentials(self) -> EmailChannel:
        if bool(self.user) != bool(self.password_env):
            raise ValueError("user and password_env belong together: give both or neither")
        if self.user and self.security == "none":
            raise ValueError("a password is not sent without encryption: set security to starttls or tls")
        return self

    def password(self) -> str | None:
        """The password from the environment; None without ``password_env``. Raises MissingSecret."""
        return read_secret(self.password_env, f"notifications '{self.name}'") if self.password_env else None


Channel = WebhookChannel | EmailChannel
