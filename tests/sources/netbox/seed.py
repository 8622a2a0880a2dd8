"""A small NetBox in which every table has rows, and those rows as a snapshot must show them."""

# Long rows are written as sums of tuples, one line per group of columns.
# ruff: noqa: RUF005

from __future__ import annotations

from typing import Any

import httpx

Row = dict[str, Any]


class Seed:
    """Creates objects over REST; ``ids`` by a short name. ``remove`` deletes what was created."""

    def __init__(self, url: str, authorization: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"Authorization": authorization}, timeout=60)
        self.ids: dict[str, int] = {}
        self._made: list[str] = []

    def post(self, path: str, body: Row, name: str | None = None) -> int:
        answer = self.http.post(f"/api/{path}/", json=body)
        assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text[:400]}"
        number: int = answer.json()["id"]
        self._made.append(f"/api/{path}/{number}/")
        if name:
            self.ids[name] = number
        return number

    def patch(self, path: str, number: int, body: Row) -> None:
        answer = self.http.patch(f"/api/{path}/{number}/", json=body)
        assert answer.status_code == 200, f"{path}/{number}: {answer.status_code} {answer.text[:400]}"

    def get(self, path: str) -> Row:
        answer = self.http.get(f"/api/{path}/")
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:400]}"
        row: Row = answer.json()
        return row

    @property
    def version(self) -> tuple[int, ...]:
        """As (4, 6)."""
        return tuple(int(part) for part in self.get("status")["netbox-version"].split(".")[:2])

    def remove(self) -> None:
        left = self._made[::-1]
        # An edit may have moved an older object into a newer one.
        for _ in range(3):
            left = [path for path in left if self.http.delete(path).status_code not in (204, 404)]
        self._made.clear()
        self.http.close()


def fill(seed: Seed) -> None:
    """One or a few objects for every table."""
    post, ids = seed.post, seed.ids
    post("extras/tags", {"name": "Seed Blue", "slug": "seed-blue", "color": "0000ff"}, "blue")
    post("extras/tags", {"name": "Seed Amber", "slug": "seed-amber", "color": "ffbf00"}, "amber")
    tags = [{"slug": "seed-blue"}, {"slug": "seed-amber"}]
    post("dcim/regions", {"name": "Seed Europe", "slug": "seed-europe"}, "europe")
    post("dcim/regions", {"name": "Seed France", "slug": "seed-france", "parent": ids["europe"]}, "france")
    post("dcim/site-groups", {"name": "Seed Campus", "slug": "seed-campus"}, "campus")
    site = {"name": "Seed Paris", "slug": "seed-paris", "status": "planned", "region": ids["france"]}
    site |= {"group": ids["campus"], "latitude": 48.85, "longitude": 2.35, "tags": tags}
    post("dcim/sites", site, "paris")
    floor = {"name": "Seed Floor", "slug": "seed-floor", "site": ids["paris"], "status": "active"}
    post("dcim/locations", floor, "floor")
    post("dcim/racks", {"name": "Seed R1", "site": ids["paris"], "location": ids["floor"]}, "rack")
    post("dcim/manufacturers", {"name": "Seed Corp", "slug": "seed-corp"}, "corp")
    kind = {"manufacturer": ids["corp"], "model": "Seed 48", "slug": "seed-48", "part_number": "S-48"}
    kind["is_full_depth"] = False
    post("dcim/device-types", kind, "seed48")
    role = {"name": "Seed Switch", "slug": "seed-switch", "color": "00ff00", "vm_role": True}
    post("dcim/device-roles", role, "switch")
    post(
        "dcim/platforms",
        {"name": "Seed OS", "slug": "seed-os", "manufacturer": ids["corp"]},
        "os",
    )
    post("tenancy/tenants", {"name": "Seed Ltd", "slug": "seed-ltd"}, "ltd")
    post("ipam/vrfs", {"name": "Seed Red", "rd": "65000:99", "enforce_unique": False}, "red")
    group = {"name": "Seed VLANs", "slug": "seed-vlans", "vid_ranges": [[100, 199], [300, 300]]}
    post("ipam/vlan-groups", {**group, "scope_type": "dcim.site", "scope_id": ids["paris"]}, "group")
    for vid in (101, 102, 300):
        vlan = {"vid": vid, "name": f"seed-{vid}", "group": ids["group"], "status": "reserved"}
        post("ipam/vlans", {**vlan, "description": f"VLAN {vid}"}, f"vlan{vid}")
    post("virtualization/cluster-types", {"name": "Seed VE", "slug": "seed-ve"}, "ve")
    post("virtualization/cluster-groups", {"name": "Seed Group", "slug": "seed-group"}, "clusters")
    cluster = {"name": "Seed Cluster", "type": ids["ve"], "group": ids["clusters"], "status": "active"}
    cluster |= {"scope_type": "dcim.region", "scope_id": ids["france"], "description": "pve"}
    post("virtualization/clusters", cluster, "cluster")
    _custom_fields(seed)
    _devices(seed, tags)
    _machines(seed)


def _custom_fields(seed: Seed) -> None:
    post, ids = seed.post, seed.ids
    choices = {"name": "seed choices", "extra_choices": [["a", "A"], ["b", "B"]]}
    ids["choices"] = post("extras/custom-field-choice-sets", choices)
    device = {"object_types": ["dcim.device"]}
    post("extras/custom-fields", {"name": "seed_claim", "type": "json", **device}, "cf_claim")
    post("extras/custom-fields", {"name": "seed_decimal", "type": "decimal", **device}, "cf_decimal")
    choice = {"type": "select", "choice_set": ids["choices"], **device}
    post("extras/custom-fields", {"name": "seed_choice", **choice}, "cf_choice")
    related = {"related_object_type": "dcim.site", **device}
    post("extras/custom-fields", {"name": "seed_site", "type": "object", **related}, "cf_site")
    post("extras/custom-fields", {"name": "seed_sites", "type": "multiobject", **related}, "cf_sites")
    both = {"object_types": ["virtualization.virtualmachine", "dcim.interface"]}
    limits = {"validation_minimum": 1, "validation_maximum": 200}
    cable = {"object_types": ["dcim.cable"], "default": "new", "required": True}
    post("extras/custom-fields", {"name": "seed_state", "type": "text", **cable}, "cf_state")
    post("extras/custom-fields", {"name": "seed_number", "type": "integer", **limits, **both}, "cf_number")


def _devices(seed: Seed, tags: list[Row]) -> None:
    post, ids = seed.post, seed.ids
    base = {"device_type": ids["seed48"], "role": ids["switch"], "site": ids["paris"]}
    values = {"seed_claim": {"value": 1, "b": [2]}, "seed_decimal": 1.5, "seed_choice": "b"}
    values |= {"seed_site": ids["paris"], "seed_sites": [ids["paris"]]}
    first = {**base, "name": "seed-sw1", "status": "staged", "platform": ids["os"], "tenant": ids["ltd"]}
    first |= {"location": ids["floor"], "rack": ids["rack"], "position": 40, "face": "rear"}
    first |= {"serial": "SN1", "asset_tag": "seed-A1"}
    first |= {"description": "first", "comments": "# line", "tags": tags, "custom_fields": values}
    post("dcim/devices", first, "sw1")
    post("dcim/devices", {**base, "name": "seed-sw2"}, "sw2")
    post("dcim/virtual-chassis", {"name": "seed-stack", "domain": "d1"}, "stack")
    seed.patch("dcim/devices", ids["sw2"], {"virtual_chassis": ids["stack"], "vc_position": 2})
    seed.patch("dcim/virtual-chassis", ids["stack"], {"master": ids["sw2"]})
    of = {"device": ids["sw1"]}
    post("dcim/interfaces", {**of, "name": "Po1", "type": "lag"}, "lag")
    port = {**of, "name": "Gi0/1", "type": "1000base-t", "label": "uplink", "enabled": False, "mtu": 9000}
    port |= {"speed": 1000000, "description": "to sw2", "mode": "tagged", "lag": ids["lag"], "tags": tags[:1]}
    port |= {"untagged_vlan": ids["vlan101"], "tagged_vlans": [ids["vlan300"], ids["vlan102"]]}
    port |= {"mgmt_only": True, "custom_fields": {"seed_number": 7}}
    post("dcim/interfaces", port, "port")
    sub = {**of, "name": "Gi0/1.5", "type": "virtual", "parent": ids["port"], "vrf": ids["red"]}
    post("dcim/interfaces", {**sub, "bridge": ids["lag"], "mark_connected": False}, "sub")
    peer = {"device": ids["sw2"], "name": "Gi0/1", "type": "1000base-t", "poe_mode": "pse"}
    post("dcim/interfaces", peer, "peer")
    radio = {"device": ids["sw2"], "name": "wl0", "type": "ieee802.11ax", "rf_role": "ap"}
    post("dcim/interfaces", {**radio, "rf_channel_frequency": 2412.5, "rf_channel_width": 22}, "radio")
    if seed.version >= (4, 7):
        breakout = {"device": ids["sw2"], "name": "Et1", "type": "40gbase-x-qsfpp", "channels": 2}
        post("dcim/interfaces", breakout, "breakout")
        channel = {"device": ids["sw2"], "name": "Et1/2", "type": "channel", "parent": ids["breakout"]}
        post("dcim/interfaces", {**channel, "channel_id": 2}, "channel")
    mac = {"mac_address": "02:00:5e:00:00:01", "assigned_object_type": "dcim.interface"}
    post("dcim/mac-addresses", {**mac, "assigned_object_id": ids["port"]}, "mac")
    post("dcim/mac-addresses", {"mac_address": "02:00:5e:00:00:02"}, "loose_mac")
    seed.patch("dcim/interfaces", ids["port"], {"primary_mac_address": ids["mac"]})
    address = {"address": "192.0.2.1/24", "vrf": ids["red"], "role": "anycast", "dns_name": "sw1.example.com"}
    address |= {"assigned_object_type": "dcim.interface", "assigned_object_id": ids["sub"]}
    post("ipam/ip-addresses", {**address, "tenant": ids["ltd"], "description": "loop"}, "ip4")
    six = {"address": "2001:DB8:0::1/64", "status": "dhcp", "nat_inside": ids["ip4"], "tags": tags}
    post("ipam/ip-addresses", six, "ip6")
    seed.patch("dcim/devices", ids["sw1"], {"primary_ip4": ids["ip4"]})
    ends = {"a_terminations": [{"object_type": "dcim.interface", "object_id": ids["port"]}]}
    ends |= {"b_terminations": [{"object_type": "dcim.interface", "object_id": ids["peer"]}]}
    post("dcim/cables", {**ends, "status": "planned", "type": "cat6", "label": "c1"}, "cable")
    module = {"manufacturer": ids["corp"], "model": "Seed SFP", "part_number": "SFP-1"}
    bay = {"device": ids["sw2"], "name": "bay 1", "label": "B1"}
    if seed.version >= (4, 7):
        post("dcim/module-bay-types", {"name": "Seed cage", "slug": "seed-cage"}, "bay_type")
        bay["module_bay_types"] = module["module_bay_types"] = [ids["bay_type"]]
    ids["module_type"] = post("dcim/module-types", module)
    ids["bay"] = post("dcim/module-bays", bay)
    body = {"device": ids["sw2"], "module_bay": ids["bay"], "module_type": ids["module_type"]}
    post("dcim/modules", {**body, "serial": "M1"}, "module")


def _machines(seed: Seed) -> None:
    post, ids = seed.post, seed.ids
    machine = {"name": "seed-vm", "cluster": ids["cluster"], "status": "offline", "role": ids["switch"]}
    machine |= {"vcpus": 1.5, "memory": 2048, "serial": "V1", "start_on_boot": "on"}
    machine |= {"custom_fields": {"seed_number": 100}, "platform": ids["os"], "description": "guest"}
    post("virtualization/virtual-machines", machine, "vm")
    nic = {"virtual_machine": ids["vm"], "name": "net0", "mode": "access", "untagged_vlan": ids["vlan102"]}
    post("virtualization/interfaces", {**nic, "mtu": 1500, "vrf": ids["red"]}, "nic")
    disk = {"virtual_machine": ids["vm"], "name": "scsi0", "size": 32768, "description": "local-lvm"}
    post("virtualization/virtual-disks", disk, "disk")
    mac = {"mac_address": "02:00:5e:00:00:03", "assigned_object_type": "virtualization.vminterface"}
    post("dcim/mac-addresses", {**mac, "assigned_object_id": ids["nic"]}, "vm_mac")


DEVICE_CF = '{"seed_choice":%s,"seed_claim":%s,"seed_decimal":%s,"seed_site":%s,"seed_sites":%s}'
NOTHING = ("null",) * 5
BOTH_TAGS = ["seed-amber", "seed-blue"]


def expected(i: dict[str, int]) -> dict[str, list[tuple[Any, ...]]]:
    """Per table the rows without endpoint, snapshot_id and last_updated, ordered by id."""
    # What NetBox has from 4.7 on.
    status = "active" if "channel" in i else None
    bay_types = [i["bay_type"]] if "bay_type" in i else None
    channels: list[tuple[Any, ...]] = []
    if "channel" in i:
        tail = (*(None,) * 4, [], '{"seed_number":null}')
        blank = (None,) * 4
        channels = [
            (i["breakout"], i["sw2"], "Et1", "", "40gbase-x-qsfpp", True, None, None, "", None, None, [])
            + (*blank, False, False, *blank, 2, *tail),
            (i["channel"], i["sw2"], "Et1/2", "", "channel", True, None, None, "", None, None, [], None)
            + (i["breakout"], None, None, False, False, None, None, None, 2, None, *tail),
        ]
    cf = DEVICE_CF % ('"b"', '{"b":[2],"value":1}', 1.5, i["paris"], f"[{i['paris']}]")
    n = None
    return {
        "regions": [
            (i["europe"], "Seed Europe", "seed-europe", n),
            (i["france"], "Seed France", "seed-france", i["europe"]),
        ],
        "site_groups": [(i["campus"], "Seed Campus", "seed-campus", n)],
        "sites": [
            (i["paris"], "Seed Paris", "seed-paris", "planned", i["france"], i["campus"])
            + (48.85, 2.35, BOTH_TAGS, "{}")
        ],
        "locations": [(i["floor"], "Seed Floor", "seed-floor", i["paris"], n)],
        "racks": [(i["rack"], "Seed R1", i["paris"], i["floor"], 42, 1)],
        "manufacturers": [(i["corp"], "Seed Corp", "seed-corp")],
        "device_types": [(i["seed48"], i["corp"], "Seed 48", "seed-48", "S-48", 0, 0, 1.0, False, None)],
        "device_roles": [(i["switch"], "Seed Switch", "seed-switch", "00ff00", True)],
        "platforms": [(i["os"], "Seed OS", "seed-os", i["corp"])],
        "tags": [
            (i["blue"], "Seed Blue", "seed-blue", "0000ff", []),
            (i["amber"], "Seed Amber", "seed-amber", "ffbf00", []),
        ],
        "custom_fields": [
            (*row[:6], False, *row[6:], status)
            for row in (
                (i["cf_claim"], "seed_claim", "json", ["dcim.device"], None, False, n, n, n, "", n),
                (i["cf_decimal"], "seed_decimal", "decimal", ["dcim.device"], None, False, n, n, n, "", n),
                (i["cf_choice"], "seed_choice", "select", ["dcim.device"], None, False)
                + (n, n, n, "", i["choices"]),
                (i["cf_site"], "seed_site", "object", ["dcim.device"], "dcim.site", False, n, n, n, "", n),
                (i["cf_sites"], "seed_sites", "multiobject", ["dcim.device"], "dcim.site", False)
                + (n, n, n, "", n),
                (i["cf_number"], "seed_number", "integer")
                + (["dcim.interface", "virtualization.virtualmachine"], None, False, n, 1.0, 200.0, "", n),
                (i["cf_state"], "seed_state", "text", ["dcim.cable"], None, True, '"new"', n, n, "", n),
            )
        ],
        "tenants": [(i["ltd"], "Seed Ltd", "seed-ltd")],
        "vrfs": [(i["red"], "Seed Red", "65000:99", False)],
        "vlan_groups": [
            (i["group"], "Seed VLANs", "seed-vlans", "dcim.site", i["paris"], [[100, 199], [300, 300]])
        ],
        "vlans": [
            (i["vlan101"], 101, "seed-101", "reserved", i["group"], n, n, n, "VLAN 101", [], "{}"),
            (i["vlan102"], 102, "seed-102", "reserved", i["group"], n, n, n, "VLAN 102", [], "{}"),
            (i["vlan300"], 300, "seed-300", "reserved", i["group"], n, n, n, "VLAN 300", [], "{}"),
        ],
        "cluster_types": [(i["ve"], "Seed VE", "seed-ve")],
        "cluster_groups": [(i["clusters"], "Seed Group", "seed-group")],
        "clusters": [
            (i["cluster"], "Seed Cluster", i["ve"], i["clusters"], "active", "dcim.region", i["france"])
            + ("pve", [], "{}")
        ],
        "virtual_chassis": [(i["stack"], "seed-stack", "d1", i["sw2"])],
        "devices": [
            (i["sw1"], "seed-sw1", "staged", i["seed48"], i["switch"], i["os"], i["paris"], i["floor"])
            + (i["rack"], 40.0, "rear", i["ltd"], n, n, n, "SN1", "seed-A1", i["ip4"], n, n)
            + ("first", "# line", BOTH_TAGS, cf),
            (i["sw2"], "seed-sw2", "active", i["seed48"], i["switch"], n, i["paris"], n, n, n, n, n, n)
            + (i["stack"], 2, "", n, n, n, n, "", "", [], DEVICE_CF % NOTHING),
        ],
        "virtual_machines": [
            (i["vm"], "seed-vm", "offline", i["cluster"], n, n, i["switch"], i["os"], n, 1.5, 2048, 32768)
            + ("on", "V1", n, n, "guest", "", [], '{"seed_number":100}', n)
        ],
        "interfaces": [
            (i["lag"], i["sw1"], "Po1", "", "lag", True, n, n, "", n, n, [], n, n, n, n, False, False)
            + (n,) * 9
            + ([], '{"seed_number":null}'),
            (i["port"], i["sw1"], "Gi0/1", "uplink", "1000base-t", False, 9000, 1000000, "to sw2", "tagged")
            + (i["vlan101"], sorted([i["vlan102"], i["vlan300"]]), i["lag"], n, n, n, True, False)
            + (i["cable"], n, i["mac"], n, n, n, n, n, n, ["seed-blue"], '{"seed_number":7}'),
            (i["sub"], i["sw1"], "Gi0/1.5", "", "virtual", True, n, n, "", n, n, [], n, i["port"], i["lag"])
            + (i["red"], False, False, n, n, n, n, n, n, n, n, n, [], '{"seed_number":null}'),
            (i["peer"], i["sw2"], "Gi0/1", "", "1000base-t", True, n, n, "", n, n, [], n, n, n, n)
            + (False, False, i["cable"], n, n, n, n, "pse", n, n, n, [], '{"seed_number":null}'),
            (i["radio"], i["sw2"], "wl0", "", "ieee802.11ax", True, n, n, "", n, n, [], n, n, n, n)
            + (False, False, n, n, n, n, n, n, "ap", 2412.5, 22.0, [], '{"seed_number":null}'),
            *channels,
        ],
        "vm_interfaces": [
            (i["nic"], i["vm"], "net0", True, 1500, "", "access", i["vlan102"], [], n, n, i["red"], n)
            + ([], "{}")
        ],
        "mac_addresses": [
            (i["mac"], "02:00:5E:00:00:01", "dcim.interface", i["port"]),
            (i["loose_mac"], "02:00:5E:00:00:02", n, n),
            (i["vm_mac"], "02:00:5E:00:00:03", "virtualization.vminterface", i["nic"]),
        ],
        "ip_addresses": [
            (i["ip4"], "192.0.2.1/24", "192.0.2.1", 24, 4, i["red"], "active", "anycast", "sw1.example.com")
            + ("dcim.interface", i["sub"], n, i["ltd"], "loop", [], "{}"),
            (i["ip6"], "2001:db8::1/64", "2001:db8::1", 64, 6, n, "dhcp", n, "", n, n, i["ip4"], n, "")
            + (BOTH_TAGS, "{}"),
        ],
        "virtual_disks": [(i["disk"], i["vm"], "scsi0", 32768, "local-lvm")],
        "cables": [
            (i["cable"], "planned", "cat6", "c1", "dcim.interface", [i["port"]])
            + ("dcim.interface", [i["peer"]])
        ],
        "module_types": [(i["module_type"], i["corp"], "Seed SFP", "SFP-1", bay_types)],
        "module_bays": [(i["bay"], i["sw2"], "bay 1", "B1", True, bay_types)],
        "modules": [(i["module"], i["sw2"], i["bay"], i["module_type"], "active", "M1")],
    }
