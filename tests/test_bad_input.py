"""Whatever a server does: exit code 1 and one clear sentence, the last good snapshot stays, the others go on.

NetBox is in step and every policy allows deletes, so that a snapshot which is wrongly taken for whole would show as
deletes in the diff.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from netbox_sync_dagster import http
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.bad_input_site import (
    LIBRENMS_TOKEN,
    NAMES,
    NETBOX_TOKEN,
    WRONG,
    Company,
    closed_port,
    librenms_state,
    running,
)
from tests.cli.conftest import Answer

SYSTEMS = ("librenms", "proxmox", "netbox")
SOURCES = ("librenms", "proxmox")
URL = r"https?://127\.0\.0\.1:\d+"
BUSY = "; the server or a proxy before it is down or overloaded: look there, and try again later"
LOG = "; the server's own log says why"
LOOK = "; look at the server and at the proxies before it"
BROKE = rf"the connection to {URL} broke( during GET /version)? \(\w+\){LOOK}"
WEB_PAGE = rf"GET /\S+ answered with a web page instead of JSON; check that `url` is (the API's base address|{URL}'s API and that there is no portal or proxy in front of it)"


@pytest.fixture(scope="module")
def in_step(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with running(tmp_path_factory.mktemp("company")) as company:
        yield company


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a second try."""
    monkeypatch.setattr(http, "_FIRST_PAUSE", 0.005)


@pytest.fixture
def company(in_step: Company) -> Iterator[Company]:
    """The company for one test, its servers well at the end."""
    yield in_step.again()
    in_step.heal()


@pytest.fixture
def unread(in_step: Company) -> Iterator[Company]:
    """The company for a test after which no diff is another one: it begins where the one before it ended."""
    yield in_step.as_it_is()
    in_step.heal()


def sync(company: Company, *names: str) -> Answer:
    """Sync; whatever happens, no traceback, no secret and nothing to delete."""
    answer = company.harness.run("sync", *names)
    for text in (answer.out, answer.err):
        assert "Traceback" not in text
        assert "this should not happen" not in text
    company.no_secret_in(answer)
    assert company.deletes() == []
    return answer


def failed(company: Company, systems: tuple[str, ...], sentence: str) -> None:
    """Sync while these systems do not work: each fails with the sentence, keeps its snapshot, and shows the
    failure in the status; the other systems are read."""
    before = {system: company.current(system) for system in SYSTEMS}

    answer = sync(company, "nms", "pve")

    assert answer.code == 1
    errors = answer.err.splitlines()
    assert len(errors) == len(systems), answer.err
    for system, line in zip(systems, errors, strict=True):
        who = r"netbox(\.token_env)?" if system == "netbox" else f"endpoint '{NAMES[system]}'"
        assert re.fullmatch(f"error: {who}: {sentence}", line), line
    assert {s for s in SYSTEMS if company.current(s) == before[s]} == set(systems)
    assert "against NetBox" not in answer.out
    status = company.harness.run("status", "--json")
    company.no_secret_in(status)
    states = {row["endpoint"]: row["state"] for row in json.loads(status.out)["endpoints"]}
    assert {s for s in SYSTEMS if states[NAMES[s]] in ("error", "unreachable")} == set(systems)


FAULTS: dict[int | str, str] = {
    500: rf"GET /\S+ answered 500: (a web page|Internal Server Error){LOG}",
    502: rf"GET /\S+ answered 502: (a web page|Bad Gateway){BUSY}",
    503: rf"GET /\S+ answered 503: (a web page|Service Unavailable){BUSY}",
    504: rf"GET /\S+ answered 504: (a web page|Gateway Timeout){BUSY}",
    "reset": BROKE,
    "truncate": BROKE,
    "html200": WEB_PAGE,
}


@pytest.mark.parametrize("systems", [SOURCES, ("netbox",)], ids=["sources", "netbox"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_only_fails(unread: Company, fault: int | str, systems: tuple[str, ...]) -> None:
    for system in systems:
        unread.servers.of(system).fail_always(status=fault)

    failed(unread, systems, FAULTS[fault])


def test_the_other_endpoints_are_read_and_compared(company: Company) -> None:
    company.servers.librenms.fail_always(status=503)

    answer = sync(company, "nms", "branch")

    assert answer.code == 1
    assert re.fullmatch(f"error: endpoint 'nms': {FAULTS[503]}\n", answer.err)
    assert "branch: read 26.7.0" in answer.out
    assert "\nbranch against NetBox\n    devices  1 blocked\n" in answer.out


def wrong_token(company: Company, system: str) -> None:
    variable = {"librenms": "LIBRENMS_TOKEN", "proxmox": "PROXMOX_TOKEN", "netbox": "NETBOX_TOKEN"}[system]
    company.harness.environment[variable] = WRONG


def no_token(company: Company, system: str) -> None:
    variable = {"librenms": "LIBRENMS_TOKEN", "proxmox": "PROXMOX_TOKEN", "netbox": "NETBOX_TOKEN"}[system]
    del company.harness.environment[variable]


def nothing_listens(company: Company, system: str) -> None:
    scheme = "https" if system == "proxmox" else "http"
    company.set(system, url=f"{scheme}://127.0.0.1:{closed_port()}")


def another_web_server(company: Company, system: str) -> None:
    website = company.servers.website_tls if system == "proxmox" else company.servers.website
    company.set(system, url=website.url)


def a_path_too_many(company: Company, system: str) -> None:
    company.set(system, url=f"{company.servers.of(system).url}/some/path")


def unknown_authority(company: Company, system: str) -> None:
    servers = company.servers
    urls = {
        "librenms": servers.librenms_tls.url,
        "proxmox": servers.proxmox.url,
        "netbox": servers.netbox_tls.url,
    }
    company.set(system, url=urls[system], tls={})


REFUSED = (
    r"the server refused the token (in LIBRENMS_TOKEN )?(\(GET /system answered 401\)|) ?(sync@pve!netbox in PROXMOX_TOKEN \(401: invalid token value!\))?"
    r"; check it and that it has not expired"
)
MISTAKES: list[tuple[Any, str, str]] = [
    (
        wrong_token,
        REFUSED,
        r"the token in NETBOX_TOKEN was refused \(Invalid v1 token\); check that it is complete, enabled, not "
        "expired, and allowed from this address",
    ),
    (
        no_token,
        "set the environment variable (LIBRENMS|PROXMOX)_TOKEN",
        "set the environment variable NETBOX_TOKEN",
    ),
    (
        nothing_listens,
        rf"(cannot connect to {URL} \(.*refused\)|{URL} refused the connection); check the url .*and the network",
        rf"cannot connect to {URL} \(.*refused\); check the url and the network",
    ),
    (another_web_server, WEB_PAGE, WEB_PAGE),
    (
        a_path_too_many,
        rf"({URL}/some/path/api/v0/system answered 404; check that `url` is a LibreNMS server's address|{WEB_PAGE})",
        rf"there is no NetBox API at {URL}/some/path \(/api/status/ answered 404\); check netbox.url",
    ),
    (
        unknown_authority,
        rf"TLS to {URL} failed \(.*certificate verify failed.*\); set tls.ca to your certificate authority's PEM file",
        rf"TLS to {URL} failed \(.*certificate verify failed.*\); set tls.ca to your certificate authority's PEM file",
    ),
]


@pytest.mark.parametrize("netbox", [False, True], ids=["sources", "netbox"])
@pytest.mark.parametrize(
    ("mistake", "of_source", "of_netbox"), MISTAKES, ids=[item[0].__name__ for item in MISTAKES]
)
def test_a_mistake_in_the_configuration(
    unread: Company, mistake: Any, of_source: str, of_netbox: str, netbox: bool
) -> None:
    systems = ("netbox",) if netbox else SOURCES
    for system in systems:
        mistake(unread, system)

    failed(unread, systems, of_netbox if netbox else of_source)


@pytest.mark.parametrize("fault", [500, "reset", "html200"])
def test_the_check_names_a_server_that_fails_and_tries_the_others(unread: Company, fault: int | str) -> None:
    unread.servers.librenms.fail_always(status=fault)

    answer = unread.harness.run("check")

    assert (answer.code, answer.err) == (1, "")
    wrong = [line for line in answer.out.splitlines() if line.startswith("  failed")]
    assert len(wrong) == 1
    assert re.fullmatch(f"  failed reachable: {FAULTS[fault]}", wrong[0])
    assert "  ok     version: Proxmox VE 9.1.4" in answer.out
    assert "  ok     version: NetBox 4.6.8" in answer.out
    unread.no_secret_in(answer)


# -- a part of a server is missing: an incomplete snapshot -----------------------------------------


def incomplete(company: Company, system: str, reason: str) -> Answer:
    """Sync: the system is read, but known to be incomplete for that reason; nothing is deleted for it."""
    answer = sync(company, "nms" if system == "netbox" else NAMES[system])

    manifest = company.manifest(system)
    assert not manifest["complete"]
    assert any(re.search(reason, found) for found in manifest["reasons"]), manifest["reasons"]
    assert re.search(reason, answer.out, re.MULTILINE), answer.out
    assert ", incomplete" in answer.out
    return answer


# Fault -> (device of LibreNMS, guest of Proxmox) of which a call fails so, and what is said of the device.
SINGLE_CALLS: dict[int | str, tuple[int, int, str]] = {
    500: (1, 101, "answered 500"),
    "reset": (2, 102, "did not answer"),
    "truncate": (3, 104, "did not answer"),
    "html200": (4, 105, "answered with something other than a JSON list"),
}


@pytest.fixture(scope="module")
def partly_read(in_step: Company) -> dict[str, dict[str, Any]]:
    """{system: manifest} of a sync in which all SINGLE_CALLS failed; the addresses too, with status 500."""
    company = in_step.again()
    # Also those whose answers cannot have changed.
    company.set("librenms", full_read_hours=0)
    for fault, (device, vmid, _) in SINGLE_CALLS.items():
        company.servers.librenms.fail_always(status=fault, path_prefix=f"/devices/{device}/ports")
        company.servers.proxmox.fail_always(status=fault, path_prefix=f"/nodes/pve1/qemu/{vmid}/config")
    company.servers.librenms.fail_always(status=500, path_prefix="/resources/ip/addresses")
    with pytest.MonkeyPatch.context() as short:
        short.setattr(http, "_FIRST_PAUSE", 0.005)
        sync(company, "nms", "pve")
    in_step.heal()
    return {system: company.manifest(system) for system in SOURCES}


@pytest.mark.parametrize("fault", SINGLE_CALLS)
def test_single_calls_that_only_fail(partly_read: dict[str, dict[str, Any]], fault: int | str) -> None:
    _, vmid, device_is_told = SINGLE_CALLS[fault]
    assert not partly_read["librenms"]["complete"]
    assert not partly_read["proxmox"]["complete"]
    told = f"the VLAN memberships of a device could not be read: LibreNMS {device_is_told}"
    assert told in partly_read["librenms"]["reasons"]
    assert f"nodes/pve1/qemu/{vmid}/config" in "\n".join(partly_read["proxmox"]["reasons"])


@pytest.mark.parametrize("fault", SINGLE_CALLS)
def test_a_call_for_all_addresses_that_only_fails(unread: Company, fault: int | str) -> None:
    unread.servers.librenms.fail_always(status=fault, path_prefix="/resources/ip/addresses")

    unread.read_librenms()

    assert not unread.manifest("librenms")["complete"]
    (reason,) = unread.manifest("librenms")["reasons"]
    assert re.match(r"ip_addresses: (GET /resources/ip/addresses|the connection to)", reason)


def test_a_librenms_token_that_sees_one_device_of_two(company: Company) -> None:
    company.servers.librenms.add_token("restricted", role="user", devices=[1])
    company.harness.environment["LIBRENMS_TOKEN"] = "restricted"

    incomplete(company, "librenms", "the token sees only part of the installation")


def test_a_librenms_before_memberships_can_be_asked_for(company: Company) -> None:
    with LabLibreNMS(librenms_state(), version="23.11.0", token=LIBRENMS_TOKEN) as old:
        company.set("librenms", url=old.url)

        incomplete(company, "librenms", "LibreNMS 23.11.0 gives no VLAN memberships")


def without(company: Company, right: str) -> None:
    """Read Proxmox with a token that lacks this right."""
    rights = {"VM.Audit", "Sys.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "SDN.Audit"} - {right}
    pve = company.servers.proxmox
    pve.add_token(pve.user, "less", "less-secret", privileges=sorted(rights))
    company.set("proxmox", token_name="less")
    company.harness.environment["PROXMOX_TOKEN"] = "less-secret"


@pytest.mark.parametrize("right", ["VM.Audit", "Datastore.Audit"])
def test_a_proxmox_token_without_a_right(company: Company, right: str) -> None:
    without(company, right)

    incomplete(
        company, "proxmox", rf"{re.escape(right)} is missing on /\w+, so \w+ are out of sight; give it to"
    )


def test_a_proxmox_token_that_may_not_even_see_the_cluster(company: Company) -> None:
    before = company.current("proxmox")
    without(company, "Sys.Audit")

    answer = sync(company, "pve")

    assert answer.code == 1
    assert re.fullmatch(
        r"error: endpoint 'pve': no permission for GET /cluster/status \(403: .*Sys\.Audit.*\); "
        r"give sync@pve that right\n",
        answer.err,
    )
    assert company.current("proxmox") == before


def test_a_proxmox_token_that_does_not_see_one_guest(company: Company) -> None:
    rights = ["VM.Audit", "Sys.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "SDN.Audit"]
    pve = company.servers.proxmox
    pve.add_token(pve.user, "blind", "blind-secret", privileges={"/": rights, "/vms/102": []})
    company.set("proxmox", token_name="blind")
    company.harness.environment["PROXMOX_TOKEN"] = "blind-secret"

    incomplete(company, "proxmox", r"VM\.Audit")


def test_a_netbox_token_that_may_not_see_addresses(company: Company) -> None:
    models = {"dcim", "ipam", "virtualization", "extras", "tenancy"}
    everything = {
        model: {"view"}
        for model in company.servers.netbox.rest.store.models
        if model.partition(".")[0] in models and model != "ipam.ipaddress"
    }
    header = company.servers.netbox.add_token("less-netbox", everything)
    company.harness.environment["NETBOX_TOKEN"] = header.removeprefix("Token ")

    incomplete(company, "netbox", r"ip_addresses: .*give its user the permission ipam\.view_ipaddress")


def test_a_node_that_is_offline(company: Company) -> None:
    state = company.servers.proxmox.state
    state.set_node_online("pve1", False)
    try:
        incomplete(company, "proxmox", "node pve1 is offline")
    finally:
        state.set_node_online("pve1", True)


def test_a_guest_agent_that_hangs_leaves_its_addresses_alone(company: Company) -> None:
    guest = company.servers.proxmox.state.guests[101]
    answering = guest.agent
    guest.agent = "hang"
    try:
        answer = sync(company, "pve")
    finally:
        guest.agent = answering

    assert answer.code == 0
    assert company.manifest("proxmox")["complete"]
    reason = company.harness.ok(
        "sql", "--csv", "SELECT scope, scope_id, reason FROM sync.scopes WHERE scope = 'guest_addresses'"
    )
    assert "guest_addresses,101," in reason


# -- an installation without anything in it --------------------------------------------------------


def test_a_librenms_without_devices(company: Company) -> None:
    with LabLibreNMS(LibreNMSState(), token=LIBRENMS_TOKEN) as empty:
        company.set("librenms", url=empty.url)

        incomplete(company, "librenms", "LibreNMS shows no device at all")


def test_a_proxmox_without_guests(company: Company) -> None:
    """The token holds VM.Audit, so a cluster may be empty; one that lost all its guests at once is not believed."""
    state = ProxmoxState(cluster="paris")
    state.add_node("pve1")
    state.add_node("pve2")
    with LabProxmox(state) as empty:
        company.set("proxmox", url=empty.url, tls={"ca": empty.ca_path})

        incomplete(company, "proxmox", "^ *guests: 0 of 5 rows of the last good snapshot$")


def test_a_netbox_without_anything(company: Company) -> None:
    with LabNetBox(token=NETBOX_TOKEN) as empty:
        company.set("netbox", url=empty.url)

        answer = incomplete(company, "netbox", r"interfaces: 0 of \d+ rows of the last good snapshot")

    assert "    cannot be approved: NetBox was not read completely: interfaces: 0 of " in answer.out
