"""The lab's LibreNMS answers as real releases do: shapes, errors, rights."""

import json
from collections.abc import Iterator

import httpx
import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState

V23 = "23.11.0"


def estate() -> LibreNMSState:
    """Two devices: sw1 with an access port, a trunk and a LAG; sw2 without anything."""
    state = LibreNMSState()
    sw1 = state.add_device(
        hostname="sw1", os="ios", hardware="WS-C2960X-48FPS-L", serial="FOC1", location="Paris", ip="10.0.0.5"
    )
    access = state.add_port(sw1, "Gi0/1", ifVlan="50", ifAlias="Büro é", ifPhysAddress="84bf20853e00")
    trunk = state.add_port(sw1, "Gi0/2", ifVlan="90", ifTrunk="dot1Q")
    lag = state.add_port(sw1, "Po1", ifType="ieee8023adLag")
    state.add_ipv4(access, "10.0.0.5", 24)
    state.add_ipv6(access, "2001:db8::1", 64)
    state.add_vlan(sw1, 50, "ORG_DATA")
    state.add_membership(trunk, 60)
    state.add_membership(trunk, 90)
    state.add_link(trunk, remote_hostname="core", remote_port="Eth1")
    state.add_stack(high=lag, low=trunk)
    state.add_stack(high=lag, low=access, status="notReady")
    state.add_inventory(sw1, entPhysicalClass="chassis", entPhysicalSerialNum="FOC1")
    state.add_vrf(sw1, "MGMT", rd="65000:1")
    state.add_device(hostname="sw2", os="junos", location="Lyon")
    return state


def get(server: LabLibreNMS, path: str, token: str | None = None) -> httpx.Response:
    return httpx.get(f"{server.url}/api/v0{path}", headers={"X-Auth-Token": token or server.token}, timeout=5)


@pytest.fixture
def server() -> Iterator[LabLibreNMS]:
    with LabLibreNMS(estate()) as running:
        yield running


@pytest.fixture
def old() -> Iterator[LabLibreNMS]:
    with LabLibreNMS(estate(), version=V23) as running:
        yield running


def test_answers_are_written_as_php_writes_them(server: LabLibreNMS) -> None:
    answer = get(server, "/ports?columns=ifName,ifAlias,ifVlan")

    assert answer.headers["content-type"] == "application/json"
    assert answer.text.startswith('{\n    "status": "ok",\n    "ports": [\n        {\n')
    assert '"ifName": "Gi0\\/1"' in answer.text
    assert '"ifAlias": "B\\u00fcro \\u00e9"' in answer.text
    assert answer.json()["ports"] == [
        {"ifName": "Gi0/1", "ifAlias": "Büro é", "ifVlan": "50"},
        {"ifName": "Gi0/2", "ifAlias": "Gi0/2", "ifVlan": "90"},
        {"ifName": "Po1", "ifAlias": "Po1", "ifVlan": None},
    ]


def test_system_names_the_release(server: LabLibreNMS, old: LabLibreNMS) -> None:
    assert get(server, "/system").json()["system"][0]["local_ver"] == "26.7.0"
    assert get(old, "/system").json()["system"][0]["local_ver"] == "23.11.0"


def test_device_rows_carry_the_snmp_secrets(server: LabLibreNMS) -> None:
    document = get(server, "/devices").json()

    assert document["count"] == 2
    first = document["devices"][0]
    assert first["community"] == "lab-snmp-community"
    assert {"authname", "authpass", "cryptopass"} <= first.keys()
    assert (first["device_id"], first["location"], first["lat"], first["ip"]) == (
        1,
        "Paris",
        None,
        "10.0.0.5",
    )
    assert (first["status"], first["disabled"], first["ignore"]) == (1, 0, 0)


def test_columns_of_later_releases_are_missing_in_23_11(server: LabLibreNMS, old: LabLibreNMS) -> None:
    new_row, old_row = (get(s, "/devices").json()["devices"][0] for s in (server, old))

    assert new_row.keys() - old_row.keys() == {
        "display_template",
        "snmpEngineID",
        "ignore_status",
        "mtu_status",
    }
    assert "vlan_state" in get(server, "/resources/vlans").json()["vlans"][0]
    assert "vlan_mtu" in get(old, "/resources/vlans").json()["vlans"][0]


def test_coordinates_are_text_and_were_numbers(server: LabLibreNMS, old: LabLibreNMS) -> None:
    for running in (server, old):
        running.state.add_location("Paris", 48.85, 2.0)

    assert get(server, "/resources/locations").json()["locations"][0]["lat"] == "48.85000000"
    assert get(old, "/resources/locations").json()["locations"][0]["lat"] == 48.85
    assert get(server, "/devices").json()["devices"][0]["lng"] == "2.00000000"
    assert '"lng": 2,' in get(old, "/resources/locations").text


def test_a_single_device_has_other_types_than_the_list(server: LabLibreNMS, old: LabLibreNMS) -> None:
    new_row = get(server, "/devices/SW1").json()["devices"][0]
    old_row = get(old, "/devices/1").json()["devices"][0]

    assert new_row["status"] is True and new_row["disabled"] is False
    assert new_row["inserted"] == "2026-01-05T08:00:00.000000Z"
    assert new_row["icon"] == "images/os/ios.svg"
    assert new_row["location"]["location"] == "Paris"
    assert old_row["location"] == "Paris" and old_row["disabled"] == 0


def test_memberships_come_by_device_since_26_2(server: LabLibreNMS, old: LabLibreNMS) -> None:
    ports = get(server, "/devices/1/ports?columns=ifName&with=vlans").json()["ports"]

    assert [(p["port_id"], p["ifName"]) for p in ports] == [(1, "Gi0/1"), (2, "Gi0/2"), (3, "Po1")]
    # 90 is stored as tagged, and answered as untagged because it is the port's own VLAN.
    assert [(v["vlan"], v["untagged"]) for v in ports[1]["vlans"]] == [(60, 0), (90, 1)]
    assert get(old, "/devices/1/ports?columns=ifName&with=vlans").json()["ports"][1] == {"ifName": "Gi0/2"}


def test_memberships_come_by_port_since_25_4() -> None:
    with LabLibreNMS(estate(), version="25.4.0") as between:
        assert [v["vlan"] for v in get(between, "/ports/2?with=vlans").json()["port"][0]["vlans"]] == [60, 90]
        assert "vlans" not in get(between, "/devices/1/ports?with=vlans").json()["ports"][0]
    with LabLibreNMS(estate(), version="25.3.0") as before:
        document = get(before, "/ports/2?with=vlans").json()
        assert "vlans" not in document["port"][0]
        assert document["count"] == 1


def test_the_port_stack_changed_its_keys(server: LabLibreNMS, old: LabLibreNMS) -> None:
    assert get(server, "/devices/1/port_stack").json() == {
        "status": "ok",
        "mappings": [
            {
                "id": 1,
                "device_id": 1,
                "high_ifIndex": 3,
                "high_port_id": 3,
                "low_ifIndex": 2,
                "low_port_id": 2,
                "ifStackStatus": "active",
            },
            {
                "id": 2,
                "device_id": 1,
                "high_ifIndex": 3,
                "high_port_id": 3,
                "low_ifIndex": 1,
                "low_port_id": 1,
                "ifStackStatus": "notReady",
            },
        ],
    }
    assert get(old, "/devices/1/port_stack").json() == {
        "status": "ok",
        "mappings": [{"device_id": 1, "port_id_high": 3, "port_id_low": 2, "ifStackStatus": "active"}],
        "count": 1,
    }


def test_addresses_of_both_families_come_in_one_list(server: LabLibreNMS, old: LabLibreNMS) -> None:
    assert get(server, "/resources/ip/addresses").json() == {
        "status": "ok",
        "ip_addresses": [
            {
                "ipv4_address_id": 1,
                "ipv4_address": "10.0.0.5",
                "ipv4_prefixlen": 24,
                "ipv4_network_id": 1,
                "port_id": 1,
                "context_name": "",
            },
            {
                "ipv6_address_id": 1,
                "ipv6_address": "2001:0db8:0000:0000:0000:0000:0000:0001",
                "ipv6_compressed": "2001:db8::1",
                "ipv6_prefixlen": 64,
                "ipv6_origin": "manual",
                "ipv6_network_id": 2,
                "port_id": 1,
                "context_name": "",
            },
        ],
        "count": 2,
    }
    assert get(server, "/resources/ip/addresses/ipv6").json()["count"] == 1
    assert get(old, "/resources/ip/addresses").json()["ip_addresses"][0]["ipv4_network_id"] == "1"
    wrong = get(server, "/resources/ip/addresses/ipv9")
    assert (wrong.status_code, wrong.text) == (200, "")
    assert wrong.headers["content-type"].startswith("text/html")


def test_links_inventory_vrfs_and_transceivers(server: LabLibreNMS, old: LabLibreNMS) -> None:
    link = get(server, "/resources/links").json()["links"][0]
    assert (link["local_port_id"], link["remote_hostname"], link["remote_device_id"]) == (2, "core", 0)
    entity = get(server, "/inventory/sw1/all").json()["inventory"][0]
    assert (entity["entPhysicalIndex"], entity["entPhysicalSerialNum"]) == (1, "FOC1")
    assert "entPhysicalMfgDate" in entity
    vrf = get(server, "/routing/vrf").json()["vrfs"][0]
    assert (vrf["vrf_name"], vrf["mplsVpnVrfRouteDistinguisher"]) == ("MGMT", "65000:1")
    server.state.add_transceiver(server.state.ports[0], model="GLC-SX", serial="S1", ddm=1)
    optic = get(server, "/devices/1/transceivers").json()["transceivers"][0]
    assert (optic["port_id"], optic["model"], optic["ddm"]) == (1, "GLC-SX", True)
    assert get(old, "/devices/1/transceivers").status_code == 500


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/resources/vlans", "VLANs do not exist"),
        ("/resources/links", "Links do not exist"),
        ("/resources/ip/addresses", "IP addresses do not exist"),
        ("/resources/ip/addresses/ipv4", "IPv4 Addresses do not exist"),
        ("/resources/locations", "Locations do not exist"),
        ("/routing/vrf", "VRFs do not exist"),
        ("/devicegroups", "No device groups found"),
        ("/devices/7/ports", "No ports found"),
        ("/devices/7", "Device 7 does not exist"),
        ("/nothing/here", "This API route doesn't exist."),
    ],
)
def test_what_is_empty_or_unknown_is_a_404_with_its_own_text(path: str, message: str) -> None:
    with LabLibreNMS(LibreNMSState()) as empty:
        answer = get(empty, path)
    assert (answer.status_code, answer.json()) == (404, {"status": "error", "message": message})


def test_empty_devices_and_ports_are_200() -> None:
    with LabLibreNMS(LibreNMSState()) as empty:
        assert get(empty, "/devices").json() == {"status": "ok", "devices": [], "count": 0}
        assert get(empty, "/ports").json() == {"status": "ok", "ports": []}


def test_routes_that_a_release_lacks(old: LabLibreNMS) -> None:
    answer = get(old, "/resources/ip/addresses/ipv4")
    assert (answer.status_code, answer.json()["message"]) == (404, "This API route doesn't exist.")
    # Before 24.6 a device without ports is not an error.
    assert get(old, "/devices/sw2/ports").json() == {"status": "ok", "ports": []}


def test_unknown_columns_are_refused(server: LabLibreNMS) -> None:
    answer = get(server, "/ports?columns=port_id,bogus,ifName,wrong")
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid columns: bogus,wrong")


def test_only_a_known_token_is_let_in(server: LabLibreNMS) -> None:
    for headers in ({}, {"X-Auth-Token": "wrong"}):
        answer = httpx.get(f"{server.url}/api/v0/devices", headers=headers)
        assert (answer.status_code, answer.text) == (401, '{"message":"Unauthenticated."}')
    bearer = httpx.get(f"{server.url}/api/v0/devices", headers={"Authorization": "Bearer lab-token"})
    assert bearer.status_code == 200
    server.revoke_token("lab-token")
    assert get(server, "/devices").status_code == 401


def test_writing_is_not_a_route(server: LabLibreNMS) -> None:
    answer = httpx.delete(f"{server.url}/api/v0/devices/1", headers={"X-Auth-Token": server.token})
    assert (answer.status_code, answer.json()["message"]) == (404, "This API route doesn't exist.")


def _seen(server: LabLibreNMS) -> dict[str, int | str]:
    paths = {
        "devices": "/devices",
        "ports": "/ports",
        "links": "/resources/links",
        "ip_addresses": "/resources/ip/addresses",
        "vlans": "/resources/vlans",
        "locations": "/resources/locations",
        "get_poller_group": "/poller_group",
        "mappings": "/devices/sw1/port_stack",
    }
    answers = {key: get(server, path) for key, path in paths.items()}
    return {
        key: len(a.json()[key]) if a.status_code == 200 else f"{a.status_code} {a.json()['message']}"
        for key, a in answers.items()
    }


def test_a_restricted_token_sees_a_small_installation() -> None:
    with LabLibreNMS(estate(), restricted_to=[2]) as server:
        assert _seen(server) == {
            "devices": 1,
            "ports": 0,
            "links": "404 Links do not exist",
            # Not narrowed to the own devices: rows whose port the token cannot see.
            "ip_addresses": 2,
            "vlans": "403 This action is unauthorized.",
            "locations": 2,
            "get_poller_group": "403 This action is unauthorized.",
            "mappings": "403 Insufficient permissions to access this device",
        }
        other = get(server, "/devices/sw1/ports")
        assert (other.status_code, other.json()["message"]) == (404, "No ports found")


def test_a_restricted_token_of_23_11_is_refused_elsewhere() -> None:
    with LabLibreNMS(estate(), version=V23, restricted_to=[1]) as server:
        assert _seen(server) == {
            "devices": 1,
            "ports": 3,
            "links": 1,
            "ip_addresses": "403 This action is unauthorized.",
            "vlans": 1,
            "locations": "403 This action is unauthorized.",
            "get_poller_group": "403 This action is unauthorized.",
            "mappings": 1,
        }


def test_poller_groups_need_an_administrator_in_23_11() -> None:
    for version, status in (("23.11.0", 403), ("26.7.0", 200)):
        with LabLibreNMS(estate(), version=version, role="global-read") as server:
            server.state.add_poller_group("dc1")
            assert get(server, "/poller_group").status_code == status
            assert get(server, "/resources/vlans").status_code == 200


def test_groups_list_their_members(server: LabLibreNMS) -> None:
    server.state.add_device_group("Cisco", [server.state.devices[0]], desc="all Cisco")
    assert get(server, "/devicegroups").json()["message"] == "Found 1 device groups"
    assert get(server, "/devicegroups/Cisco").json()["devices"] == [{"device_id": 1}]
    assert get(server, "/devices/sw2/groups").status_code == 404


def test_the_data_may_change_between_two_calls(server: LabLibreNMS) -> None:
    sw1 = server.state.devices[0]
    server.state.port(sw1, "Gi0/1")["ifName"] = "Gi0/9"
    server.state.port(sw1, "Gi0/2")["deleted"] = 1
    assert [p["ifName"] for p in get(server, "/ports").json()["ports"]] == ["Gi0/9", "Po1"]
    # The address still names the port, as in LibreNMS.
    server.state.delete_device(sw1)
    assert [d["hostname"] for d in get(server, "/devices").json()["devices"]] == ["sw2"]
    assert get(server, "/resources/links").status_code == 404


def test_a_too_large_answer_runs_php_out_of_memory() -> None:
    state = LibreNMSState()
    switch = state.add_device("big")
    for number in range(800):
        state.add_port(switch, f"Gi{number}")
    with LabLibreNMS(state, php_memory_mb=33) as server:
        assert len(get(server, "/ports?columns=port_id").json()["ports"]) == 800
        wide = get(server, "/ports?columns=port_id,ifName,ifAlias,ifSpeed,ifMtu,ifVlan,ifTrunk,ifType")
        assert (wide.status_code, wide.json()) == (500, {"message": "Server Error"})
        assert len(get(server, "/devices/1/ports?columns=port_id").json()["ports"]) == 800


def test_unknown_columns_of_a_helper_are_refused() -> None:
    state = LibreNMSState()
    with pytest.raises(ValueError, match="devices has no column sysname"):
        state.add_device("sw1", sysname="x")


def test_connect_makes_a_resolved_link_at_both_ends() -> None:
    state = LibreNMSState()
    a, b = (state.add_port(state.add_device(name), "Eth1") for name in ("a", "b"))
    state.connect(a, b)
    assert [
        (link["local_port_id"], link["remote_device_id"], link["remote_port_id"], link["remote_hostname"])
        for link in state.links
    ] == [(1, 2, 2, "b"), (2, 1, 1, "a")]


def test_the_log_names_every_request(server: LabLibreNMS) -> None:
    get(server, "/ports?columns=port_id")
    get(server, "/devices/7")
    assert server.requests == [("GET", "/api/v0/ports", 200), ("GET", "/api/v0/devices/7", 404)]
    assert server.targets[0] == "/api/v0/ports?columns=port_id"
    server.reset_requests()
    assert server.requests == []


def test_json_stays_json_for_odd_names(server: LabLibreNMS) -> None:
    server.state.add_port(server.state.devices[0], 'WAN "x"\n54 50 \\ 29')
    assert json.loads(get(server, "/ports").text)["ports"][-1]["ifName"] == 'WAN "x"\n54 50 \\ 29'
