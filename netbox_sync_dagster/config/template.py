"""The files that ``netbox-sync init`` writes: a commented configuration and its JSON schema for editors."""

from __future__ import annotations

import json
from textwrap import indent

from netbox_sync_dagster.config.model import Config
from netbox_sync_dagster.sources.registry import sources

SCHEMA_FILE = "netbox_sync.schema.json"

_HEAD = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# Configuration of netbox-sync. Edit, then run: netbox-sync check
# Completion in editors: netbox-sync init --schema

# The NetBox to keep in sync (4.2 or newer). Never write tokens into this file: it names environment variables.
netbox:
  url: https://netbox.example.com
  token_env: NETBOX_TOKEN
  # page_size: 1000        # objects per page when reading, up to NetBox's MAX_PAGE_SIZE
  # batch_size: 200        # maximum number of objects per write request
  # max_in_flight: 2       # parallel requests: the number of NetBox's workers
  # journal: false         # one journal entry per device or VM touched
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

# If two endpoints want different values for a field, the first of these wins.
# precedence: [@first, @last]
# field_precedence: {interfaces.type: [@last, @first]}   # for one field; overrides precedence
"""


def template() -> str:
    """A commented configuration with an example endpoint of every installed source that has one."""
    examples = [indent(example, "  ") for source in sources().values() if (example := source.template())]
    names = [example.split("name: ", 1)[1].split()[0] for example in examples]
    tail = _TAIL.replace("@first", names[0]).replace("@last", names[-1])
    return f"{_HEAD}{_ENDPOINTS}" + "\n".join(examples) + f"\n{tail}"


def json_schema() -> str:
    """The JSON schema of the configuration file, as text."""
    schema = Config.model_json_schema(mode="validation")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "netbox_sync.yaml",
        **schema,
    }
    return json.dumps(schema, indent=2, sort_keys=False) + "\n"
