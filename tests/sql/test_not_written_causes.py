"""Why an object is not created, or nothing is decided: policies, mappings, what it needs, what was not read."""

from __future__ import annotations

from netbox_sync_dagster.compare.stages import DIFF_SHAPE
from netbox_sync_dagster.sqlfiles import read_sql
from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, port, switch, told
from tests.sql.rules import Rules

OFFERED = {"model": "dcim.interface", "field": "type", "value": "1000base-t", "label": "1000BASE-T"}


def test_what_policies_do_not_let_be_created_is_shown() -> None:
    estate = switch(policies={"create": ["vlans"]})
    port(estate, 1, "Gi0/1")
    assert told(estate, "interfaces") == {
        "sw1 Gi0/1": ("blocked", "policies.create does not name interfaces")
    }


def test_a_mapping_to_a_type_that_netbox_does_not_offer_is_a_mistake() -> None:
    """A type from the source is not an error: it becomes one that NetBox supports."""
    estate = switch(mappings={"interface_types": [{"ifType": "ethernetCsmacd", "type": "1000baset"}]})
    estate.add("netbox.choices", **OFFERED)
    port(estate, 1, "Gi0/1")
    assert told(estate, "interfaces") == {
        "sw1 Gi0/1": ("blocked", 'NetBox has no interface type "1000baset" (mappings.interface_types)')
    }


def test_a_device_type_needs_a_manufacturer_and_the_device_needs_the_type() -> None:
    estate = Estate(
        "librenms",
        import_devices="all",
        defaults={"site": "Paris", "role": "Switch"},
        policies={**GENEROUS, "create": ["devices", "device_types"]},
    )
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    device(estate, 1, "sw1", hardware="C9300", os="ios")
    missing = "no manufacturer: map manufacturers by os, or set defaults.manufacturer"
    assert told(estate, "device_types", "devices") == {
        "c9300": ("blocked", missing),
        "sw1": ("blocked", f'needs device_types "c9300", which is blocked ({missing})'),
    }


def test_a_change_that_needs_what_no_change_creates_is_blocked() -> None:
    """As where another endpoint makes it, whose diff is not there yet."""
    rules = Rules()
    rules.con.execute(
        """CREATE TABLE diff.rows (resource VARCHAR, key VARCHAR, action VARCHAR, reason VARCHAR);
           CREATE TABLE diff.dependencies (resource VARCHAR, key VARCHAR, needs_resource VARCHAR, needs_key VARCHAR)"""
    )
    rules.put("diff.rows", resource="devices", key="sw1", action="create")
    rules.put("diff.dependencies", resource="devices", key="sw1", needs_resource="sites", needs_key="paris")
    assert rules.rows(read_sql("plan/unmet.sql")) == [
        ("devices", "sw1", 'needs sites "paris", which no change creates')
    ]


def test_nothing_new_is_created_on_a_device_whose_ports_were_not_all_read() -> None:
    """A port that is out of sight may be the same one under another name."""
    estate = switch()
    port(estate, 1, "Gi0/1")
    estate.add(
        "librenms.scopes",
        scope="ports",
        scope_id="1",
        complete=False,
        unseen=True,
        reason="ports of sw1: LibreNMS answered 500",
    )
    assert told(estate, "interfaces") == {
        "sw1 Gi0/1": (
            "blocked",
            "LibreNMS was not read completely, so this cannot be decided: ports of sw1: LibreNMS answered 500",
        )
    }


def test_an_address_is_not_taken_from_a_device_that_is_out_of_sight() -> None:
    """The last comparison knew it on sw1, whose addresses were not read this time."""
    rules = Rules()
    rules.con.execute(
        f"CREATE TABLE diff.rows {DIFF_SHAPE}; CREATE TABLE match.interfaces (key VARCHAR, netbox_id BIGINT)"
    )
    written = [
        {"field": "assigned_object", "before": "null", "after": "{}", "decision": "update", "reason": None}
    ]
    for host in ("10.0.0.1", "10.0.0.2"):
        row = {"key": host, "parent": "sw2", "action": "update", "fields": written}
        rules.put("diff.rows", resource="ip_addresses", **row)
    rules.put(
        "desired.remembered_addresses", host="10.0.0.1", owner="sw1", reason="addresses of sw1: answered 500"
    )
    rules.con.execute(read_sql("plan/undecided.sql"))
    assert rules.rows("SELECT key, action, reason FROM diff.rows ORDER BY key") == [
        (
            "10.0.0.1",
            "blocked",
            "LibreNMS was not read completely, so this cannot be decided: "
            "10.0.0.1 was on sw1 too: addresses of sw1: answered 500",
        ),
        ("10.0.0.2", "update", None),
    ]
