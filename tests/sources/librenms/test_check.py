"""`netbox-sync check`: one clear line for each thing a LibreNMS endpoint needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.sources.librenms.check import check_librenms
from netbox_sync_lab.certs import make_certificates
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.sources.librenms.conftest import Reader


def outcome(reader: Reader, url: str, **options: object) -> dict[str, tuple[bool, str]]:
    checks = check_librenms(reader.endpoint(url, **options))
    return {check.name: (check.ok, check.sentence) for check in checks}


def test_a_good_endpoint_passes_everything(state: LibreNMSState, reader: Reader, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "certs")
    with LabLibreNMS(state, certfile=certificates.certfile, keyfile=certificates.keyfile) as server:
        checks = outcome(reader, server.url, tls={"ca": str(certificates.ca_path)})
    assert checks == {
        "reachable": (True, f"{server.url}/api/v0 answers"),
        "tls": (True, "the server's certificate is valid"),
        "token": (True, "the server takes the token"),
        "version": (True, "LibreNMS 26.7.0"),
        "rights: devices": (True, "the token may read devices"),
        "rights: vlans": (True, "the token may read vlans"),
        "rights: addresses": (True, "the token may read addresses"),
        "rights: global-read": (True, "nothing that only global-read may see is refused"),
        "rights: poller groups": (True, "the token may read poller groups"),
    }


@pytest.mark.parametrize(("version", "refused"), [("26.7.0", "vlans"), ("23.11.0", "addresses")])
def test_a_restricted_token_is_told_which_right_it_lacks(
    state: LibreNMSState, reader: Reader, version: str, refused: str
) -> None:
    with LabLibreNMS(state, version=version, restricted_to=[1]) as server:
        checks = outcome(reader, server.url)
    assert [name for name, (ok, _) in checks.items() if not ok] == [
        f"rights: {refused}",
        "rights: global-read",
    ]
    assert checks["rights: global-read"][1].endswith("use a token of a user with the global-read role")


def test_a_global_read_token_of_an_old_release_is_enough(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state, version="23.11.0", role="global-read") as server:
        checks = outcome(reader, server.url)
    assert all(ok for ok, _ in checks.values())
    assert (
        checks["version"][1] == "LibreNMS 23.11.0 gives no VLAN memberships; tagged VLANs need 26.2 or newer"
    )
    assert checks["rights: poller groups"][1] == "the token may not read them; no table needs them"


def test_device_groups_of_the_import_filter_are_looked_up(state: LibreNMSState, reader: Reader) -> None:
    state.device_groups.append({"id": 1, "name": "Core", "type": "static"})
    with LabLibreNMS(state) as server:
        good = outcome(reader, server.url, import_devices={"group": ["Core"]})
        wrong = outcome(reader, server.url, import_devices={"group": ["Cores", "Core"]})
    assert good["import_devices.group"] == (True, "LibreNMS has Core")
    assert wrong["import_devices.group"] == (
        False,
        "LibreNMS has no device group 'Cores'; did you mean Core?",
    )


def test_an_old_release_fails_the_version(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state, version="22.12.0") as server:
        checks = outcome(reader, server.url)
    assert checks["version"] == (
        False,
        "LibreNMS 22.12.0 is older than 23.11, the oldest release that is read; update it",
    )


def test_a_wrong_token_fails_the_token_and_nothing_before_it(
    state: LibreNMSState, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRENMS_TOKEN", "wrong")
    with LabLibreNMS(state) as server:
        checks = outcome(reader, server.url)
    assert {name: ok for name, (ok, _) in checks.items()} == {"reachable": True, "tls": True, "token": False}


def test_a_missing_token_names_the_variable(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIBRENMS_TOKEN")
    assert outcome(reader, "http://127.0.0.1:9") == {
        "token": (False, "set the environment variable LIBRENMS_TOKEN")
    }


def test_a_certificate_of_an_unknown_authority_fails_tls(
    state: LibreNMSState, reader: Reader, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path / "certs")
    with LabLibreNMS(state, certfile=certificates.certfile, keyfile=certificates.keyfile) as server:
        checks = outcome(reader, server.url)
    assert {name: ok for name, (ok, _) in checks.items()} == {"reachable": True, "tls": False}


def test_a_server_that_is_down_is_not_reachable(reader: Reader) -> None:
    checks = outcome(reader, "http://127.0.0.1:9")
    assert {name: ok for name, (ok, _) in checks.items()} == {"reachable": False}


def test_a_check_needs_no_more_than_six_calls(state: LibreNMSState, reader: Reader) -> None:
    with LabLibreNMS(state) as server:
        outcome(reader, server.url)
    assert len(server.requests) == 5
