"""The files that ``netbox-sync init`` writes: a commented configuration, its JSON schema for editors, Dagster's files."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent

from netbox_sync_dagster.config.model import Config
from netbox_sync_dagster.sources.base import Source
from netbox_sync_dagster.sources.registry import source_of, sources
from netbox_sync_dagster.text import quoted

SCHEMA_FILE = "netbox_sync.schema.json"
DAGSTER_FILES = ("dagster.yaml", "workspace.yaml")
# What netbox-sync and Dagster write beside the configuration, and the usual file of secrets.
IGNORED = (
    *("/data/", "/history/", "/schedules/", "/storage/", "/logs/", "/.logs_queue/", "/.telemetry/", "/.nux/"),
    "/.env",
)

# An endpoint: its kind, and the settings that are known, by their key in the configuration (nested ones with a dot).
Endpoint = tuple[str, Mapping[str, str]]

_PACKAGE = Path(__file__).parents[1]
# YAML reads these as the same text, number or truth value.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./:@%+-]*|[0-9]+")
_HEAD = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# Configuration of netbox-sync. Edit, then run: netbox-sync check
# Editors complete it with the schema; after an upgrade: netbox-sync init --schema

# The NetBox to keep in sync (4.2 or newer). Never write tokens into this file: it names environment variables.
netbox:
  url: https://netbox.example.com
  token_env: NETBOX_TOKEN
  # page_size: 1000        # objects per page when reading, up to NetBox's MAX_PAGE_SIZE
  # batch_size: 200        # maximum number of objects per write request
  # max_in_flight: 2       # parallel requests: the number of NetBox's workers
  # journal: false         # one journal entry per device or VM touched
  # hook_secret_env: NETBOX_HOOK_SECRET     # accept hooks of NetBox: docs/hooks.md
  # tls:
  #   ca: ca.pem           # your own certificate authority, relative to this file

"""
_ENDPOINTS = """\
# The sources to read; delete those that you do not have. name: unique; lower-case letters, digits, - and _.
# interval: seconds between syncs in Dagster; 0: no automatic syncs. Or `schedule: "15 3 * * *"` with
# `timezone: Europe/Paris`.
endpoints:
"""
_TAIL = """\
# Your own rules in SQL are files like rules/devices.sql beside this file, see docs/rules.md.
# rules: {timeout: 30}   # folder: another folder

# Owners of the assets in Dagster: e-mail addresses or team:name. An endpoint can override them.
# owners: ["team:network"]
"""
_PRECEDENCE = """\

# If two endpoints want different values for a field, the first of these wins.
# precedence: [@first, @last]
# field_precedence: {interfaces.type: [@last, @first]}   # for one field; overrides precedence
"""


def template(netbox: Mapping[str, str] | None = None, endpoints: Sequence[Endpoint] | None = None) -> str:
    """A commented configuration with these settings of NetBox and these endpoints.

    ``endpoints``: None stands for an example of every installed source that has one.
    """
    if endpoints is None:
        endpoints = [(kind, {}) for kind, source in sources().items() if source.template()]
    parts = [indent(_endpoint(source_of(kind), settings), "  ") for kind, settings in endpoints]
    names = [part.split("name: ", 1)[1].split()[0] for part in parts]
    text = _filled(_HEAD, netbox or {}) + (
        _ENDPOINTS + "\n".join(parts) if parts else _ENDPOINTS.replace("endpoints:", "endpoints: []")
    )
    text += f"\n{_TAIL}"
    if len(names) > 1:
        text += _PRECEDENCE.replace("@first", names[0]).replace("@last", names[-1])
    return text


def default_name(source: Source, taken: Sequence[str]) -> str:
    """The name of the source's example, with a number if it is taken."""
    found = re.search(r"^- name: (\S+)", source.template())
    name = found[1] if found else source.kind
    stem, number = name.rstrip("0123456789"), 1
    while name in taken:
        number += 1
        name = f"{stem}{number}"
    return name


def dagster_file(name: str) -> str:
    """The shipped ``dagster.yaml`` or ``workspace.yaml``, in a checkout and in an installed wheel alike."""
    for folder in (_PACKAGE / "_dagster", _PACKAGE.parent):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"no {name} beside or inside {_PACKAGE}; reinstall netbox-sync-dagster")


def missing_ignores(content: bytes) -> bytes:
    """What to append to a ``.gitignore`` with this content, of any encoding: the lines that it lacks for what netbox-sync
    and Dagster write. Empty if it has all."""
    have = {line.strip().strip(b"/") for line in content.removeprefix(BOM_UTF8).splitlines()}
    missing = [line for line in IGNORED if line.strip("/").encode() not in have]
    if not missing:
        return b""
    newline = "\r\n" if b"\r\n" in content else "\n"
    first = "" if not content or content.endswith(b"\n") else newline
    lines = ["# Written by netbox-sync and Dagster", *missing]
    return (first + "".join(f"{line}{newline}" for line in lines)).encode()


def _endpoint(source: Source, settings: Mapping[str, str]) -> str:
    text = source.template() or f"- name: {source.kind}\n  kind: {source.kind}\n"
    return _filled(text, settings)


def _filled(text: str, settings: Mapping[str, str]) -> str:
    """The lines of YAML with these settings in them; those that the lines do not have follow ``url``, or else ``kind``;
    empty ones become comments."""
    lines = text.splitlines()
    more: dict[str, list[str]] = {}
    for setting, value in settings.items():
        top, _, nested = setting.partition(".")
        if not value:
            _comment_out(lines, setting)
        elif nested:
            more.setdefault(top, [f"  {top}:"]).append(f"    {nested}: {_scalar(value)}")
        elif not _replaced(lines, setting, value):
            more[top] = [f"  {top}: {_scalar(value)}"]
    place = next(
        at for key in ("url", "kind") for at, line in enumerate(lines) if line.startswith(f"  {key}: ")
    )
    lines[place + 1 : place + 1] = [line for part in more.values() for line in part]
    return "\n".join(lines) + "\n"


def _comment_out(lines: list[str], setting: str) -> None:
    lines[:] = [f"  # {line[2:]}" if line.startswith(f"  {setting}: ") else line for line in lines]


def _replaced(lines: list[str], setting: str, value: str) -> bool:
    """Set the line of a setting, or the comment that shows it, keeping the comment behind it."""
    for mark in ("", "# "):
        for at, line in enumerate(lines):
            found = re.match(rf"(- |  ){mark}{re.escape(setting)}: .*?(\s+# .*)?$", line)
            if found:
                lines[at] = f"{found[1]}{setting}: {_scalar(value)}{found[2] or ''}"
                return True
    return False


def _scalar(value: str) -> str:
    return value if _PLAIN.fullmatch(value) and not value.endswith(":") else quoted(value)


def json_schema() -> str:
    """The JSON schema of the configuration file, as text."""
    schema = Config.model_json_schema(mode="validation")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "netbox_sync.yaml",
    }
    return json.dumps(schema, indent=2, sort_keys=False) + "\n"
