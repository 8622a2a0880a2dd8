"""GraphQL lists: shapes, filters, paging, errors."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.differs("4.2")
def test_interfaces_with_what_they_refer_to(netbox: Any) -> None:
    device = netbox.device()
    vlan, tag = netbox.vlan(10), netbox.tag()
    lag = netbox.interface(device, "po1", "lag")
    eth = netbox.interface(
        device,
        lag=lag["id"],
        mode="tagged",
        tagged_vlans=[vlan["id"]],
        tags=[tag["id"]],
        mtu=9000,
        speed=100000000000,
    )
    mac, ip = netbox.mac("02:00:5e:50:00:01", eth), netbox.ip("10.9.0.1/24", eth)
    now = netbox.patch(f"dcim/interfaces/{eth['id']}/", {"primary_mac_address": mac["id"]})
    answer = netbox.graphql(
        f"""{{ interface_list(filters: {{id: {{exact: "{eth["id"]}"}}}}) {{
          id name type enabled mtu speed mode description last_updated display class_type
          device {{ id name }} lag {{ id }} parent {{ id }} tagged_vlans {{ id vid }} untagged_vlan {{ id }}
          primary_mac_address {{ id mac_address }} mac_addresses {{ id }} ip_addresses {{ id address }}
          tags {{ slug }} cable {{ id }} vrf {{ id }} module {{ id }} connected_endpoints {{ __typename }}
        }} }}"""
    )
    assert answer == {
        "data": {
            "interface_list": [
                {
                    "id": str(eth["id"]),
                    "name": "eth0",
                    "type": "1000base-t",
                    "enabled": True,
                    "mtu": 9000,
                    "speed": 100000000000,
                    "mode": "tagged",
                    "description": "",
                    "last_updated": now["last_updated"].replace("Z", "+00:00"),
                    "display": "eth0",
                    "class_type": "Interface",
                    "device": {"id": str(device["id"]), "name": device["name"]},
                    "lag": {"id": str(lag["id"])},
                    "parent": None,
                    "tagged_vlans": [{"id": str(vlan["id"]), "vid": 10}],
                    "untagged_vlan": None,
                    "primary_mac_address": {"id": str(mac["id"]), "mac_address": "02:00:5E:50:00:01"},
                    "mac_addresses": [{"id": str(mac["id"])}],
                    "ip_addresses": [{"id": str(ip["id"]), "address": "10.9.0.1/24"}],
                    "tags": [{"slug": tag["slug"]}],
                    "cable": None,
                    "vrf": None,
                    "module": None,
                    "connected_endpoints": [],
                }
            ]
        }
    }


def test_decimals_are_strings_and_assigned_objects_are_unions(netbox: Any) -> None:
    vm = netbox.vm(vcpus=2.5, memory=1024, disk=10)
    nic = netbox.new("virtualization/interfaces", {"virtual_machine": vm["id"], "name": "net0"})
    ip = netbox.ip("10.9.1.1/24", nic, "virtualization.vminterface")
    mac = netbox.mac("02:00:5e:50:00:02", nic, "virtualization.vminterface")
    query = f"""{{
      virtual_machine_list(filters: {{id: {{exact: {vm["id"]}}}}}) {{ vcpus memory disk status cluster {{ id }} site {{ id }} }}
      ip_address_list(filters: {{id: {{exact: {ip["id"]}}}}}) {{
        address family {{ value label }} role assigned_object {{ __typename ... on VMInterfaceType {{ id }} ... on InterfaceType {{ id }} }}
      }}
      mac_address_list(filters: {{id: {{exact: {mac["id"]}}}}}) {{ mac_address assigned_object {{ __typename }} }}
    }}"""
    assert netbox.graphql(query)["data"] == {
        "virtual_machine_list": [
            {
                "vcpus": "2.50",
                "memory": 1024,
                "disk": 10,
                "status": "active",
                "cluster": {"id": str(vm["cluster"]["id"])},
                "site": None,
            }
        ],
        "ip_address_list": [
            {
                "address": "10.9.1.1/24",
                "family": {"value": 4, "label": "IPv4"},
                "role": None,
                "assigned_object": {"__typename": "VMInterfaceType", "id": str(nic["id"])},
            }
        ],
        "mac_address_list": [
            {"mac_address": "02:00:5E:50:00:02", "assigned_object": {"__typename": "VMInterfaceType"}}
        ],
    }


@pytest.mark.differs("4.2")
def test_cables_with_their_ends(netbox: Any) -> None:
    a, b = netbox.interface(netbox.device()), netbox.interface(netbox.device())
    cable = netbox.new(
        "dcim/cables",
        {
            "a_terminations": [{"object_type": "dcim.interface", "object_id": a["id"]}],
            "b_terminations": [{"object_type": "dcim.interface", "object_id": b["id"]}],
        },
    )
    query = f"""{{ cable_list(filters: {{id: {{exact: {cable["id"]}}}}}) {{
      id status type label terminations {{ cable_end termination {{ __typename ... on InterfaceType {{ id }} }} }}
    }} interface_list(filters: {{cable_id: {cable["id"]}}}) {{ id cable_end }} }}"""
    found = netbox.graphql(query)["data"]
    ends = {(t["cable_end"], t["termination"]["id"]) for t in found["cable_list"][0]["terminations"]}
    assert ends == {("A", str(a["id"])), ("B", str(b["id"]))}
    assert {(i["id"], i["cable_end"]) for i in found["interface_list"]} == {
        (str(a["id"]), "A"),
        (str(b["id"]), "B"),
    }


@pytest.mark.differs("4.2")
def test_filters(netbox: Any) -> None:
    device = netbox.device()
    made = [netbox.interface(device, n, mtu=mtu) for n, mtu in (("Eth0", 1500), ("Eth1", 9000), ("lo", None))]
    ids = [str(m["id"]) for m in made]

    def found(filters: str) -> list[str]:
        query = f"{{interface_list(filters: {{device_id: {device['id']}, {filters}}}) {{ id }}}}"
        return sorted((r["id"] for r in netbox.graphql(query)["data"]["interface_list"]), key=ids.index)

    assert found("") == ids
    assert found('name: {exact: "Eth0"}') == ids[:1]
    assert found('name: {i_exact: "eth0"}') == ids[:1]
    assert found('name: {i_starts_with: "ETH"}') == ids[:2]
    assert found('name: {in_list: ["Eth1", "lo"]}') == ids[1:]
    assert found(f"id: {{in_list: [{ids[0]}, {ids[2]}]}}") == [ids[0], ids[2]]
    assert found(f"id: {{gte: {ids[1]}}}") == ids[1:]
    assert found(f"id: {{lt: {ids[1]}}}") == ids[:1]
    assert found(f"id: {{range: {{start: {ids[0]}, end: {ids[1]}}}}}") == ids[:2]
    assert found("mtu: {comparison_lookup: {gt: 1500}}") == ids[1:2]
    assert found("mtu: {filter_lookup: {is_null: true}}") == ids[2:]
    assert found('NOT: {name: {exact: "lo"}}') == ids[:2]
    assert found('AND: {name: {i_contains: "H1"}}') == ids[1:2]
    assert found("enabled: {exact: true}") == ids
    assert found(f'device: {{name: {{exact: "{device["name"]}"}}}}') == ids
    assert found(f'last_updated: {{gte: "{made[1]["last_updated"]}"}}') == ids[1:]
    assert found(f'last_updated: {{gt: "{made[2]["last_updated"]}"}}') == []


@pytest.mark.differs("4.2")
def test_filters_by_tags_and_tagged_vlans(netbox: Any) -> None:
    tags = [
        netbox.new("extras/tags", {"name": name, "slug": name})
        for name in (netbox.name("a"), netbox.name("b"))
    ]
    a, b = (tag["slug"] for tag in tags)
    vlans = [netbox.vlan(vid)["id"] for vid in (10, 20)]
    device = netbox.device()
    ports = [
        netbox.interface(device, "both", tags=[tag["id"] for tag in tags], mode="tagged", tagged_vlans=vlans),
        netbox.interface(device, "first", tags=[tags[0]["id"]], mode="tagged", tagged_vlans=vlans[:1]),
        netbox.interface(device, "none"),
    ]
    ids = [str(port["id"]) for port in ports]

    def found(filters: str) -> list[str]:
        query = f"""{{ found: interface_list(pagination: {{start: 1, limit: 1000}},
            filters: {{DISTINCT: true, device_id: {device["id"]}, {filters}}}) {{ id }} }}"""
        return [row["id"] for row in netbox.graphql(query)["data"]["found"]]

    assert found(f'tags: {{slug: {{exact: "{a}"}}}}') == ids[:2]
    assert found(f'tags: {{slug: {{exact: "{b}"}}}}') == ids[:1]
    assert found(f'tags: {{slug: {{regex: "^(?!({a})$)"}}}}') == ids[:1]
    assert found(f'tags: {{slug: {{regex: "^(?!({a}|{b})$)"}}}}') == []
    assert found(f'tags: {{NOT: {{slug: {{in_list: ["{a}"]}}}}}}') == ids[2:]
    assert found("tags: {id: {is_null: false}}") == ids[:2]
    assert found("tagged_vlans: {id: {is_null: false}}") == ids[:2]
    assert found(f"id: {{lt: {ids[1]}}}, tagged_vlans: {{id: {{is_null: false}}}}") == ids[:1]


@pytest.mark.differs("4.2")
def test_paging_by_offset_and_by_id(netbox: Any) -> None:
    device = netbox.device()
    made = [str(netbox.interface(device, n)["id"]) for n in ("c", "b", "a")]

    def page(pagination: str) -> Any:
        return netbox.graphql(
            f"{{interface_list(filters: {{device_id: {device['id']}}}, pagination: {{{pagination}}}) {{ id }}}}"
        )

    def ids(pagination: str) -> list[str]:
        return [r["id"] for r in page(pagination)["data"]["interface_list"]]

    assert ids("limit: 2") == [made[2], made[1]]
    assert ids("offset: 1, limit: 2") == [made[1], made[0]]
    assert ids("start: 1, limit: 2") == made[:2]
    assert ids(f"start: {made[1]}") == made[1:]
    assert len(ids("limit: 0")) == 3
    assert (
        page("start: 1, offset: 1")["errors"][0]["message"]
        == "Cannot specify both `start` and `offset` in pagination."
    )


@pytest.mark.differs("4.2")
def test_errors_come_with_status_200(netbox: Any) -> None:
    """In the words of the library graphql-core 3.2 and, where they differ, 3.3: NetBox runs with either."""
    for query, *messages in (
        ("{interface_list{id", "Syntax Error: Expected Name, found <EOF>."),
        (
            "{interface_list{bogus}}",
            "Cannot query field 'bogus' on type 'InterfaceType'. Did you mean 'tags'?",
        ),
        (
            "{interface_list(filters: {id: 1}){id}}",
            "Expected value of type 'IDComparisonFilterLookup', found 1.",
            "Expected value of type 'IDComparisonFilterLookup' to be an object, found: 1.",
        ),
        ("{site(id: 99999999){id}}", "Site matching query does not exist."),
        (
            "mutation{x}",
            "Schema is not configured to execute mutation operation.",
            "The mutation operation is not supported by the schema.",
        ),
        ("{" + " ".join(f"a{i}: site_list{{id}}" for i in range(11)) + "}", "11 aliases found. Allowed: 10"),
    ):
        answer = netbox.graphql(query)
        assert answer["data"] is None
        assert answer["errors"][0]["message"] in messages


def test_variables_fragments_and_directives(netbox: Any) -> None:
    site = netbox.site()
    query = """
      query Sites($id: ID!, $names: Boolean!) {
        site(id: $id) { ...Basic __typename }
        site_list(filters: {id: {exact: $id}}) { slug @include(if: $names) status @skip(if: $names) }
      }
      fragment Basic on SiteType { id name }
    """
    assert netbox.graphql(query, {"id": str(site["id"]), "names": True})["data"] == {
        "site": {"id": str(site["id"]), "name": site["name"], "__typename": "SiteType"},
        "site_list": [{"slug": site["slug"]}],
    }
    answer = netbox.graphql(query, {"names": True})
    # graphql-core 3.2 and 3.3
    assert answer["errors"][0]["message"] in (
        "Variable '$id' of required type 'ID!' was not provided.",
        "Variable '$id' has invalid value: Expected a value of non-null type 'ID!' to be provided.",
    )


@pytest.mark.differs("4.2")
def test_custom_fields_are_shown_as_stored(netbox: Any) -> None:
    name = netbox.custom_field("object", ["dcim.site"], related_object_type="dcim.site")
    site = netbox.site()
    netbox.patch(f"dcim/sites/{site['id']}/", {"custom_fields": {name: site["id"]}})
    answer = netbox.graphql(f"{{site(id: {site['id']}){{custom_fields}}}}")
    assert answer["data"]["site"]["custom_fields"][name] == site["id"]
    netbox.patch(f"dcim/sites/{site['id']}/", {"custom_fields": {name: None}})
    group = netbox.new(
        "ipam/vlan-groups", {"name": netbox.name(), "slug": netbox.name(), "vid_ranges": [[10, 20]]}
    )
    answer = netbox.graphql(
        f"{{vlan_group(id: {group['id']}){{vid_ranges total_vlan_ids scope{{__typename}}}}}}"
    )
    assert answer["data"]["vlan_group"] == {"vid_ranges": ["[10, 21)"], "total_vlan_ids": 11, "scope": None}


@pytest.mark.differs("4.2")
def test_requests_that_are_no_queries(netbox: Any) -> None:
    answer = netbox.http.post("/graphql/", content=b"{bad", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.text) == (400, "Unable to parse request body as JSON")
    answer = netbox.http.post("/graphql/", json={"q": "x"})
    assert (answer.status_code, answer.text) == (400, "No GraphQL query found in the request")
    answer = netbox.http.post(
        "/graphql/", json={"query": "{site_list{id}}"}, headers={"Authorization": "Token bad"}
    )
    assert (answer.status_code, answer.text) == (403, "Invalid v1 token")
    answer = netbox.http.post("/graphql/", json={"query": "{site_list{id}}"}, headers={"Authorization": ""})
    assert answer.status_code == 302
