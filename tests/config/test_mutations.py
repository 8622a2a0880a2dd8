"""Bad configurations, made by mutation from a good one: each is refused with file and line, or is good.

``BAD_CONFIGURATIONS=500 pytest tests/config/test_mutations.py`` tries as many.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from netbox_sync_dagster.config import ConfigError, load_config

GOOD = """\
netbox:
  url: https://netbox.example.com
  token_env: NETBOX_TOKEN
  page_size: 500
  branch: drift
endpoints:
  - name: nms
    kind: librenms
    url: https://librenms.example.com
    token_env: LIBRENMS_TOKEN
    interval: 300
    schedule: "15 3 * * *"
    timezone: Europe/Paris
    import_devices:
      os: [ios, junos]
      hostname: ['sw.*']
    defaults: {site: Paris, role: Switch}
    mappings:
      sites: {"Paris 1": Paris}
      interface_types:
        - {ifType: ethernetCsmacd, speed: 1000000, type: 1000base-t}
      module_rules:
        - {field: bay, match: '^Slot', replace: 'Bay'}
    policies:
      auto_approve: [interfaces.update.description]
      delete: [interfaces]
      approval_hours: 12
      owns: [interfaces.description]
  - name: pve
    kind: proxmox
    url: https://pve.example.com:8006
    user: sync@pve
    token_name: netbox
    token_env: PROXMOX_TOKEN
    agent_timeout: 5
    mappings:
      vnets: {vnet20: 20}
  - name: docker1
    kind: docker
    url: unix:///var/run/docker.sock
    ignored_containers: ['ci-.*']
notifications:
  - name: chat
    kind: webhook
    url_env: CHAT_URL
    on: [failure, deletes]
  - name: mail
    kind: email
    host: mail.example.com
    sender: sync@example.com
    to: [noc@example.com]
retention: {snapshots: 5, diffs: 10}
precedence: [nms, pve]
field_precedence:
  interfaces.type: [nms, pve]
"""

VALUES = [
    *(
        "null",
        "~",
        "true",
        "0",
        "-1",
        "1e300",
        ".inf",
        "-.inf",
        ".nan",
        "1_000",
        "0x10",
        "99999999999999999999999",
    ),
    *(
        '""',
        '" "',
        "'x: y'",
        "[]",
        "{}",
        "[[]]",
        "{a: {b: c}}",
        "[null]",
        "{null: null}",
        "{1: 2}",
        "{[1]: 2}",
    ),
    *(
        "2026-11-20",
        "2026-11-20T01:02:03Z",
        "!!python/object:os.system x",
        "!unknown y",
        "!!binary aGk=",
        "&a [*a]",
    ),
    *(
        "*nobody",
        "&a {b: *a}",
        "'(['",
        "'\\x00'",
        '"\\0"',
        '"\\u202e"',
        '"\\ud800"',
        "'(?<x>'",
        "x" * 5000,
        "*",
    ),
    *(
        "[" * 3000 + "]" * 3000,
        "{a: " * 2000 + "}" * 2000,
        "|\n   text\n",
        ">-\n",
        "@x",
        "`x`",
        "%x",
        "- - -",
        "? x",
    ),
    *(
        "https://user:hunter2@host",
        "http://[::1",
        "ftp://x",
        "//x",
        "https://",
        "https://x y",
        "http://x:99999",
    ),
]
TEXTS = [
    "\t",
    "\x00",
    "\x1b",
    "\ufeff",
    "\u2028",
    "  ",
    "\n",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "#",
    "&a",
    "*a",
    "---\n",
    "...\n",
    "\r",
    "%YAML 9.9\n---\n",
    "<<: *a\n",
]


def mutated(random: random.Random) -> str:
    """The good configuration with one to three faults in it."""
    text = GOOD
    for _ in range(random.randint(1, 3)):
        lines = text.splitlines(keepends=True)
        number = random.randrange(len(lines))
        line = lines[number]
        match random.randrange(7):
            case 0:
                del lines[number]
            case 1:
                lines.insert(number, line)
            case 2 if ":" in line:
                lines[number] = f"{line.split(':')[0]}: {random.choice(VALUES)}\n"
            case 3:
                lines[number] = line.replace(
                    line.strip()[:4], random.choice(["nmae", "", "x" * 300, "null", "é", "0"]), 1
                )
            case 4:
                place = random.randrange(len(line))
                lines[number] = line[:place] + random.choice(TEXTS) + line[place:]
            case 5:
                lines[number] = random.choice(["", " ", "      "]) + line.lstrip(" ")
            case _:
                lines = lines[: number + 1] if random.random() < 0.2 else lines[:number] + lines[number + 1 :]
        text = "".join(lines)
    return text


def refused(file: Path, content: str | bytes) -> list[str]:
    """The errors of a configuration with that content; empty where it is good."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    try:
        load_config(file)
    except ConfigError as error:
        return error.errors
    return []


def test_the_configuration_that_is_mutated_is_good(tmp_path: Path) -> None:
    assert refused(tmp_path / "netbox_sync.yaml", GOOD) == []


@pytest.mark.parametrize("seed", range(int(os.environ.get("BAD_CONFIGURATIONS", "200")) // 50))
def test_fifty_mutations_are_good_or_refused_with_file_and_line(tmp_path: Path, seed: int) -> None:
    file = tmp_path / "netbox_sync.yaml"
    generator = random.Random(seed)
    bad = 0
    for _ in range(50):
        text = mutated(generator)
        errors = refused(file, text)
        bad += bool(errors)
        for error in errors:
            assert re.match(re.escape(str(file)) + r":[1-9]\d*: \S", error), (error, text)
            assert "\n" not in error
            assert len(error) < 600, error
            assert "hunter2" not in error
    assert bad >= 25


@pytest.mark.parametrize(
    ("line", "wrong", "sentence"),
    [
        (
            4,
            ("  page_size: 500", "  page_size: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
            "nested too deeply: a configuration has no more than a few levels",
        ),
        (
            2,
            ("https://netbox", "https://sync:hunter2@netbox"),
            "netbox.url: must not contain a user name, password or token: set token_env or password_env to the name of an "
            "environment variable that holds it (the value is not shown)",
        ),
        (
            2,
            ("netbox.example.com", "netbox.example.com/?token=hunter2"),
            "netbox.url: must not have a query or a fragment: set only the server's address",
        ),
        (
            40,
            ("unix:///var/run/docker.sock", "https://sync:hunter2@docker1:2376"),
            "endpoints.2.url: must not contain a user name, password or token: set token_env or password_env to the name "
            "of an environment variable that holds it (the value is not shown)",
        ),
        (
            3,
            ("token_env: NETBOX_TOKEN", "token_env: d3b07384d113edec49eaa6238ad5ff00"),
            "netbox.token_env: must be the name of an environment variable in upper case, e.g. NETBOX_TOKEN; set "
            "that variable to the secret; never write the secret into this file (the value is not shown)",
        ),
        (
            27,
            ("approval_hours: 12", "approval_hours: .inf"),
            "endpoints.0.policies.approval_hours: Input should be less than or equal to 8784 (found: inf)",
        ),
        (
            27,
            ("approval_hours: 12", "approval_hours: .nan"),
            "endpoints.0.policies.approval_hours: Input should be less than or equal to 8784 (found: nan)",
        ),
        (
            27,
            ("approval_hours: 12", "approval_hours: 1e300"),
            "endpoints.0.policies.approval_hours: Input should be less than or equal to 8784 (found: 1e+300)",
        ),
        (
            37,
            ("vnet20: 20", "vnet20: 5000"),
            "endpoints.1.mappings.vnets.vnet20: Input should be less than or equal to 4094 (found: 5000)",
        ),
        (29, ("name: pve", "name: nms"), "endpoints.1.name: endpoint name given twice: nms"),
        (
            53,
            ("precedence: [nms, pve]\nfield", "precedence: [nms, lyon]\nfield"),
            "precedence: precedence names unknown endpoints: lyon",
        ),
    ],
)
def test_the_error_names_the_line_and_repeats_no_secret(
    tmp_path: Path, line: int, wrong: tuple[str, str], sentence: str
) -> None:
    file = tmp_path / "netbox_sync.yaml"

    errors = refused(file, GOOD.replace(*wrong, 1))

    assert errors == [f"{file}:{line}: {sentence}"]


def test_bytes_that_are_not_text_are_named_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "netbox_sync.yaml"

    assert refused(file, GOOD.encode().replace(b"Switch", b"Sw\xefitch")) == [
        f"{file}:17: not UTF-8 text (byte 0xef)"
    ]
    assert refused(file, GOOD.replace("Switch", "Sw\x07itch")) == [
        f"{file}:17: not valid YAML: the character U+0007 is not allowed"
    ]
