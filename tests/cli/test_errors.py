"""What goes wrong, said in one sentence each; the rest goes on."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.cli.conftest import COMMAND, CliHarness


@pytest.fixture
def empty(tmp_path: Path) -> CliHarness:
    """A folder without any server behind it."""
    target = {"url": "http://127.0.0.1:9"}
    return CliHarness(tmp_path, {"netbox": target, "endpoints": [{"name": "nms", "kind": "librenms"}]})


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_all_errors_of_the_configuration_at_once_with_their_lines(empty: CliHarness) -> None:
    (empty.folder / "netbox_sync.yaml").write_text(
        """\
netbox:
  url: netbox.example.com
endpoints:
  - name: NMS 1
    kind: librenms
    url: https://librenms.example.com
    polices: {}
  - name: pve
    kind: proxmox
    url: https://pve.example.com:8006
    user: netbox@pve
    token_name: sync
""",
        encoding="utf-8",
    )
    answer = empty.run("check")

    assert answer.code == 1
    lines = answer.err.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("error: netbox_sync.yaml:2: netbox.url: ")
    assert lines[1].startswith("error: netbox_sync.yaml:4: endpoints.0.name: ")
    assert lines[2].startswith("error: netbox_sync.yaml:7: endpoints.0.polices: unknown field")
    assert lines[3].endswith(": token_name and token_env belong together: give both")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sync"], "netbox_sync.yaml: no such file; write one with: netbox-sync init"),
        (["--config", "other.yaml", "check"], "other.yaml: no such file; write one with: netbox-sync init"),
        (["status"], "there is no warehouse in {folder}/data yet; run: netbox-sync sync"),
        (
            ["--home", "elsewhere", "diff"],
            "there is no diff in {folder}/elsewhere yet; run: netbox-sync sync",
        ),
        (["diff", "nms"], "there is no diff of 'nms' yet; run: netbox-sync sync nms"),
        (["nope"], "No such command 'nope'. (help: netbox-sync --help)"),
        (["sql"], "the query is empty"),
    ],
)
def test_one_sentence_and_exit_code_1(empty: CliHarness, arguments: list[str], sentence: str) -> None:
    answer = empty.run(*arguments)

    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"error: {sentence.format(folder=empty.folder)}\n"


def test_the_environment_names_configuration_and_warehouse(empty: CliHarness) -> None:
    empty.environment = {"NETBOX_SYNC_CONFIG": "there.yaml", "NETBOX_SYNC_HOME": "/nowhere/at/all"}

    assert empty.run("sync").err == "error: there.yaml: no such file; write one with: netbox-sync init\n"
    assert empty.run("diff").err == "error: there is no diff in /nowhere/at/all yet; run: netbox-sync sync\n"


def test_an_unknown_endpoint_is_named_with_the_known_ones(harness: CliHarness) -> None:
    answer = harness.run("sync", "nmz")

    assert answer.code == 1
    assert (
        answer.err
        == "error: netbox_sync.yaml: no endpoint 'nmz' in the configuration; known: nms; did you mean nms?\n"
    )


def test_a_diff_of_an_endpoint_that_does_not_exist_says_so(synced: CliHarness) -> None:
    synced.add_endpoint(name="later", kind="librenms", url="https://librenms.example.com")
    wrong, unread = synced.run("diff", "nmz"), synced.run("diff", "later")
    assert (wrong.code, wrong.err) == (
        1,
        "error: netbox_sync.yaml: no endpoint 'nmz' in the configuration; known: later, nms; did you mean nms?\n",
    )
    assert unread.err == (
        "error: there is no diff of 'later' yet (diffs exist for: nms); run: netbox-sync sync later\n"
    )


def test_status_names_a_configuration_that_is_not_there(harness: CliHarness) -> None:
    missing = harness.run("--config", "other.yaml", "status")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err == "error: other.yaml: no such file; write one with: netbox-sync init\n"
    (harness.folder / "netbox_sync.yaml").unlink()
    unnamed = harness.run("status")
    assert unnamed.err == "error: netbox_sync.yaml: no such file; write one with: netbox-sync init\n"


def test_status_names_a_server_that_is_down_once(harness: CliHarness) -> None:
    harness.content["netbox"]["url"] = f"http://127.0.0.1:{closed_port()}"
    harness.configure()
    assert harness.run("sync").code == 1
    [line] = [line for line in harness.ok("status").splitlines() if "cannot connect" in line]
    assert line.startswith("netbox: cannot connect to http://127.0.0.1:")


def test_a_server_that_is_down_does_not_stop_the_other_endpoint(harness: CliHarness) -> None:
    port = closed_port()
    harness.add_endpoint(name="down", kind="librenms", url=f"http://127.0.0.1:{port}")

    answer = harness.run("sync")

    assert answer.code == 1
    assert answer.err.startswith(f"error: endpoint 'down': cannot connect to http://127.0.0.1:{port} (")
    assert answer.err.count("\n") == 1
    assert answer.out.endswith("    vlans          1 create\n")
    status = harness.ok("status")
    lines = [line.split() for line in status.splitlines()]
    assert ["down", "unreachable", "never"] in [words[:3] for words in lines]
    assert ["nms", "changes", "waiting"] in [words[:3] for words in lines]
    assert f"down: endpoint 'down': cannot connect to http://127.0.0.1:{port} (" in status


def test_netbox_down_means_no_comparison_and_the_endpoint_is_still_read(harness: CliHarness) -> None:
    harness.content["netbox"]["url"] = f"http://127.0.0.1:{closed_port()}"
    harness.configure()

    answer = harness.run("sync")

    assert answer.code == 1
    assert answer.out.startswith("nms: read 26.7.0, 7 rows in ")
    assert "against NetBox" not in answer.out
    assert answer.err.startswith("error: netbox: cannot connect to ")
    assert harness.ok("sql", "--csv", "SELECT hostname FROM librenms.devices") == "hostname\nsw1\n"


def test_a_shrunken_snapshot_is_told_and_can_be_accepted(harness: CliHarness, nms: LabLibreNMS) -> None:
    for number in range(20):
        nms.state.add_device(f"ap{number}", os="ios", hardware="C2960")
    harness.ok("sync")
    for number in range(20):
        device = nms.state.device(f"ap{number}")
        assert device is not None
        nms.state.delete_device(device)

    shrunken = harness.ok("sync")
    assert ", incomplete\n    devices: 1 of 21 rows of the last good snapshot\n" in shrunken
    assert "    if the source really shrank, repeat with --accept-shrink\n" in shrunken
    assert "nms: devices: 1 of 21 rows of the last good snapshot\n" in harness.ok("status")

    accepted = harness.ok("sync", "--accept-shrink")
    assert "nms: read 26.7.0, 7 rows in " in accepted
    assert "incomplete" not in accepted


def test_piped_output_has_no_escape_codes_and_is_not_wrapped(harness: CliHarness, nms: LabLibreNMS) -> None:
    long = "from the roof " * 13
    nms.state.ports[1]["ifAlias"] = long.strip()
    outputs = [harness.run(*words) for words in (["check"], ["sync"], ["status"])]
    outputs.append(harness.process("diff", "--all"))

    for answer in outputs:
        assert "\x1b" not in answer.out + answer.err
    assert any(long.strip() in line for line in outputs[-1].out.splitlines())


def terminal(harness: CliHarness, *arguments: str, keys: str = "") -> tuple[int, str]:
    """Run netbox-sync on a terminal; returns (exit code, what it showed)."""
    master, slave = pty.openpty()
    env = {**harness.all_environment, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=harness.folder,
        env=env,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        close_fds=True,
    )
    os.close(slave)
    os.write(master, keys.encode())
    shown = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    return process.wait(timeout=60), shown.decode()


def test_a_terminal_gets_colours_unless_told_otherwise(synced: CliHarness) -> None:
    assert "\x1b[32m+ create 50 in paris" in terminal(synced, "diff", "--resource", "vlans")[1]
    assert "\x1b[" not in terminal(synced, "--no-color", "diff", "--resource", "vlans")[1]
    synced.environment["NO_COLOR"] = "1"
    assert "\x1b[32m" not in terminal(synced, "diff", "--resource", "vlans")[1]


def test_a_terminal_is_asked_and_its_answer_counts(synced: CliHarness) -> None:
    code, shown = terminal(synced, "--no-color", "approve", "nms", "--resource", "vlans", keys="n\n")
    assert code == 0
    assert "Approve 1 change? [y/N]" in shown
    assert "nothing recorded" in shown
    code, shown = terminal(synced, "--no-color", "approve", "nms", "--resource", "vlans", keys="y\n")
    assert "approved 1 change until " in shown
    code, shown = terminal(synced, "--no-color", "apply", "nms", keys="y\n")
    assert code == 0
    assert "Write this to NetBox? [y/N]" in shown
    assert "nms: 1 applied (" in shown


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes started meanwhile obey SIGINT, although a shell's background job hands on that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_a_sync_at_once_with_130_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    # A server that takes the connection and never answers.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        endpoint = {"name": "nms", "kind": "librenms", "url": url}
        harness = CliHarness(tmp_path, {"netbox": {"url": url}, "endpoints": [endpoint]})
        harness.configure()
        process = subprocess.Popen(
            [*COMMAND, "sync"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "NETBOX_TOKEN": "one", "LIBRENMS_TOKEN": "two"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # Both servers are being asked by now.
        for _ in range(2):
            silent.accept()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert (out, err) == ("", "interrupted\n")
    assert time.monotonic() - began < 10
    assert list(tmp_path.glob("data/snapshots/*/*/current")) == []


def test_a_query_that_is_wrong_is_told_in_duckdb_s_words(synced: CliHarness) -> None:
    wrong = synced.run("sql", "SELECT nothing FROM librenms.devices")
    writing = synced.run("sql", "INSERT INTO librenms.devices SELECT * FROM librenms.devices")

    assert (wrong.code, writing.code) == (1, 1)
    assert wrong.err.startswith("error: the query failed: Binder Error: Referenced column")
    assert writing.err.startswith("error: sql only reads: give queries (SELECT, FROM, ")


def test_sql_prints_tables_csv_and_json_from_an_argument_or_standard_input(synced: CliHarness) -> None:
    question = "SELECT ifName, ifSpeed, NULL AS gap FROM librenms.ports ORDER BY 1"

    assert [line.split() for line in synced.ok("sql", question).splitlines()] == [
        ["ifName", "ifSpeed", "gap"],
        ["─" * 26],
        ["Gi0/1", "1000000000", "NULL"],
        ["Gi0/2", "1000000000", "NULL"],
        ["2", "rows"],
    ]
    assert (
        synced.ok("sql", "--csv", stdin=question)
        == "ifName,ifSpeed,gap\nGi0/1,1000000000,\nGi0/2,1000000000,\n"
    )
    assert json.loads(synced.ok("sql", "--json", stdin=question)) == [
        {"ifName": "Gi0/1", "ifSpeed": 1000000000, "gap": None},
        {"ifName": "Gi0/2", "ifSpeed": 1000000000, "gap": None},
    ]


def test_status_as_json_and_for_endpoints_that_were_never_read(synced: CliHarness) -> None:
    synced.add_endpoint(name="later", kind="librenms", url="https://librenms.example.com", enabled=False)

    found = {row["endpoint"]: row for row in json.loads(synced.ok("status", "--json"))["endpoints"]}

    assert list(found) == ["netbox", "later", "nms"]
    assert found["later"]["state"] == "disabled"
    nms = found["nms"]
    assert (nms["state"], nms["complete"], nms["waiting"], nms["approved"], nms["conflicts"]) == (
        "changes waiting",
        True,
        9,
        0,
        0,
    )
    assert nms["last_success"].endswith("+00:00")
    assert found["netbox"]["waiting"] is None


def test_the_tokens_reach_no_file_and_no_output(synced: CliHarness) -> None:
    outputs = [synced.run(*arguments) for arguments in (["check"], ["sync"], ["status"], ["diff", "--json"])]

    for answer in outputs:
        assert "token-1" not in answer.out + answer.err
    for file in (synced.folder / "data").rglob("*"):
        if file.is_file():
            assert b"librenms-token-1" not in file.read_bytes(), file
            assert b"netbox-token-1" not in file.read_bytes(), file


def test_an_endpoint_without_any_device_is_read_and_told_as_incomplete(harness: CliHarness) -> None:
    with LabLibreNMS(LibreNMSState(), token=harness.environment["LIBRENMS_TOKEN"]) as bare:
        harness.configure(url=bare.url)
        answer = harness.run("sync")

    empty = "LibreNMS shows no device at all; an empty answer does not prove that anything was removed\n"
    assert (answer.code, answer.err) == (1, f"error: endpoint 'nms': nothing was compared: {empty}")
    assert f"    {empty}" in answer.out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"import_devices": "yes"},
            "import_devices: must be all, none, or a filter such as {type: [network], location: [Paris]}",
        ),
        (
            {"name": "My NMS"},
            "name: must be at most 63 lower-case letters, digits, - and _, the first a letter or digit",
        ),
        (
            {"policies": {"create": ["device_type"]}},
            "'device_type' is not a resource; did you mean 'device_types'?",
        ),
        (
            {"policies": {"owns": ["interface.description"]}},
            "'interface.description': there is no resource 'interface'; did you mean 'interfaces'?",
        ),
    ],
)
def test_a_mistake_is_said_with_what_is_meant(
    empty: CliHarness, change: dict[str, Any], sentence: str
) -> None:
    empty.add_endpoint(**{"name": "nms", "kind": "librenms", "url": "http://127.0.0.1:9", **change})
    assert sentence in empty.run("check").err


def test_the_address_of_netbox_is_written_without_api(empty: CliHarness) -> None:
    empty.content["netbox"] |= {"url": "https://netbox.example.com/api/"}
    empty.configure()
    said = "netbox.url: must not end in /api: write only the address of NetBox's first page"
    assert said in empty.run("check").err


def test_a_wrong_resource_or_action_says_what_is_meant(empty: CliHarness) -> None:
    resource = empty.run("diff", "--resource", "interface").err
    assert resource == "error: --resource interface: no such resource; did you mean 'interfaces'?\n"
    action = empty.run("diff", "--action", "creates").err
    assert action == "error: --action creates: no such action; did you mean 'create'?\n"
