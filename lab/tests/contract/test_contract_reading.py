"""Lists and objects: paging, choice of fields, filters, not found."""

from __future__ import annotations

from typing import Any

import pytest


def test_list_pages_by_offset_with_links_to_the_neighbours(netbox: Any) -> None:
    device = netbox.device()
    made = netbox.new(
        "dcim/interfaces",
        [{"device": device["id"], "name": f"e{i}", "type": "virtual"} for i in range(5)],
    )
    path = f"dcim/interfaces/?device_id={device['id']}&limit=2"
    first = netbox.get(path)
    assert first["count"] == 5
    assert first["previous"] is None
    assert first["next"] == f"{netbox.url}/api/dcim/interfaces/?device_id={device['id']}&limit=2&offset=2"
    second = netbox.get(f"{path}&offset=2")
    assert second["previous"] == f"{netbox.url}/api/dcim/interfaces/?device_id={device['id']}&limit=2"
    third = netbox.get(f"{path}&offset=4")
    assert third["next"] is None
    ids = [r["id"] for page in (first, second, third) for r in page["results"]]
    assert ids == [m["id"] for m in made]


@pytest.mark.differs("4.2")
def test_list_pages_by_id_without_a_count(netbox: Any) -> None:
    device = netbox.device()
    made = [netbox.interface(device, n)["id"] for n in ("b", "a", "c")]
    page = netbox.get(f"dcim/interfaces/?device_id={device['id']}&start=0&limit=2&fields=id")
    assert page["count"] is None
    assert page["previous"] is None
    assert [r["id"] for r in page["results"]] == made[:2]
    assert page["next"] == (
        f"{netbox.url}/api/dcim/interfaces/?device_id={device['id']}&fields=id&limit=2&start={made[1] + 1}"
    )
    rest = netbox.get(f"dcim/interfaces/?device_id={device['id']}&start={made[1] + 1}&limit=2&fields=id")
    assert rest["next"] is None
    assert [r["id"] for r in rest["results"]] == made[2:]


@pytest.mark.differs("4.2")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("start=x", "Invalid 'start' parameter: must be a non-negative integer."),
        ("start=-1", "Invalid 'start' parameter: must be a non-negative integer."),
        ("start=0&offset=0", "'start' and 'offset' are mutually exclusive."),
        (
            "start=0&ordering=name",
            "Ordering cannot be specified in conjunction with cursor-based pagination.",
        ),
    ],
)
def test_paging_by_id_refuses_what_contradicts_it(netbox: Any, query: str, message: str) -> None:
    assert netbox.refused("GET", f"dcim/sites/?{query}", None) == [message]


@pytest.mark.differs("4.2")
def test_limit_zero_and_too_large_limits_give_a_thousand_rows(netbox: Any) -> None:
    body = [
        {"mac_address": f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", "description": netbox.mark}
        for n in range(1001)
    ]
    made: list[dict[str, int]] = []
    for first in range(0, 1001, 251):
        answer = netbox.send("POST", "dcim/mac-addresses/", body[first : first + 251])
        made += [{"id": m["id"]} for m in answer.json()]
    path = f"dcim/mac-addresses/?description={netbox.mark}&fields=id"
    query = f'{{mac_address_list(filters: {{description: {{exact: "{netbox.mark}"}}}}) {{ id }}}}'
    try:
        assert len(netbox.results(f"{path}&limit=0")) == 1000
        assert len(netbox.results(f"{path}&limit=5000")) == 1000
        assert len(netbox.results(path)) == 50
        assert len(netbox.results(f"{path}&limit=abc")) == 50
        assert len(netbox.graphql(query)["data"]["mac_address_list"]) == 1000
    finally:
        for first in range(0, 1001, 251):
            netbox.send("DELETE", "dcim/mac-addresses/", made[first : first + 251])


def test_interfaces_come_in_natural_order_of_device_and_name(netbox: Any) -> None:
    device = netbox.device()
    names = [
        "ge-0/0/10",
        "ge-0/0/2",
        "eth1",
        "Ethernet10",
        "Ethernet2",
        "lo",
        "xe-0/0/1",
        "ae0",
        "eth1.100",
        "1/2",
        "1/10",
    ]
    made = [{"device": device["id"], "name": n, "type": "virtual"} for n in names]
    netbox.new("dcim/interfaces", made)
    listed = [r["name"] for r in netbox.results(f"dcim/interfaces/?device_id={device['id']}")]
    assert listed == [
        "ge-0/0/2", "ge-0/0/10", "xe-0/0/1", "1/2", "1/10", "Ethernet2", "Ethernet10", "ae0", "eth1", "eth1.100", "lo"
    ]  # fmt: skip
    numbers = [r["name"] for r in netbox.results(f"dcim/interfaces/?device_id={device['id']}&ordering=-id")]
    assert numbers == names[::-1]


@pytest.mark.differs("4.2")
def test_fields_brief_and_omit_choose_what_is_shown(netbox: Any) -> None:
    site = netbox.site()
    path = f"dcim/sites/?id={site['id']}"
    assert netbox.results(f"{path}&fields=id,name,bogus") == [{"id": site["id"], "name": site["name"]}]
    assert netbox.results(f"{path}&brief=1") == [
        {
            "id": site["id"],
            "url": f"{netbox.url}/api/dcim/sites/{site['id']}/",
            "display": site["name"],
            "name": site["name"],
            "slug": site["slug"],
            "description": "",
        }
    ]
    shown = netbox.results(f"{path}&omit=tags,url")[0]
    assert set(site) - set(shown) == {"tags", "url"}
    assert netbox.get(f"dcim/sites/{site['id']}/?fields=slug") == {"slug": site["slug"]}


def test_unknown_filters_are_ignored_and_known_ones_check_their_value(netbox: Any) -> None:
    site = netbox.site()
    assert netbox.get(f"dcim/sites/?id={site['id']}&bogus=1")["count"] == 1
    for query, field, message in (
        ("id=abc", "id", "Enter a whole number."),
        ("status=bogus", "status", "Select a valid choice. bogus is not one of the available choices."),
        (
            "region=nowhere-at-all",
            "region",
            "Select a valid choice. nowhere-at-all is not one of the available choices.",
        ),
        (
            "tenant_id=999999",
            "tenant_id",
            "Select a valid choice. 999999 is not one of the available choices.",
        ),
        ("last_updated__gte=zz", "last_updated__gte", "Enter a valid date/time."),
        ("tag=no-such-tag", "tag", "Select a valid choice. no-such-tag is not one of the available choices."),
    ):
        assert netbox.refused("GET", f"dcim/sites/?{query}", None) == {field: [message]}


def test_filters_by_a_group_take_the_groups_below_it(netbox: Any) -> None:
    top = netbox.new("dcim/regions", {"name": netbox.name(), "slug": netbox.name()})
    below = netbox.new("dcim/regions", {"name": netbox.name(), "slug": netbox.name(), "parent": top["id"]})
    site = netbox.site()
    netbox.patch(f"dcim/sites/{site['id']}/", {"region": below["id"]})
    device = netbox.device(site)
    for query in (f"region_id={top['id']}", f"region={top['slug']}", f"region_id={below['id']}"):
        assert [r["id"] for r in netbox.results(f"dcim/sites/?{query}")] == [site["id"]]
        assert [r["id"] for r in netbox.results(f"dcim/devices/?{query}")] == [device["id"]]


def test_filters_that_look_right_but_do_not_exist_let_everything_through(netbox: Any) -> None:
    device = netbox.device()
    netbox.interface(device)
    base = f"dcim/interfaces/?device_id={device['id']}"
    for query in ("untagged_vlan_id=5", "name__contains=zz", "virtual_machine_id=5", "enabled=perhaps"):
        assert netbox.get(f"{base}&{query}")["count"] == 1
    assert netbox.refused("GET", "dcim/interfaces/?device_id=abc", None) == {
        "device_id": ["“abc” is not a valid value."]
    }
    assert netbox.refused("GET", "core/object-changes/?request_id=x", None) == {
        "request_id": ["Enter a valid UUID."]
    }


def test_filters_of_interfaces(netbox: Any) -> None:
    device = netbox.device()
    eth, lag = netbox.interface(device, "Eth0"), netbox.interface(device, "po1", "lag")
    netbox.patch(f"dcim/interfaces/{eth['id']}/", {"lag": lag["id"], "description": "uplink"})
    netbox.mac("02:00:5e:00:00:11", eth)
    base = f"dcim/interfaces/?device_id={device['id']}&fields=name"

    def names(query: str) -> list[str]:
        return [r["name"] for r in netbox.results(f"{base}&{query}")]

    assert names(f"id={eth['id']}&id={lag['id']}") == ["Eth0", "po1"]
    assert names("name=Eth0") == ["Eth0"]
    assert names("name=eth0") == []
    assert names("name__ie=eth0") == ["Eth0"]
    assert names("name__ic=TH") == ["Eth0"]
    assert names("name__n=Eth0") == ["po1"]
    assert names("name__isw=PO") == ["po1"]
    assert names(f"lag_id={lag['id']}") == ["Eth0"]
    assert names("type=lag") == ["po1"]
    assert names("kind=virtual") == ["po1"]
    assert names("mac_address=02:00:5E:00:00:11") == ["Eth0"]
    assert names("q=uplink") == ["Eth0"]
    assert names("enabled=true") == ["Eth0", "po1"]
    assert names("mtu__empty=true") == ["Eth0", "po1"]
    assert names(f"device={device['name']}") == ["Eth0", "po1"]
    assert names(f"site_id={device['site']['id']}") == ["Eth0", "po1"]
    assert names(f"id__gte={lag['id']}") == ["po1"]
    assert names(f"id__lt={lag['id']}") == ["Eth0"]
    assert names("cabled=true") == []


def test_filters_of_addresses(netbox: Any) -> None:
    device = netbox.device()
    eth = netbox.interface(device)
    vm = netbox.vm()
    nic = netbox.new("virtualization/interfaces", {"virtual_machine": vm["id"], "name": "net0"})
    one = netbox.ip("198.51.100.10/28", eth)
    two = netbox.ip("198.51.100.20/28", nic, "virtualization.vminterface")
    three = netbox.ip("2001:db8::1/64")
    base = f"ipam/ip-addresses/?vrf_id={one['vrf']['id']}&fields=id"

    def ids(query: str) -> list[int]:
        return [r["id"] for r in netbox.results(f"{base}&{query}")]

    assert ids("address=198.51.100.10/28") == [one["id"]]
    assert ids("address=198.51.100.10") == [one["id"]]
    assert ids("address=198.51.100.10/24") == []
    assert ids("parent=198.51.100.0/24") == [one["id"], two["id"]]
    assert ids("parent=198.51.100.16/28") == [two["id"]]
    assert ids("family=6") == [three["id"]]
    assert ids(f"device_id={device['id']}") == [one["id"]]
    assert ids(f"device={device['name']}") == [one["id"]]
    assert ids(f"interface_id={eth['id']}") == [one["id"]]
    assert ids(f"virtual_machine_id={vm['id']}") == [two["id"]]
    assert ids(f"vminterface_id={nic['id']}") == [two["id"]]
    assert ids("assigned_to_interface=false") == [three["id"]]
    assert ids("mask_length=64") == [three["id"]]


def test_filter_by_last_updated_finds_what_changed_since(netbox: Any) -> None:
    one, two = netbox.site(), netbox.site()
    base = f"dcim/sites/?id={one['id']}&id={two['id']}&fields=id"
    since = two["last_updated"]
    assert [r["id"] for r in netbox.results(f"{base}&last_updated__gte={since}")] == [two["id"]]
    assert netbox.results(f"{base}&last_updated__gt={since}") == []
    changed = netbox.patch(f"dcim/sites/{one['id']}/", {"description": "later"})
    assert changed["last_updated"] > since
    assert [r["id"] for r in netbox.results(f"{base}&last_updated__gt={since}")] == [one["id"]]


@pytest.mark.differs("4.2")
def test_missing_objects_and_unknown_paths(netbox: Any) -> None:
    for path, detail in (
        ("dcim/sites/99999999/", "No Site matches the given query."),
        ("dcim/interfaces/99999999/", "No Interface matches the given query."),
        ("virtualization/interfaces/99999999/", "No VMInterface matches the given query."),
        ("dcim/mac-addresses/99999999/", "No MACAddress matches the given query."),
        ("ipam/ip-addresses/99999999/", "No IPAddress matches the given query."),
        ("ipam/vlans/99999999/", "No VLAN matches the given query."),
        ("dcim/device-types/99999999/", "No DeviceType matches the given query."),
        ("dcim/sites/abc/", "Not found."),
    ):
        answer = netbox.send("GET", path)
        assert (answer.status_code, answer.json()) == (404, {"detail": detail})
    for method, path in (("GET", "dcim/nothing/"), ("POST", "dcim/sites")):
        answer = netbox.send(method, path, {} if method == "POST" else None)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
    assert netbox.send("GET", "dcim/sites").status_code == 301


@pytest.mark.differs("4.2")
def test_a_site_as_it_is_shown(netbox: Any) -> None:
    site = netbox.site()
    pk = site["id"]
    stamps = {k: site.pop(k) for k in ("created", "last_updated")}
    assert all(v.endswith("Z") and v[10] == "T" for v in stamps.values())
    assert site == {
        "id": pk,
        "url": f"{netbox.url}/api/dcim/sites/{pk}/",
        "display_url": f"{netbox.url}/dcim/sites/{pk}/",
        "display": site["name"],
        "name": site["name"],
        "slug": site["slug"],
        "status": {"value": "active", "label": "Active"},
        "region": None,
        "group": None,
        "tenant": None,
        "facility": "",
        "time_zone": None,
        "description": "",
        "physical_address": "",
        "shipping_address": "",
        "latitude": None,
        "longitude": None,
        "owner": None,
        "comments": "",
        "asns": [],
        "tags": [],
        "custom_fields": {},
        "circuit_count": 0,
        "device_count": 0,
        "prefix_count": 0,
        "rack_count": 0,
        "virtualmachine_count": 0,
        "vlan_count": 0,
    }


@pytest.mark.differs("4.2")
def test_status_and_headers(netbox: Any) -> None:
    answer = netbox.send("GET", "status/")
    assert answer.json()["netbox-version"].startswith("4.")
    assert answer.headers["api-version"] == ".".join(answer.json()["netbox-version"].split(".")[:2])
    assert len(answer.headers["x-request-id"]) == 36
    assert (
        netbox.send("GET", "dcim/sites/").headers["allow"] == "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
    )


def test_requests_that_gunicorn_refuses(netbox: Any) -> None:
    """Long URLs and long headers do not reach NetBox."""
    answer = netbox.send("GET", f"dcim/sites/?x={'a' * 4100}")
    assert answer.status_code == 400
    assert "Request Line is too large" in answer.text
    assert netbox.send("GET", f"dcim/sites/?x={'a' * 3900}").status_code == 200
    answer = netbox.send("GET", "dcim/sites/", If_Match="a" * 8300)
    assert answer.status_code == 431
    assert netbox.send("GET", "dcim/sites/?limit=1", If_Match="a" * 8100).status_code == 200


@pytest.mark.differs("4.7")
def test_options_tell_choices_and_limits(netbox: Any) -> None:
    fields = netbox.send("OPTIONS", "dcim/interfaces/").json()["actions"]["POST"]
    assert fields["name"]["max_length"] == 64
    assert fields["name"]["required"] is True
    assert (fields["mtu"]["min_value"], fields["mtu"]["max_value"]) == (1, 65536)
    assert {"value": "1000base-t", "display_name": "1000BASE-T (1GE)"} in fields["type"]["choices"]
    assert fields["mode"]["choices"][0] == {"value": "access", "display_name": "Access"}
    assert fields["device"]["type"] == "nested object"
    assert fields["last_updated"]["read_only"] is True
    assert fields["mac_address"]["read_only"] is True


@pytest.mark.differs("4.2")
def test_who_is_not_let_in(netbox: Any) -> None:
    bare = netbox.http
    missing = "Authentication credentials were not provided."
    form = 'Invalid authorization header: Must be in the form "Bearer <key>.<token>" or "Token <token>"'
    key = (
        "Invalid authorization header: Could not parse key from v2 token. Did you mean to use 'Token' instead of "
        "'Bearer'?"
    )
    for header, detail in (
        ("", missing),
        ("Foo bar", missing),
        ("Token nonsense", "Invalid v1 token"),
        ("Token a b", form),
        ("Bearer nonsense", "Invalid v1 token"),
        ("Bearer nbt_nonsense", key),
        ("Bearer nbt_nonsense.x", "Invalid v2 token"),
    ):
        answer = bare.get("/api/dcim/sites/", headers={"Authorization": header})
        assert (answer.status_code, answer.json()) == (403, {"detail": detail}), header
