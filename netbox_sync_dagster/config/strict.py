"""The base class of all configuration models: immutable, and unknown fields are errors."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """The same object: pydantic copies the default of a field for each of many endpoints, which takes longer than
        validating them."""
        return self


class FieldError(ValueError):
    """A rule over several fields failed. ``path`` leads from the model to the field to correct."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path
