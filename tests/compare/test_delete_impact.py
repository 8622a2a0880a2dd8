"""What would go along with a delete, or lose a value that no undo brings back, blocks it in the diff, by name.

Guests: test_delete_impact_guests.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from contract.client import NetBox as Client
from contract.dependents import CASCADES

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.sources.netbox.check import check_netbox
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import open_views
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox, registry
from netbox_sync_lab.netbox.schema import HEAD, TAIL, Model, char
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, furnish, verdicts
from tests.apply.drafts import Draft
from tests.compare.impact import PLACES, hang, netbox_and_client
from tests.compare.stages import Stage, of
from tests.kept import LabTarget
from tests.support import ODD_FOLDER, NetBox, Pipeline, row, rows

NICS = ("tunnel termination", "L2VPN termination", "FHRP group assignment", "journal entry")
PORTS = (*NICS, "inventory item", "virtual circuit termination", "bookmark", "subscription")
POLICIES = {
    "missing_interfaces": "delete",
    "stale_addresses": "delete",
    "delete_unowned": ["interfaces", "ip_addresses", "mac_addresses"],
}


@dataclass
class Estate:
    """Switches of which LibreNMS shows one port; whatever else NetBox has of them may be deleted. ``client`` makes
    dependents. ``made``: {case: what its test needs}."""

    netbox: NetBox
    client: Client
    place: NetBoxFixtures
    state: LibreNMSState
    pipeline: Pipeline
    made: dict[str, Any] = field(default_factory=dict)

    def named(self, case: str) -> str:
        return f"{case}-{self.place.suffix}"

    def switch(self, case: str) -> dict[str, Any]:
        """The port Gi0/1 of the case's switch."""
        name, place = self.named(case), self.place
        self.state.add_port(self.state.add_device(name, hardware=place.device_type["model"]), "Gi0/1")
        same = {"site": place.site["id"], "role": place.role["id"], "device_type": place.device_type["id"]}
        switch = self.netbox.create("dcim/devices", name=name, **same)
        return self.port(switch, "Gi0/1", type="1000base-t")

    def port(self, switch: dict[str, Any], label: str, **more: Any) -> dict[str, Any]:
        return self.netbox.create(
            "dcim/interfaces", **{"device": switch["id"], "name": label, "type": "virtual", **more}
        )


@dataclass(frozen=True)
class Found:
    """``unread``: a comparison whose policies allow more than NetBox was read for; ``plan``: that of a sync."""

    estate: Estate
    unread: Plan
    plan: Plan

    def of(self, case: str) -> Plan:
        return of(self.plan, self.estate.named(case))


case = Stage[Estate]()


@pytest.fixture(scope="module", params=PLACES)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """All cases, in one sync."""
    state = LibreNMSState()
    with (
        netbox_and_client(request.param) as (netbox, client),
        pytest.MonkeyPatch.context() as environment,
        LabLibreNMS(state, token="lnms-token") as server,
    ):
        place = furnish(netbox)
        environment.setenv("LIBRENMS_TOKEN", server.token)
        endpoint = {
            "name": "production",
            "kind": "librenms",
            "url": server.url,
            "import_devices": "all",
            "defaults": {
                "site": place.site["slug"],
                "role": place.role["slug"],
                "device_type": place.device_type["model"],
            },
            "policies": {"missing_interfaces": "delete"},
        }
        pipeline = Pipeline(tmp_path_factory.mktemp("impact") / ODD_FOLDER, netbox, endpoint)
        estate = Estate(netbox, client, place, state, pipeline)
        case.run(estate)
        pipeline.read()
        pipeline.configure(policies=POLICIES)
        unread = pipeline.compare()
        yield Found(estate, unread, pipeline.sync())


@case
def _interfaces_with_dependents(estate: Estate) -> None:
    switch, client = estate.switch("interfaces")["device"], estate.client
    made = {word: estate.port(switch, word) for word in PORTS}
    names = {word: hang(client, word, "dcim.interface", nic["id"]) for word, nic in made.items()}
    vdc = client.new(
        "dcim/virtual-device-contexts",
        {"name": client.name("vdc"), "device": switch["id"], "status": "active"},
    )
    lan = client.new("wireless/wireless-lans", {"ssid": client.name("ssid"), "status": "active"})
    made["vdc"] = estate.port(switch, "vdc", vdcs=[vdc["id"]])
    names["vdc"] = f"virtual device context {vdc['display']}"
    made["wlan"] = estate.port(switch, "wlan", type="ieee802.11ac", wireless_lans=[lan["id"]])
    names["wlan"] = f"wireless LAN {lan['display']}"
    estate.made["interfaces"] = (made, estate.port(switch, "bare"), names)


def test_what_hangs_on_an_interface_blocks_its_delete_by_name(found: Found, tmp_path: Path) -> None:
    made, bare, names = found.estate.made["interfaces"]
    device = found.estate.named("interfaces")
    assert {r.key: (r.action, r.reason) for r in rows(found.of("interfaces"), "interfaces")} == {
        **{
            f"{device} {word}": ("blocked", f"not in LibreNMS, but {name} depends on it")
            for word, name in names.items()
        },
        f"{device} bare": ("delete", "not in LibreNMS"),
        f"{device} Gi0/1": ("update", None),
    }

    # The last guard: the same objects in a plan that an older NetBox snapshot let through.
    netbox = found.estate.netbox
    harness = ApplyHarness(tmp_path / "apply", netbox.url)
    draft = Draft()
    for word, nic in {**made, "bare": bare}.items():
        draft.delete("interfaces", word, netbox.one("dcim/interfaces", id=nic["id"]))
    result = harness.approve_and_apply(draft.publish(harness.warehouse))
    assert verdicts(result) == {**dict.fromkeys(made, "blocked"), "bare": "applied"}
    said = {v.key: v.message for v in result.verdicts if v.verdict == "blocked"}
    assert said == {
        word: f"{name} in NetBox would go with it or lose it, and no change says so"
        for word, name in names.items()
    }


@case
def _addresses_with_dependents(estate: Estate) -> None:
    shown, client = estate.switch("addresses"), estate.client
    vrf = estate.netbox.create("ipam/vrfs", name=f"blue {estate.place.suffix}")

    def address(text: str, **more: Any) -> dict[str, Any]:
        held = {"assigned_object_type": "dcim.interface", "assigned_object_id": shown["id"]}
        return estate.netbox.create("ipam/ip-addresses", address=text, vrf=vrf["id"], **held, **more)

    made = [address(f"10.9.0.{host}/24") for host in range(1, 7)]
    names = [hang(client, "contact assignment", "ipam.ipaddress", made[0]["id"])]
    names.append(hang(client, "journal entry", "ipam.ipaddress", made[1]["id"]))
    service = CASCADES["service"][1](client, "dcim.device", shown["device"]["id"])
    client.patch(f"ipam/services/{service['id']}/", {"ipaddresses": [made[2]["id"]]})
    names.append(f"service {service['display']}")
    vpn = estate.port(shown["device"], "vpn0")
    tunnel = CASCADES["tunnel termination"][1](client, "dcim.interface", vpn["id"])
    client.patch(f"vpn/tunnel-terminations/{tunnel['id']}/", {"outside_ip": made[3]["id"]})
    names.append(f"tunnel termination {tunnel['display']}")
    client.new(
        "ipam/ip-addresses", {"address": "198.51.100.9/24", "vrf": vrf["id"], "nat_inside": made[4]["id"]}
    )
    names.append("NAT address 198.51.100.9/24")
    estate.made["addresses"] = (made, names)


def test_what_hangs_on_an_address_or_names_it_blocks_its_delete(found: Found) -> None:
    made, names = found.estate.made["addresses"]
    device = found.estate.named("addresses")
    said = {r.netbox_id: (r.action, r.reason) for r in rows(found.plan, "ip_addresses")}
    for ip, name in zip(made, names, strict=False):
        assert said[ip["id"]] == ("blocked", f"not on {device} Gi0/1 in LibreNMS, but {name} depends on it")
    assert said[made[5]["id"]] == ("delete", f"not on {device} Gi0/1 in LibreNMS")


@case
def _custom_fields_that_name_interfaces(estate: Estate) -> None:
    switch, client = estate.switch("fields")["device"], estate.client
    single = client.custom_field("object", ["dcim.site"], related_object_type="dcim.interface")
    many = client.custom_field("multiobject", ["tenancy.tenant"], related_object_type="dcim.interface")
    site = client.site()
    uplink = estate.port(switch, "uplink")
    client.patch(f"dcim/sites/{site['id']}/", {"custom_fields": {single: uplink["id"]}})
    tenant = client.new("tenancy/tenants", {"name": client.name("tenant"), "slug": client.name("tenant")})
    wanted = [estate.port(switch, "first")["id"], estate.port(switch, "second")["id"]]
    client.patch(f"tenancy/tenants/{tenant['id']}/", {"custom_fields": {many: wanted}})
    estate.made["fields"] = (f"{single} of {site['display']}", f"{many} of {tenant['display']}")


def test_a_custom_field_that_names_an_interface_blocks_its_delete(found: Found) -> None:
    single, many = found.estate.made["fields"]
    device = found.estate.named("fields")
    assert {r.key: r.reason for r in rows(found.of("fields"), "interfaces", "blocked")} == {
        f"{device} uplink": f"not in LibreNMS, but custom field {single} depends on it",
        f"{device} first": f"not in LibreNMS, but custom field {many} depends on it",
        f"{device} second": f"not in LibreNMS, but custom field {many} depends on it",
    }


@case
def _journals(estate: Estate) -> None:
    switch = estate.switch("journal")["device"]
    ours = (
        "netbox-sync production apply 20260101T000000000Z-abcd: interfaces.create 1, mac_addresses.create 2"
    )
    for label, texts in (("ours", [ours]), ("others", [ours, f"{ours} (wrong port!)"])):
        entry = {
            "assigned_object_type": "dcim.interface",
            "assigned_object_id": estate.port(switch, label)["id"],
        }
        for text in texts:
            last = estate.netbox.create("extras/journal-entries", comments=text, **entry)
    estate.made["journal"] = last["display"]


def test_our_own_journal_goes_with_its_object(found: Found) -> None:
    plan, device = found.of("journal"), found.estate.named("journal")
    ours, others = (row(plan, "interfaces", f"{device} {label}") for label in ("ours", "others"))
    assert (ours.action, ours.reason) == ("delete", "not in LibreNMS")
    entry = found.estate.made["journal"]
    assert (others.action, others.reason) == (
        "blocked",
        f"not in LibreNMS, but journal entry {entry} depends on it",
    )


# -- what the token may not read, plugins, and a policy that came after NetBox was read --------------


def test_a_policy_that_came_after_netbox_was_read_deletes_nothing(found: Found) -> None:
    key = f"{found.estate.named('interfaces')} bare"
    unread = row(found.unread, "interfaces", key)
    assert (unread.action, unread.reason) == (
        "blocked",
        "not in LibreNMS, but its dependents are not known: NetBox was read before policies.delete named them; sync again",
    )
    assert row(found.plan, "interfaces", key).action == "delete"


@pytest.mark.parametrize("found", ["lab"], indirect=True)
def test_what_the_token_may_not_read_blocks_deletes_and_check_names_it(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    netbox = found.estate.netbox
    assert isinstance(netbox, LabTarget)
    pipeline, key = found.estate.pipeline, f"{found.estate.named('journal')} ours"
    everything = {"view", "add", "change", "delete"}
    rights = {label: everything for label in netbox.server.store.models if label != "vpn.tunneltermination"}
    header = netbox.server.add_token("sync", rights)
    monkeypatch.setenv("NETBOX_TOKEN", header.partition(" ")[2])
    assert row(found.plan, "interfaces", key).action == "delete"
    blocked = row(pipeline.sync(), "interfaces", key)
    assert (blocked.action, blocked.reason) == (
        "blocked",
        "not in LibreNMS, but its dependents are not known: tunnel terminations could not be read: the token may not"
        " read /api/vpn/tunnel-terminations/; give its user the permission vpn.view_tunneltermination",
    )
    [check] = [
        check
        for check in check_netbox(pipeline.config.netbox, deletes=pipeline.config.deletes)
        if check.name == "rights: deletes"
    ]
    assert (check.ok, check.sentence) == (
        False,
        "missing vpn.view_tunneltermination: the dependents of interfaces, ip_addresses, mac_addresses are not known, so"
        " their deletes are blocked; give the token's user these permissions",
    )


def test_a_plugin_that_has_objects_blocks_deletes_until_it_is_said_to_be_harmless(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    acme = Model(
        label="netbox_acme.sensor",
        path="plugins/acme/sensors",
        verbose="sensor",
        plural="sensors",
        fields=(*HEAD, char("name", 50, required=True), *TAIL),
        brief=("id", "url", "display", "name"),
        ordering=("name",),
    )
    monkeypatch.setitem(registry.PLUGIN_MODELS, "netbox_acme", (acme,))
    with LabNetBox(plugins={"netbox_acme": "1.0"}) as lab:
        monkeypatch.setenv("NETBOX_TOKEN", lab.token)
        netbox = NetBox(lab.url, lab.token)
        place = furnish(netbox)
        port = {"device": place.device["id"], "type": "virtual"}
        empty, held = (netbox.create("dcim/interfaces", name=name, **port) for name in ("empty", "held"))

        def verdict(port: dict[str, Any], **settings: Any) -> tuple[str, str]:
            harness = ApplyHarness(tmp_path / port["name"] / str(len(settings)), lab.url)
            harness.configure(**settings)
            draft = Draft()
            draft.delete("interfaces", port["name"], port)
            [result] = harness.approve_and_apply(draft.publish(harness.warehouse)).verdicts
            return result.verdict, result.message

        assert verdict(empty) == ("applied", "")
        netbox.create("plugins/acme/sensors", name="door")
        why = (
            "the plugin netbox_acme has 1 sensors, which NetBox may delete along; where none of them refers to such"
            " objects, name the plugin in netbox.plugins_without_references"
        )
        assert verdict(held) == (
            "blocked",
            f"its dependents are not known: {why}",
        )
        warehouse = Warehouse(tmp_path / "read")
        target = NetBoxTarget.model_validate({"url": lab.url})
        snapshot_netbox(target, warehouse, deletes=["interfaces"])
        with open_views(warehouse) as con:
            said = con.execute(
                "SELECT DISTINCT reason FROM netbox.scopes WHERE scope = 'dependents'"
            ).fetchall()
        assert said == [(why,)]
        assert verdict(held, plugins_without_references=["netbox_acme"]) == ("applied", "")
