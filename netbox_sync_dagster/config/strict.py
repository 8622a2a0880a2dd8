"""What every part of the configuration is: an unknown field is an error, and nothing changes once it is read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(ValueError):
    """A value that a rule over several fields refuses: ``path`` leads from there to the field that is to be mended."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path
