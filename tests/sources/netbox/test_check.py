"""What ``netbox-sync check`` says about NetBox."""

from __future__ import annotations

import socket

import pytest

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.sources.netbox.check import check_netbox
from netbox_sync_dagster.sources.netbox.check_names import names_in
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_lab.netbox import LabNetBox
from tests.sources.netbox.seed import Seed
from tests.support import NetBox

MODELS = sorted({source.model for source in SOURCES.values()})


def _check(monkeypatch: pytest.MonkeyPatch, url: str, token: str) -> dict[str, tuple[bool, str]]:
    monkeypatch.setenv("NETBOX_TOKEN", token)
    checks = check_netbox(NetBoxTarget.model_validate({"url": url}))
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: (check.ok, check.sentence) for check in checks}


def test_a_token_that_may_do_everything_passes_every_check_and_writes_nothing(
    lab: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lab.store.rows("extras.tag")
    found = _check(monkeypatch, lab.url, lab.token)
    assert [name for name, (ok, _) in found.items() if not ok] == []
    assert found["version"] == (True, "NetBox 4.6.8")
    assert found["graphql"] == (True, "on, and used")
    assert found["rights: interfaces"] == (True, "view, add, change, delete")
    assert found["rights: racks"] == (True, "view")
    assert found["custom field: librenms_id"][1] == (
        "librenms_id is not there yet; the first diff proposes to create it"
    )
    writes = [
        (method, path, status) for method, path, status in lab.requests if method in ("PATCH", "DELETE")
    ]
    assert writes
    assert all(path.endswith("/0/") and status == 404 for _, path, status in writes)
    assert list(lab.store.rows("extras.tag")) == list(before)


def test_missing_permissions_are_named_by_type_and_action(
    lab: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    permissions = {model: {"view", "add", "change", "delete"} for model in MODELS}
    permissions["ipam.vlan"] = {"view", "add", "change"}
    permissions["dcim.cable"] = {"add", "change", "delete"}
    header = lab.add_token("token-of-some-rights", permissions)
    found = _check(monkeypatch, lab.url, header.removeprefix("Token "))
    assert found["rights: vlans"] == (
        False,
        "missing ipam.delete_vlan: such changes will fail when they are applied;"
        " give the token's user these permissions",
    )
    assert found["rights: cables"] == (
        False,
        "missing dcim.view_cable: the snapshot is incomplete without this table;"
        " give the token's user these permissions",
    )
    assert [name for name, (ok, _) in found.items() if not ok] == ["rights: vlans", "rights: cables"]
    assert found["graphql"][1].startswith("on, but not used for ")


def test_a_token_that_is_not_write_enabled_is_found(lab: LabNetBox, monkeypatch: pytest.MonkeyPatch) -> None:
    header = lab.add_token("reader", None, write_enabled=False)
    found = _check(monkeypatch, lab.url, header.removeprefix("Token "))
    ok, sentence = found["rights: sites"]
    assert not ok
    assert "dcim.change_site, dcim.delete_site" in sentence
    assert "such changes will fail when they are applied" in sentence
    assert found["rights: racks"] == (True, "view")


def test_custom_fields_that_exist_are_said_to_be_there(
    lab: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = Seed(lab.url, f"Token {lab.token}")
    seed.post(
        "extras/custom-fields", {"name": "librenms_id", "type": "json", "object_types": ["dcim.device"]}
    )
    found = _check(monkeypatch, lab.url, lab.token)
    assert found["custom field: librenms_id"] == (True, "librenms_id is there")
    seed.http.close()


def test_graphql_that_is_off_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with LabNetBox(graphql=False) as lab:
        ok, sentence = _check(monkeypatch, lab.url, lab.token)["graphql"]
    assert ok
    assert sentence.startswith("off (") and sentence.endswith("everything is read by REST, which is slower")


def test_a_wrong_token_an_old_version_and_a_dead_server_are_told_apart(
    lab: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _check(monkeypatch, lab.url, "not-the-token")
    assert [name for name, (ok, _) in found.items() if not ok] == ["token"]
    with LabNetBox(version="4.1.11") as old:
        found = _check(monkeypatch, old.url, old.token)
        assert [name for name, (ok, _) in found.items() if not ok] == ["version"]
        assert "needs NetBox 4.2 or newer" in found["version"][1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = _check(monkeypatch, f"http://127.0.0.1:{port}", lab.token)
    assert [name for name, (ok, _) in found.items() if not ok] == ["reachable"]


def test_a_missing_token_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETBOX_TOKEN", raising=False)
    checks = check_netbox(NetBoxTarget.model_validate({"url": "http://127.0.0.1:1"}))
    assert [(check.ok, check.name, check.sentence) for check in checks] == [
        (False, "token", "netbox.token_env: set the environment variable NETBOX_TOKEN")
    ]


def test_names_of_the_configuration_that_netbox_lacks_are_named(
    lab: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", lab.token)
    person = NetBox(lab.url, lab.token)
    person.create("dcim/sites", name="Paris", slug="paris")
    person.create("dcim/device-roles", name="Access", slug="access", color="ff0000")
    config = Config.model_validate(
        {
            "netbox": {"url": lab.url},
            "endpoints": [
                {
                    "name": "nms",
                    "kind": "librenms",
                    "url": "http://127.0.0.1:1",
                    "defaults": {"site": "paris", "tenant": "Ops"},
                    "mappings": {"roles": {"network": "Acces"}, "platforms": {"ios": "IOS"}},
                    "policies": {"create": ["platforms"]},
                }
            ],
        }
    )
    checks = check_netbox(config.netbox, names=names_in(config.endpoints))
    found = {check.name: (check.ok, check.sentence) for check in checks if check.name.startswith("nms: ")}
    assert found == {
        "nms: mappings.roles.network": (False, "NetBox has no device role 'Acces'; did you mean Access?"),
        "nms: defaults.tenant (devices)": (False, "NetBox has no tenant 'Ops'"),
        "nms: defaults.tenant (virtual_machines)": (False, "NetBox has no tenant 'Ops'"),
        "nms: mappings.platforms.ios": (
            True,
            "NetBox has no platform 'IOS' yet; a diff proposes to create it",
        ),
    }
    person.create("tenancy/tenants", name="Operations", slug="ops")
    person.create("dcim/device-roles", name="Acces", slug="acces", color="ff0000")
    last = [
        c for c in check_netbox(config.netbox, names=names_in(config.endpoints)) if c.name == "nms: names"
    ]
    assert [(c.ok, c.sentence) for c in last] == [(True, "NetBox has 4 of the 5 objects that it names")]


def test_names_of_every_setting_are_looked_up(lab: LabNetBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", lab.token)
    person = NetBox(lab.url, lab.token)
    person.create("ipam/vrfs", name="Blue", rd="65000:1")
    person.create("extras/tags", name="Prod", slug="prod", color="ff0000")
    rules = [
        {"match": "(.*), rack (.*)", "site": r"\1", "region": "Europe", "rack": r"\2", "tenant": "Ops"},
        {"match": "Paris.*", "site": "Paris", "location": "Room 1", "rack": "R1"},
    ]
    librenms = {
        "name": "nms",
        "kind": "librenms",
        "url": "http://127.0.0.1:1",
        "defaults": {
            "vlan_group": "Campus",
            "tags": {"*": ["prod"], "devices": ["Prot"]},
            "custom_fields": {"devices": {"owner": "me"}},
        },
        "mappings": {
            "vrfs": {"b": "65000:1", "g": "Green"},
            "location_rules": rules,
            "interface_types": [
                {"ifType": "ethernetCsmacd", "type": "1000base-t"},
                {"ifType": "x", "type": "1000baset"},
            ],
        },
        "policies": {"approvers": {"groups": ["NetOps"]}},
    }
    proxmox = {
        **{"name": "pve", "kind": "proxmox", "url": "https://127.0.0.1:1", "user": "a@pve"},
        **{"token_name": "t", "token_env": "T", "node_interface_type": "10gbase", "cluster_group": "Lab"},
    }
    config = Config.model_validate({"netbox": {"url": lab.url}, "endpoints": [librenms, proxmox]})
    found = {
        check.name: (check.ok, check.sentence)
        for check in check_netbox(config.netbox, names=names_in(config.endpoints))
        if check.name.startswith(("nms: ", "pve: "))
    }
    assert found == {
        "nms: defaults.vlan_group": (False, "NetBox has no VLAN group 'Campus'"),
        "nms: defaults.tags.devices": (
            True,
            "NetBox has no tag 'Prot' yet; a diff proposes to create it; did you mean Prod?",
        ),
        "nms: defaults.custom_fields.devices": (False, "NetBox has no custom field 'owner'"),
        "nms: mappings.vrfs.g": (False, "NetBox has no VRF 'Green'"),
        "nms: mappings.location_rules.0.region": (False, "NetBox has no region 'Europe'"),
        "nms: mappings.location_rules.0.tenant": (False, "NetBox has no tenant 'Ops'"),
        "nms: mappings.location_rules.1.site": (False, "NetBox has no site 'Paris'"),
        "nms: mappings.location_rules.1.location": (False, "NetBox has no location 'Room 1'"),
        "nms: mappings.location_rules.1.rack": (False, "NetBox has no rack 'R1'"),
        "nms: mappings.interface_types.1.type": (
            False,
            "NetBox has no interface type '1000baset'; did you mean 1000base-t or 1000base-tx?",
        ),
        "nms: policies.approvers.groups": (False, "NetBox has no user group 'NetOps'"),
        "pve: node_interface_type": (
            False,
            "NetBox has no interface type '10gbase'; did you mean 10gbase-t or 10gbase-zr?",
        ),
        "pve: cluster_group": (False, "NetBox has no cluster group 'Lab'"),
    }


def test_the_changelog_and_the_units_are_notes(lab: LabNetBox, monkeypatch: pytest.MonkeyPatch) -> None:
    permissions = {model: {"view", "add", "change", "delete"} for model in MODELS}
    header = lab.add_token("no-changelog", permissions)
    monkeypatch.setenv("NETBOX_TOKEN", header.removeprefix("Token "))
    target = NetBoxTarget.model_validate({"url": lab.url})
    found = {check.name: (check.ok, check.sentence) for check in check_netbox(target, sizes=True)}
    ok, changelog = found["rights: changelog"]
    assert ok and changelog.startswith(
        "optional: without core.view_objectchange a write whose answer was lost"
    )
    ok, units = found["units"]
    assert ok and "RAM_BASE_UNIT = 1024 and DISK_BASE_UNIT = 1024" in units
    assert "units" not in {check.name for check in check_netbox(target)}
