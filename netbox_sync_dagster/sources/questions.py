"""What ``netbox-sync init`` asks about an endpoint; each kind of source lists its own questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One setting of an endpoint.

    ``setting``: its key in the configuration, with a dot for a nested one (``tls.ca``). ``text``: what is asked.
    ``default``: what Enter takes; None where an answer is required, "" where the setting may be left out. ``unless``:
    another setting that replaces this one.
    """

    setting: str
    text: str
    default: str | None = None
    unless: str | None = None

    @property
    def names_secret(self) -> bool:
        """Whether the answer is the name of an environment variable with a secret."""
        return self.setting.endswith("_env")


CA_FILE = Question("tls.ca", "PEM file of your certificate authority (Enter: none)", "")
