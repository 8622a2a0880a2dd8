"""The frame of the demo's NetBox: places, types, roles, platforms, VLANs."""

from netbox_sync_lab.estate.plan import (
    FRANKFURT,
    HYPERVISOR_HARDWARE,
    LYON,
    NICE,
    PARIS,
    SITES,
    vlans,
)
from netbox_sync_lab.estate.seed_notation import OPERATOR_TAG, Object, Seed, ref, slug

_MANUFACTURERS = ("Cisco", "Juniper", "Arista", "Aruba", "Fortinet", "MikroTik", "Dell")

# Manufacturer, model, part number, height. LibreNMS's hardware is the model or the part number. The models of
# Nice are missing: its devices cannot be created before somebody adds or maps them.
_DEVICE_TYPES = (
    ("Cisco", "Nexus 93180YC-FX3", "N9K-C93180YC-FX3", 1),
    ("Cisco", "C9500-48Y4C", "C9500-48Y4C", 1),
    ("Cisco", "Catalyst 9300-48P", "C9300-48P", 1),
    ("Cisco", "Catalyst 9300-24P", "C9300-24P", 1),
    ("Cisco", "Catalyst 2960X-48FPS-L", "WS-C2960X-48FPS-L", 1),
    ("Cisco", "Catalyst 2960X-24TS-LL", "WS-C2960X-24TS-LL", 1),
    ("Cisco", "Catalyst 9200L-24P-4X", "C9200L-24P-4X", 1),
    ("Cisco", "ISR4331/K9", "", 1),
    ("Juniper", "EX4300-48T", "Juniper EX4300-48T Ethernet Switch", 1),
    ("Juniper", "EX2300-24P", "Juniper EX2300-24P Ethernet Switch", 1),
    ("Juniper", "MX204", "Juniper MX204 Internet Backbone Router", 1),
    ("Arista", "DCS-7050SX3-48YC8", "", 1),
    ("Aruba", "6300M 48G 4SFP56", "JL663A", 1),
    ("Fortinet", "FortiGate 100F", "FGT_100F", 1),
    ("Dell", HYPERVISOR_HARDWARE, "", 1),
)

_ROLES = (
    ("Core Switch", "core-switch", "9c27b0", False),
    ("Distribution Switch", "distribution-switch", "673ab7", False),
    ("Access Switch", "access-switch", "2196f3", False),
    ("Router", "router", "ff9800", False),
    ("Firewall", "firewall", "f44336", False),
    ("Hypervisor", "hypervisor", "4caf50", False),
    ("Virtual Machine", "virtual-machine", "00bcd4", True),
    ("Container", "container", "009688", True),
)

# The slug is LibreNMS's os, except for Arista's and Aruba's, which need a mapping.
_PLATFORMS = (
    ("Cisco IOS", "ios", "Cisco"),
    ("Cisco IOS XE", "iosxe", "Cisco"),
    ("Cisco NX-OS", "nxos", "Cisco"),
    ("Junos", "junos", "Juniper"),
    ("Arista EOS", "eos", "Arista"),
    ("AOS-CX", "aos-cx", "Aruba"),
    ("RouterOS", "routeros", "MikroTik"),
    ("FortiOS", "fortigate", "Fortinet"),
    ("Proxmox VE 8", "proxmox-ve-8", None),
    ("Proxmox VE 9", "proxmox-ve-9", None),
    ("Linux", "linux", None),
    ("Windows", "windows", None),
)


def frame() -> Seed:
    """Tags, places, manufacturers, types, roles, platforms."""
    groups = {PARIS: "data-centres", LYON: "data-centres", FRANKFURT: "offices", NICE: "offices"}
    regions = {PARIS: "france", LYON: "france", FRANKFURT: "germany", NICE: "france"}
    sites: list[Object] = []
    for site in SITES:
        row: Object = {
            "name": site.name,
            "slug": site.slug,
            "status": "active",
            "region": {"slug": regions[site]},
            "group": {"slug": groups[site]},
            "latitude": site.lat,
            "longitude": site.lng,
        }
        if site is LYON:
            del row["latitude"], row["longitude"]
        if site is FRANKFURT:
            # The old office.
            row |= {"latitude": 50.0823, "longitude": 8.2417}
        sites.append(row)
    return [
        (
            "extras/tags",
            [
                {"name": OPERATOR_TAG, "slug": OPERATOR_TAG, "color": "ff5722"},
                {"name": "legacy", "slug": "legacy", "color": "9e9e9e"},
            ],
        ),
        ("dcim/regions", [{"name": "Europe", "slug": "europe"}]),
        (
            "dcim/regions",
            [
                {"name": "France", "slug": "france", "parent": {"slug": "europe"}},
                {"name": "Germany", "slug": "germany", "parent": {"slug": "europe"}},
            ],
        ),
        (
            "dcim/site-groups",
            [
                {"name": "Data Centres", "slug": "data-centres"},
                {"name": "Offices", "slug": "offices"},
            ],
        ),
        ("dcim/sites", sites),
        (
            "dcim/locations",
            [
                {"name": "Room 1", "slug": "par-room-1", "site": {"slug": PARIS.slug}, "status": "active"},
                {"name": "Room 2", "slug": "lyo-room-2", "site": {"slug": LYON.slug}, "status": "active"},
            ],
        ),
        ("dcim/manufacturers", [{"name": m, "slug": slug(m)} for m in _MANUFACTURERS]),
        (
            "dcim/device-types",
            [
                {
                    "manufacturer": {"slug": slug(maker)},
                    "model": model,
                    "slug": slug(f"{maker} {model}"),
                    "part_number": part,
                    "u_height": height,
                }
                for maker, model, part, height in _DEVICE_TYPES
            ],
        ),
        (
            "dcim/device-roles",
            [{"name": n, "slug": s, "color": c, "vm_role": vm} for n, s, c, vm in _ROLES],
        ),
        (
            "dcim/platforms",
            [
                {"name": n, "slug": s, "manufacturer": {"slug": slug(m)} if m else None}
                for n, s, m in _PLATFORMS
            ],
        ),
        ("virtualization/cluster-types", [{"name": "Proxmox VE", "slug": "proxmox-ve"}]),
    ]


def network() -> Seed:
    """VRFs, VLAN groups, VLANs: some missing, some with another name."""
    groups: list[Object] = [
        {
            "name": f"{site.name} VLANs",
            "slug": f"{site.key}-vlans",
            "scope_type": "dcim.site",
            "scope_id": ref("dcim/sites", slug=site.slug),
        }
        for site in SITES
    ]
    # A group without scope, where the transfer networks live.
    groups.append({"name": "Global VLANs", "slug": "global-vlans"})
    rows: list[Object] = []
    for site in SITES:
        for vid, name in vlans(site).items():
            if (site, vid) in _MISSING_VLANS:
                continue
            rows.append(
                {
                    "vid": vid,
                    "name": _WRONG_VLAN_NAMES.get((site, vid), name),
                    "group": {"slug": f"{site.key}-vlans"},
                    "status": "active",
                }
            )
    rows.append({"vid": 3000, "name": "TRANSFER", "group": {"slug": "global-vlans"}, "status": "active"})
    return [
        ("ipam/vrfs", [{"name": "management", "rd": "65000:10", "enforce_unique": True}]),
        ("ipam/vlan-groups", groups),
        ("ipam/vlans", rows),
    ]


_MISSING_VLANS = {(PARIS, 60), (LYON, 30), (FRANKFURT, 70), (NICE, 40)}
_WRONG_VLAN_NAMES = {(PARIS, 50): "DATA_VLAN", (LYON, 20): "SRV", (FRANKFURT, 40): "VOIP"}
