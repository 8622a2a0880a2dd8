"""The base class of all configuration models: immutable, and unknown fields are errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(ValueError):
    """A rule over several fields failed. ``path`` leads from the model to the field to correct."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path
