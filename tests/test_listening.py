"""A port that is taken: one sentence, and nothing of an earlier lab or demo is lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netbox_sync_dagster.demo.servers import Lab, lab_runs_in
from netbox_sync_dagster.demo.ui import UiPorts
from netbox_sync_dagster.listening import CannotListen, Choice, check_free, listen
from tests.cli.conftest import CliHarness

CONFIGURATION = '{"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": []}'
FREE = ("--netbox-port", "0", "--librenms-port", "0", "--proxmox-port", "0")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        (("web", "--port"), "--port, or web.port in the configuration"),
        (("lab", "--netbox-port"), "--netbox-port"),
        (("lab", "--librenms-port"), "--librenms-port"),
        (("lab", "--proxmox-port"), "--proxmox-port"),
        (("demo", "--ui", "--ui-port"), "--ui-port"),
        (("demo", "--ui", "--page-port"), "--page-port"),
    ],
)
def test_the_error_names_the_port_and_the_option(
    tmp_path: Path, taken: int, words: tuple[str, ...], choice: str
) -> None:
    harness = CliHarness(tmp_path, {})
    (tmp_path / "netbox_sync.yaml").write_text(CONFIGURATION)
    more = FREE if words[0] == "lab" else ()
    answer = harness.run(words[0], *more, *words[1:], str(taken))
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        f"error: port {taken} on 127.0.0.1 is used by another program; choose another with {choice}\n"
    )


def test_the_data_of_an_earlier_lab_or_demo_stays_if_a_port_is_taken(tmp_path: Path, taken: int) -> None:
    for folder in ("lab-data", "demo"):
        (tmp_path / folder / "data").mkdir(parents=True)
        (tmp_path / folder / "lab.env").touch()
    harness = CliHarness(tmp_path, {})
    assert harness.run("lab", "--netbox-port", str(taken)).code == 1
    assert harness.run("demo", "--ui", "--ui-port", str(taken)).code == 1
    assert (tmp_path / "lab-data/data").exists() and (tmp_path / "demo/data").exists()


def test_a_usual_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    opened = []
    # Whoever has them: another program, or this test.
    for port in (3000, 8780):
        with suppress(OSError):
            opened.append(socket.create_server(("127.0.0.1", port)))
    try:
        found = UiPorts.chosen(None, None)
    finally:
        for one in opened:
            one.close()
    assert 3000 not in found and 8780 not in found
    found.check()


def test_one_port_for_two_servers_is_refused() -> None:
    with pytest.raises(CannotListen, match="choose another with --librenms-port"):
        check_free([("--netbox-port", free := _free()), ("--librenms-port", free)])


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        # TEST-NET-1: no machine has it.
        ("192.0.2.1", "this machine does not have the address 192.0.2.1; choose another with --host"),
        (
            "no\x1b[2Jsuch",
            r"this machine does not know the host 'no\\x1b\[2Jsuch'; choose another with --host",
        ),
    ],
)
def test_a_host_that_is_not_of_this_machine(host: str, sentence: str) -> None:
    with pytest.raises(CannotListen, match=sentence):
        listen(host, 0, Choice("--port", "--host"))


def test_settings_of_the_command_line_that_the_page_refuses_are_one_sentence(tmp_path: Path) -> None:
    harness = CliHarness(tmp_path, {})
    (tmp_path / "netbox_sync.yaml").write_text(CONFIGURATION)
    answer = harness.run("web", "--host", "192.0.2.1")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "error: host 192.0.2.1 is reachable from other machines, so passwords would be sent unencrypted: set tls, or "
        "trusted_proxy for a proxy that does TLS, or listen on 127.0.0.1\n"
    )


def test_a_lab_that_runs_keeps_its_folder(tmp_path: Path) -> None:
    harness = CliHarness(tmp_path, {})
    with Lab(tmp_path / "demo", seeded=False):
        (tmp_path / "demo/data").mkdir()
        for words in (("demo",), ("demo", "--ui"), ("lab", "--dir", "demo", *FREE)):
            answer = harness.run(*words)
            assert (answer.code, answer.out) == (1, "")
            assert answer.err == (
                "error: the servers of another lab or demo run in demo; end them with Ctrl-C in their terminal, or choose "
                "another folder with --dir\n"
            )
        assert (tmp_path / "demo/data").exists() and lab_runs_in(tmp_path / "demo")
    assert not lab_runs_in(tmp_path / "demo") and not lab_runs_in(tmp_path)
