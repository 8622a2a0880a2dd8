"""Reads ``netbox_sync.yaml``: all errors at once, each with file, line, field and what is allowed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from netbox_sync_dagster.config.model import Config


class ConfigError(Exception):
    """The configuration file cannot be used; one line per error, each with file, line and field."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def load_config(path: str | Path) -> Config:
    """The configuration in ``path``. Raises ConfigError that names every error in the file."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{file}: no such file; write one with: netbox-sync init"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read: {error}"]) from None
    document = _document(file, text)
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError([_sentence(file, document, item) for item in error.errors()]) from None


@lru_cache(maxsize=1)
def _document(file: Path, text: str) -> CommentedMap:
    """The file's content with its lines; parsed once as long as it stays the same, for sensors ask at every tick.

    What the values mean is looked at every time: a file that they name may have gone.
    """
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{file}:{line}: not valid YAML: {error.problem}"]) from None
    except YAMLError as error:
        raise ConfigError([f"{file}: not valid YAML: {error}"]) from None
    if not isinstance(document, CommentedMap):
        raise ConfigError([f"{file}:1: expected a mapping with the keys netbox and endpoints"])
    _resolve_paths(document, file.parent)
    return document


def _resolve_paths(document: CommentedMap, folder: Path) -> None:
    """A certificate's relative path is meant relative to the configuration file."""
    endpoints = document.get("endpoints")
    servers = [document.get("netbox"), *(endpoints if isinstance(endpoints, list) else [])]
    for server in servers:
        tls = server.get("tls") if isinstance(server, dict) else None
        for file in ("ca", "cert", "key"):
            if isinstance(tls, dict) and isinstance(tls.get(file), str):
                tls[file] = str(folder / Path(tls[file]).expanduser())


def _sentence(file: Path, document: CommentedMap, error: Any) -> str:
    # A discriminated union puts the tag into the location; it is no key of the file.
    keys: list[str | int] = []
    node: Any = document
    line = 1
    for part in error["loc"]:
        inside = (isinstance(node, CommentedMap) and part in node) or (
            isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)
        )
        if inside:
            line = _line_of(node, part, line)
            node = node[part]
            keys.append(part)
        elif part == error["loc"][-1] and error["type"] in ("missing", "extra_forbidden"):
            keys.append(part)
    name = ".".join(str(key) for key in keys) or "file"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "unknown field; see the JSON schema (netbox-sync init --schema) for what is allowed"
    elif error["type"] == "missing":
        message = "is required"
    elif error["type"] not in ("value_error",):
        value = node if isinstance(node, str | int | float | bool) else type(node).__name__
        message = f"{message} (found: {value!r})"
    return f"{file}:{line}: {name}: {message}"


def _line_of(node: CommentedMap | CommentedSeq, key: Any, fallback: int) -> int:
    try:
        position = node.lc.key(key) if isinstance(node, CommentedMap) else node.lc.item(key)
    except (KeyError, AttributeError, IndexError):
        return fallback
    return int(position[0]) + 1
