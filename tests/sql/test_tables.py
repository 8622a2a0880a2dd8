"""Endpoints of the kind tables: rows of the SQL files in, decisions out."""

from __future__ import annotations

from typing import Any

from netbox_sync_dagster.sources.tables.columns import SHAPES
from tests.sql.estate import Estate, Row
from tests.sql.kinds import GENEROUS, Parts, removals

CREATE = [
    "custom_fields",
    "clusters",
    "devices",
    "virtual_machines",
    "interfaces",
    "ip_addresses",
    "mac_addresses",
    "cables",
]


def tables(*files: str, **endpoint: Any) -> Estate:
    """An endpoint with these files, or all; NetBox has a site, a role and a device type."""
    estate = Estate("tables", **{"policies": {"create": CREATE}, **endpoint})
    for name in SHAPES:
        estate.add("tables.files", name=name, present=not files or name in files)
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.add("netbox.device_roles", id=1, name="Server", slug="server")
    estate.add("netbox.device_types", id=1, model="R640", slug="r640", part_number="")
    estate.add("netbox.cluster_types", id=1, name="Virtualization", slug="virtualization")
    estate.add("netbox.clusters", id=1, name="prod", type_id=1)
    return estate


def device(estate: Estate, name: str = "srv1", **row: Any) -> None:
    estate.add(
        "tables.devices",
        **{"id": name, "name": name, "site": "Paris", "role": "Server", "device_type": "R640", **row},
    )


def known(estate: Estate, name: str = "srv1", number: int = 1) -> None:
    """The device in the tables and in NetBox, with its id."""
    device(estate, name)
    estate.add(
        "netbox.devices",
        id=number,
        name=name,
        site_id=1,
        role_id=1,
        device_type_id=1,
        cf={"tables_device": {"lib": name}},
    )


def machine(estate: Estate, name: str = "web", *, netbox: int | None = None, **row: Any) -> None:
    estate.add("tables.virtual_machines", **{"id": f"{name}-id", "name": name, "cluster": "prod", **row})
    if netbox is not None:
        held = {"tables_endpoint": "lib", "tables_id": f"{name}-id"}
        estate.add("netbox.virtual_machines", id=netbox, name=name, cluster_id=1, cf=held)


def decided(estate: Estate, *resources: str) -> list[tuple[str, str, str]]:
    return [(r.action, r.key, r.reason or "") for r in estate.rows() if r.resource in resources]


# Tests with the usual settings share this estate.
TABLES = Parts(tables)


@TABLES.part
def vlans(estate: Estate) -> None:
    estate.add("netbox.vlans", id=10, vid=10, name="users", site_id=1)
    estate.add("netbox.vlans", id=20, vid=20, name="voice", site_id=1)


def found(resource: str, key: str) -> Row:
    """The row of TABLES with this key."""
    (row,) = [r for r in TABLES.estate().rows() if (r.resource, r.key) == (resource, key)]
    return row


def test_words_are_mapped_else_names_in_netbox_else_defaults() -> None:
    estate = tables(mappings={"sites": {"PAR": "Paris"}}, defaults={"role": "server"})
    device(estate, site="PAR", role=None)
    device(estate, "srv2", site="Lyon")
    device(estate, "srv3", device_type=None)
    rows = {r.key: r for r in estate.rows() if r.resource == "devices"}
    assert rows["srv1"].fields["site"] == {"id": 1, "name": "Paris"}
    assert rows["srv1"].fields["role"] == {"id": 1, "name": "Server"}
    assert rows["srv1"].fields["cf.tables_device"] == {"lib": "srv1"}
    assert (rows["srv2"].action, rows["srv2"].reason) == (
        "blocked",
        'no site: map sites: "Lyon", or set defaults.site',
    )
    assert rows["srv3"].reason == ("no device type: the source has no device_type; set defaults.device_type")


@TABLES.part
def hostile(estate: Estate) -> None:
    device(estate, "sw\u202e1")
    machine(estate, "web\x1b[1A")


def test_names_that_cannot_be_seen_are_refused() -> None:
    for resource, key, character in (
        ("devices", "sw\u202e1", "U+202E"),
        ("virtual_machines", "web\x1b[1A", "U+001B"),
    ):
        row = found(resource, key)
        assert (row.action, row.reason) == (
            "blocked",
            f"the name contains {character}, which cannot be seen; give it another name in the source",
        )


def test_a_file_that_is_not_there_says_nothing() -> None:
    for files, expected in {
        ("virtual_machines",): [],
        ("virtual_machines", "vm_interfaces", "virtual_disks"): [
            ("virtual_disks", "delete", 21),
            ("vm_interfaces", "delete", 11),
        ],
    }.items():
        estate = tables(*files, policies=GENEROUS)
        machine(estate, netbox=1)
        estate.add("netbox.vm_interfaces", id=11, virtual_machine_id=1, name="eth0")
        estate.add("netbox.virtual_disks", id=21, virtual_machine_id=1, name="sda", size=10)
        found = estate.rows()
        assert sorted(removals(found)) == expected
        # Nothing is even shown.
        assert [r for r in found if r.action == "blocked"] == []


def test_a_machine_that_the_file_no_longer_lists_is_gone_but_not_one_whose_row_was_rejected() -> None:
    policies = {**GENEROUS, "missing_guests": "delete"}
    estate = tables(policies=policies)
    machine(estate, "web", netbox=1)
    held = {"tables_endpoint": "lib", "tables_id": "db-id"}
    estate.add("netbox.virtual_machines", id=2, name="db", cluster_id=1, cf=held)
    estate.ours("virtualization/virtual-machines", 2)
    assert removals(estate.rows()) == [("virtual_machines", "delete", 2)]
    estate.add(
        "tables.rejected",
        source_table="virtual_machines",
        row_key="db-id",
        reason="row 2: name: has no value",
    )
    estate.add(
        "tables.scopes",
        scope="virtual_machines",
        scope_id="db-id",
        complete=False,
        unseen=False,
        reason="row 2",
    )
    assert removals(estate.rows()) == []


@TABLES.part
def renamed(estate: Estate) -> None:
    machine(estate, "moved", cluster="test", memory=4096)
    held = {"tables_endpoint": "lib", "tables_id": "moved-id"}
    estate.add("netbox.virtual_machines", id=1, name="shop", cluster_id=1, cf=held)


def test_a_machine_is_found_by_its_id_under_another_name_and_in_another_cluster() -> None:
    (row,) = [r for r in TABLES.estate().rows() if (r.resource, r.netbox_id) == ("virtual_machines", 1)]
    assert (row.action, row.fields) == (
        "update",
        {
            "cluster": {"key": "test", "name": "test", "ref": "clusters"},
            "site": {"id": 1, "name": "Paris"},
            "memory": 4096,
        },
    )


@TABLES.part
def of_a_renamed_endpoint(estate: Estate) -> None:
    """NetBox has these under the endpoint's former name; the second has another name too."""
    for number, name in ((41, "mail"), (42, "dns")):
        machine(estate, name, id=f"x{number}", cluster="test")
        held = {"tables_endpoint": "former", "tables_id": f"x{number}"}
        called = name if number == 41 else "other"
        estate.add("netbox.virtual_machines", id=number, name=called, cluster_id=1, cf=held)


def test_a_machine_of_an_endpoint_that_was_renamed_is_found_by_its_id_and_name() -> None:
    assert found("virtual_machines", "mail").netbox_id == 41
    assert found("virtual_machines", "mail").fields["cf.tables_endpoint"] == "lib"
    assert found("virtual_machines", "dns").action == "create"


@TABLES.part
def namesakes(estate: Estate) -> None:
    machine(estate, "web", id="1")
    machine(estate, "Web", id="2")
    machine(estate, "web", id="3", cluster="test")


def test_names_that_several_have() -> None:
    rows = decided(TABLES.estate(), "virtual_machines")
    assert [row for row in rows if row[1].lower().startswith("web [")] == [
        ("conflict", "Web [2]", "2 virtual machines of this cluster would have the name Web"),
        ("conflict", "web [1]", "2 virtual machines of this cluster would have the name web"),
        ("create", "web [3]", ""),
    ]


def test_a_machine_without_a_cluster_is_in_that_of_the_endpoint() -> None:
    for settings, cluster in (({}, "lib"), ({"cluster": "prod"}, "prod")):
        estate = tables(**settings)
        machine(estate, cluster=None)
        (row,) = [r for r in estate.rows() if r.resource == "virtual_machines"]
        assert row.fields["cluster"]["name"] == cluster


def test_the_tenant_of_a_machine() -> None:
    estate = tables(mappings={"tenants": {"shop": "Shop Ltd"}})
    estate.add("netbox.tenants", id=1, name="Shop Ltd", slug="shop-ltd")
    machine(estate, "web", netbox=1, tenant="shop")
    machine(estate, "db", netbox=2, tenant="Nobody")
    found = {r.key: r for r in estate.rows() if r.resource == "virtual_machines"}
    assert found["web"].fields == {"tenant": {"id": 1, "name": "Shop Ltd"}}
    assert (found["db"].action, found["db"].fields) == ("conflict", {})


@TABLES.part
def hosts(estate: Estate) -> None:
    for name, cluster in (("host1", "PROD"), ("host2", "test")):
        device(estate, name, cluster=cluster)
        machine(estate, f"on-{name}", device=name)


def test_the_host_of_a_machine_counts_only_in_its_own_cluster() -> None:
    assert found("virtual_machines", "on-host1").fields["device"]["name"] == "host1"
    assert found("virtual_machines", "on-host2").fields.get("device") is None


# (VLANs of a row, the mode that follows).
MODES: list[tuple[dict[str, Any], str | None]] = [
    ({"untagged_vlan": 10}, "access"),
    ({"untagged_vlan": 10, "tagged_vlans": []}, "access"),
    ({"untagged_vlan": 10, "tagged_vlans": [10, 20]}, "tagged"),
    ({"tagged_vlans": [20]}, "tagged"),
    ({"mode": "tagged-all", "untagged_vlan": 10}, "tagged-all"),
    ({}, None),
]


@TABLES.part
def modes(estate: Estate) -> None:
    known(estate, "srv2", 2)
    for number, (columns, _) in enumerate(MODES):
        estate.add("tables.interfaces", device="srv2", name=f"eth{number}", type="1000base-t", **columns)


def test_the_mode_of_an_interface_follows_from_its_vlans() -> None:
    for number, (columns, mode) in enumerate(MODES):
        assert found("interfaces", f"srv2 eth{number}").fields.get("mode") == mode, columns


@TABLES.part
def without_vlans(estate: Estate) -> None:
    known(estate, "srv3", 3)
    port = {"name": "eth0", "type": "1000base-t", "enabled": True, "mode": "access", "untagged_vlan_id": 10}
    estate.add("netbox.interfaces", id=5, device_id=3, **port)
    estate.add("tables.interfaces", device="srv3", name="eth0", untagged_vlan=0, tagged_vlans=[])


def test_no_vlans_clear_the_mode() -> None:
    assert found("interfaces", "srv3 eth0").fields == {"mode": None, "untagged_vlan": None}


@TABLES.part
def without_types(estate: Estate) -> None:
    known(estate, "srv4", 4)
    for name, speed in (("a", 1000000), ("b", 10000000), ("c", None)):
        estate.add("tables.interfaces", device="srv4", name=name, speed=speed)


def test_a_type_that_is_missing_follows_from_the_speed() -> None:
    assert [found("interfaces", f"srv4 {name}").fields["type"] for name in "abc"] == [
        "1000base-t",
        "10gbase-x-sfpp",
        "other",
    ]


def test_an_ignored_interface_is_skipped_and_not_removed() -> None:
    estate = tables(ignored_interfaces=["veth.*"], policies=GENEROUS)
    known(estate)
    estate.add("netbox.interfaces", id=5, device_id=1, name="veth0", type="virtual", enabled=True)
    estate.add("tables.interfaces", device="srv1", name="veth0")
    assert removals(estate.rows()) == []
    assert estate.left_out() == [("interfaces", "srv1 veth0", "ignored_interfaces names it: veth.*")]


def test_an_address_whose_row_was_rejected_is_not_gone_elsewhere() -> None:
    estate = tables(policies=GENEROUS)
    known(estate)
    estate.add("tables.interfaces", device="srv1", name="eth0", type="1000base-t")
    estate.add("netbox.interfaces", id=5, device_id=1, name="eth0", type="1000base-t", enabled=True)
    address = {
        "address": "192.0.2.1/24",
        "host": "192.0.2.1",
        "prefixlen": 24,
        "family": 4,
        "status": "active",
    }
    estate.add(
        "netbox.ip_addresses", id=9, assigned_object_type="dcim.interface", assigned_object_id=5, **address
    )
    assert removals(estate.rows()) == [("ip_addresses", "delete", 9)]
    estate.add(
        "tables.rejected",
        source_table="ip_addresses",
        row_key="srv2 eth9",
        reason="row 3",
        row_json='{"host": "192.0.2.1"}',
    )
    assert removals(estate.rows()) == []


@TABLES.part
def primary(estate: Estate) -> None:
    known(estate, "srv5", 5)
    estate.add("tables.interfaces", device="srv5", name="eth0", type="1000base-t")
    for host, is_primary in (("192.0.2.1", False), ("192.0.2.2", True), ("192.0.2.3", None)):
        estate.add(
            "tables.ip_addresses",
            **{"device": "srv5", "interface": "eth0", "address": f"{host}/24", "host": host, "family": 4},
            **{"prefixlen": 24, "is_primary": is_primary},
        )


def test_only_addresses_that_the_tables_call_primary_become_so() -> None:
    (row,) = [r for r in TABLES.estate().rows() if r.resource == "primary_ips"]
    assert row.fields["primary_ip4"]["name"] == "192.0.2.2"


@TABLES.part
def neighbours(estate: Estate) -> None:
    known(estate, "srv6", 6)
    estate.add("tables.devices", id="id7", name="srv7", site="Paris", role="Server", device_type="R640")
    for port, remote in (("eth0", "id7"), ("eth1", "srv7")):
        for name in ("srv6", "id7"):
            estate.add("tables.interfaces", device=name, name=port, type="1000base-t")
        estate.add(
            "tables.cables", device="srv6", interface=port, remote_device=remote, remote_interface=port
        )


def test_a_neighbour_is_an_id_of_the_tables_or_a_name() -> None:
    assert decided(TABLES.estate(), "cables") == [
        ("create", "srv6 eth0 <-> srv7 eth0", ""),
        ("create", "srv6 eth1 <-> srv7 eth1", ""),
    ]


@TABLES.part
def racked(estate: Estate) -> None:
    device(estate, "srv8", rack="A1", location="Room 1", tenant="Shop")


def test_a_rack_that_netbox_does_not_have_is_said_and_the_device_created() -> None:
    row = found("devices", "srv8")
    assert (row.action, row.reason) == (
        "create",
        'location: the site of srv8 has no location "Room 1"; rack: NetBox has no rack "A1"; '
        'tenant: NetBox has no tenant "Shop"',
    )
