"""Converts errors to sentences for users, the same in the CLI and in Dagster."""

from __future__ import annotations

from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.errors import UserError, storage_sentence


def sentences_of(error: BaseException) -> list[str] | None:
    """Sentences for the user about an error; None if it is a bug."""
    stored = storage_sentence(error)
    if stored is not None:
        return [stored]
    if isinstance(error, UserError):
        return error.sentences
    if isinstance(error, OSError):
        return [f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)]
    return None


def is_expected(error: BaseException) -> bool:
    """Whether the error is for the user; anything else is a bug."""
    return sentences_of(error) is not None


def sentence(error: BaseException) -> str:
    """Any error in one sentence, without secrets."""
    known = sentences_of(error)
    if known is not None:
        return "; ".join(known)
    return f"this should not happen: {type(error).__name__}: {redact(str(error))}"


def about(name: str, error: BaseException) -> str:
    """The error in one sentence, prefixed with the endpoint's name unless the sentence contains it."""
    text = sentence(error)
    return text if name.lower() in text.lower() else f"{name}: {text}"
