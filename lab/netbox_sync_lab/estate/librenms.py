"""The demo's network as LibreNMS sees it: 30 devices on four sites."""

from netbox_sync_lab.estate.building import GIGABIT, Switch, add_switch
from netbox_sync_lab.estate.librenms_lyon import build_lyon
from netbox_sync_lab.estate.librenms_offices import build_frankfurt, build_nice
from netbox_sync_lab.estate.librenms_paris import build_paris
from netbox_sync_lab.estate.plan import (
    HYPERVISOR_HARDWARE,
    HYPERVISORS,
    PARIS,
    SITES,
    Hypervisor,
    Site,
    ipv4,
)
from netbox_sync_lab.librenms import LibreNMSState


def build_librenms() -> LibreNMSState:
    """The state, the same on every call. Oddities are marked where they are made."""
    state = LibreNMSState()
    for site in SITES:
        state.add_location(site.location, site.lat, site.lng)
    paris = build_paris(state)
    lyon = build_lyon(state)
    build_frankfurt(state)
    build_nice(state)
    nodes = {h.name: _hypervisor(state, h) for h in HYPERVISORS}
    for number in (1, 2, 3):
        _attach(paris["core1"], paris["core2"], nodes[f"par-pve{number}"], f"Ethernet1/{20 + number}")
    for number in (1, 2):
        _attach(lyon["core1"], lyon["core2"], nodes[f"lyo-pve{number}"], f"Ethernet{20 + number}")
    state.connect(
        state.port(paris["rtr"].row, "Gi0/0/2"), state.port(lyon["rtr"].row, "xe-0/1/1"), protocol="cdp"
    )
    everything = state.devices
    state.add_device_group("Core", [d for d in everything if "core" in str(d["sysName"])], desc="core layer")
    state.add_device_group("Cisco", [d for d in everything if d["os"] in ("ios", "iosxe", "nxos")])
    state.add_poller_group("dc")
    return state


def _hypervisor(state: LibreNMSState, node: Hypervisor) -> Switch:
    host = add_switch(
        state,
        node.site,
        node.name,
        os="proxmox",
        hardware=HYPERVISOR_HARDWARE,
        host=node.host,
        serial=node.serial,
        type="server",
    )
    ports = [host.port(name, ifSpeed=25 * GIGABIT) for name in ("eno1", "eno2")]
    host.lag("bond0", ports)
    bridge = host.port("vmbr0", ifType="bridge", ifSpeed=50 * GIGABIT)
    state.add_ipv4(bridge, ipv4(node.site, 10, node.host), 24)
    storage = host.port("vmbr0.30", ifType="l2vlan", ifSpeed=50 * GIGABIT)
    state.add_ipv4(storage, ipv4(node.site, 30, node.host), 24)
    return host


def _attach(first: Switch, second: Switch, node: Switch, port_name: str) -> None:
    """The node's two ports, one to either core switch."""
    for core, nic in ((first, "eno1"), (second, "eno2")):
        port = core.state.port(core.row, port_name)
        port["ifAlias"] = f"{node.row['sysName']} {nic}"
        core.trunk(port, _guest_vlans(core.site), native=10)
        core.state.connect(port, core.state.port(node.row, nic))


def _guest_vlans(site: Site) -> tuple[int, ...]:
    return (20, 30, 200) if site is PARIS else (20, 30)
