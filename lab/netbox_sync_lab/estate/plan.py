"""The company of the demo: its sites, VLANs and addresses, which all three systems speak of.

Four sites: two data centres with Proxmox clusters (Paris, Lyon), two offices (Frankfurt, Nice).
"""

from typing import NamedTuple


class Site(NamedTuple):
    """A site. location: what LibreNMS calls it; name and slug: what NetBox does. octet: 10.<octet>.<vid>.0/24."""

    key: str
    name: str
    slug: str
    location: str
    octet: int
    lat: float
    lng: float


PARIS = Site("par", "Paris DC1", "paris-dc1", "Paris DC1", 10, 48.9362, 2.3574)
LYON = Site("lyo", "Lyon DC2", "lyon-dc2", "Lyon DC2", 20, 45.7640, 4.8357)
FRANKFURT = Site("fra", "Frankfurt Office", "frankfurt", "Frankfurt Office", 30, 50.1109, 8.6821)
# LibreNMS has the address people typed into sysLocation: only a mapping leads to the site.
NICE = Site("nce", "Nice Office", "nice", "12 Promenade des Anglais, Nice", 40, 43.6953, 7.2656)
SITES = (PARIS, LYON, FRANKFURT, NICE)

# VID -> name. The name in a data centre's switches; offices have the second table.
DATACENTRE_VLANS = {
    10: "MGMT",
    20: "SERVERS",
    30: "STORAGE",
    50: "USERS",
    60: "GUEST",
    99: "NATIVE",
    200: "DMZ",
}
OFFICE_VLANS = {10: "MGMT", 40: "VOICE", 50: "USERS", 60: "GUEST", 70: "PRINTERS", 99: "NATIVE"}


def vlans(site: Site) -> dict[int, str]:
    """The site's VLANs, VID -> name."""
    return DATACENTRE_VLANS if site in (PARIS, LYON) else OFFICE_VLANS


def ipv4(site: Site, vid: int, host: int) -> str:
    """Address number `host` in the site's network of that VLAN (a /24)."""
    return f"10.{site.octet}.{vid}.{host}"


def ipv6(site: Site, vid: int, host: int) -> str:
    """The same in the site's IPv6 network (a /64)."""
    return f"2001:db8:{site.octet}:{vid}::{host:x}"


class Hypervisor(NamedTuple):
    """A Proxmox VE node that LibreNMS polls too. host: its number in the MGMT network."""

    name: str
    site: Site
    host: int
    serial: str


HYPERVISORS = (
    Hypervisor("par-pve1", PARIS, 21, "CZJ10PVE01"),
    Hypervisor("par-pve2", PARIS, 22, "CZJ10PVE02"),
    Hypervisor("par-pve3", PARIS, 23, "CZJ10PVE03"),
    Hypervisor("lyo-pve1", LYON, 21, "CZJ20PVE01"),
    Hypervisor("lyo-pve2", LYON, 22, "CZJ20PVE02"),
)
HYPERVISOR_HARDWARE = "PowerEdge R650"
