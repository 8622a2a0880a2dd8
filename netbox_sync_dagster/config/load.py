"""Reads ``netbox_sync.yaml``. Reports all errors together, each with file, line, field and allowed values."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from netbox_sync_dagster.config.endpoints import ENDPOINT_NAME, NAME_RULE
from netbox_sync_dagster.config.errors import ConfigError
from netbox_sync_dagster.config.model import Config
from netbox_sync_dagster.config.strict import FieldError

_SEE_SCHEMA = "see the JSON schema (netbox-sync init --schema) for what is allowed"
_TOO_DEEP = "nested too deeply: a configuration has no more than a few levels"
_MAX_DEPTH = 32
# A bracket, or a quoted text or comment, in which brackets do not count.
_BRACKETS = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|(?:^|\s)\#.*|[\[\]{}]""")
# Characters of a value that an error quotes: a pasted file must not fill the terminal.
_SHOWN = 80
# Fields whose value may be a secret that was pasted into the wrong place.
_PRIVATE = ("url", "url_env", "token_env", "password_env", "user", "token_name")


def load_config(path: str | Path) -> Config:
    """The configuration in ``path``. Raises ConfigError with all errors of the file."""
    file = Path(path)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"{file}: no such file; write one with: netbox-sync init"]) from None
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror or error}"]) from None
    return parse_config(file, _decoded(file, content))


def parse_config(file: Path, text: str) -> Config:
    """The configuration that ``file`` has, or would have, with this text. Raises ConfigError with all its errors."""
    document, values = _document(file, text)
    try:
        config = Config.model_validate(values, context={"folder": file.parent})
    except ValidationError as error:
        raise ConfigError([_sentence(file, document, item) for item in error.errors()]) from None
    except RecursionError:
        raise ConfigError([f"{file}:1: {_TOO_DEEP}"]) from None
    try:
        return config.model_copy(update={"rules": config.rules.beside(file.parent)})
    except ValueError as error:
        line = _line_of(document["rules"], "folder", 1)
        raise ConfigError([f"{file}:{line}: rules.folder: {error}"]) from None


def _decoded(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{file}:{line}: not UTF-8 text (byte 0x{content[error.start]:02x})"]) from None


@lru_cache(maxsize=1)
def _document(file: Path, text: str) -> tuple[CommentedMap, dict[Any, Any]]:
    """The parsed file with line numbers, and as plain dicts and lists, which are validated in half the time.

    Cached while its content is unchanged, because sensors read it at every tick. Values are validated every time: a file that they name may have been deleted.
    """
    _check_depth(file, text)
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = " ".join((error.problem or error.context or "it cannot be read").split())
        raise ConfigError([f"{file}:{line}: not valid YAML: {_cut(problem)}"]) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            [f"{file}:{line}: not valid YAML: the character U+{ord(text[error.position]):04X} is not allowed"]
        ) from None
    except RecursionError:
        raise ConfigError([f"{file}:1: {_TOO_DEEP}"]) from None
    # ruamel.yaml converts dates, numbers and tags with Python's constructors, whose errors have no line.
    except (
        YAMLError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        OverflowError,
        AssertionError,
    ) as error:
        problem = _cut(" ".join(str(error).split()))
        raise ConfigError([f"{file}:{_where(text)}: not valid YAML: {problem}"]) from None
    if not isinstance(document, CommentedMap):
        raise ConfigError([f"{file}:1: expected a mapping with the keys netbox and endpoints"])
    _resolve_paths(document, file.parent)
    return document, _plain(document, {})


def _plain(node: Any, known: dict[int, Any]) -> Any:
    """``known``: what was made of each node, because aliases name a node again, also one that they are part of."""
    if id(node) not in known:
        if isinstance(node, dict):
            mapping = known[id(node)] = {}
            mapping.update((key, _plain(value, known)) for key, value in node.items())
        elif isinstance(node, list):
            sequence = known[id(node)] = []
            sequence.extend(_plain(value, known) for value in node)
        else:
            return node
    return known[id(node)]


def _check_depth(file: Path, text: str) -> None:
    """Raise ConfigError if brackets are nested too deeply: the parser would take minutes."""
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        for found in _BRACKETS.finditer(line):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
            if depth > _MAX_DEPTH:
                raise ConfigError([f"{file}:{number}: {_TOO_DEEP}"])
        depth = max(depth, 0)


def _where(text: str) -> int:
    """The first line at which the file is not valid YAML."""
    lines = text.splitlines(keepends=True)
    low, high = 1, len(lines)
    while low < high:
        middle = (low + high) // 2
        try:
            YAML(typ="rt").load("".join(lines[:middle]))
            low = middle + 1
        except MarkedYAMLError:
            low = middle + 1
        except Exception:  # noqa: BLE001
            high = middle
    return low


def _resolve_paths(document: CommentedMap, folder: Path) -> None:
    """Make paths of certificates relative to the directory of the configuration file."""
    endpoints = document.get("endpoints")
    servers = [document.get("netbox"), *(endpoints if isinstance(endpoints, list) else [])]
    for server in servers:
        tls = server.get("tls") if isinstance(server, dict) else None
        for file in ("ca", "cert", "key"):
            if isinstance(tls, dict) and isinstance(tls.get(file), str):
                tls[file] = str(folder / Path(tls[file]).expanduser())


def _sentence(file: Path, document: CommentedMap, error: Any) -> str:
    # A discriminated union puts the tag into the location; it is not a key of the file.
    keys: list[str | int] = []
    node: Any = document
    beside: Any = None
    line = 1
    cause = error.get("ctx", {}).get("error")
    location = (*error["loc"], *(cause.path if isinstance(cause, FieldError) else ()))
    for part in location:
        inside = (isinstance(node, CommentedMap) and part in node) or (
            isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)
        )
        if inside:
            line = _line_of(node, part, line)
            beside, node = node, node[part]
            keys.append(part)
        elif part == location[-1] and error["type"] in ("missing", "extra_forbidden"):
            keys.append(part)
    name = _cut(".".join(_one_line(key) for key in keys)) or "file"
    if error["type"] == "extra_forbidden":
        meant = _meant(str(location[-1]), beside)
        return f"{file}:{line}: {name}: unknown field; {meant or _SEE_SCHEMA}"
    return f"{file}:{line}: {name}: {_message(error, node, location)}"


def _message(error: Any, node: Any, location: tuple[str | int, ...]) -> str:
    message = _one_line(error["msg"].removeprefix("Value error, "))
    if error.get("ctx", {}).get("pattern") == ENDPOINT_NAME:
        message = f"must be {NAME_RULE}"
    if error["type"] == "missing":
        return "is required"
    if error["type"].startswith("union_tag_"):
        return _wrong_kind(error, node)
    # A key with nothing behind it, e.g. a section of which all lines are comments.
    if error["input"] is None:
        return "is empty; give it a value, or remove the line"
    if error["type"] == "value_error":
        return message if len(message) <= 5 * _SHOWN else message[: 5 * _SHOWN] + " …"
    if location and location[-1] in _PRIVATE:
        return f"{message} (the value is not shown: it may be a secret)"
    value = node if isinstance(node, str | int | float | bool) else type(node).__name__
    return f"{_cut(message)} (found: {_cut(repr(value))})"


def _wrong_kind(error: Any, node: Any) -> str:
    if error["type"] == "union_tag_not_found":
        return "kind is missing"
    kind = node.get("kind") if isinstance(node, dict) else None
    return f"kind must be one of {error['ctx']['expected_tags']} (found: {_cut(repr(kind))})"


def _meant(key: str, node: Any) -> str:
    """``did you mean 'X'?``: of the settings that have most of the keys beside this one."""
    if not isinstance(node, CommentedMap):
        return ""
    parts = Config.model_json_schema()
    models = [set(part.get("properties") or ()) for part in (parts, *parts["$defs"].values())]
    beside = set(node) - {key}
    most = max(len(beside & names) for names in models)
    near = {
        found
        for names in models
        if len(beside & names) == most
        for found in difflib.get_close_matches(key, sorted(names - beside), n=1, cutoff=0.6)
    }
    if key in near:
        # A setting of another kind of endpoint.
        return ""
    best = difflib.get_close_matches(key, sorted(near), n=1, cutoff=0.6)
    return f"did you mean '{best[0]}'?" if best else ""


def _one_line(text: object) -> str:
    return str(text).encode("unicode_escape").decode() if not str(text).isprintable() else str(text)


def _cut(text: str) -> str:
    """At most _SHOWN characters of a text; if it is longer, with its length."""
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"


def _line_of(node: CommentedMap | CommentedSeq, key: Any, fallback: int) -> int:
    try:
        position = node.lc.key(key) if isinstance(node, CommentedMap) else node.lc.item(key)
    except (KeyError, AttributeError, IndexError):
        return fallback
    return int(position[0]) + 1
