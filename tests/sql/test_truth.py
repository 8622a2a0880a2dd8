"""Random estates with random faults, under policies that allow every delete, judged by an oracle that knows the truth.

Of what the source still shows, or may show, nothing is deleted, disabled or cleared. ``DOUBT_EXAMPLES=200`` takes as many
estates of each kind.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable

import pytest

from tests.sql.estate import Estate, Row
from tests.sql.kinds import (
    GENEROUS,
    address,
    device,
    guest,
    interface,
    machine,
    nic,
    paris,
    port,
    removals,
)

EXAMPLES = int(os.environ.get("DOUBT_EXAMPLES", "4"))
Object = tuple[str, int | None]


class Truth:
    """What there is. ``alive`` and ``gone`` are NetBox objects, all made by this product when all was there."""

    def __init__(self, seed: int, faults: int) -> None:
        self.dice = random.Random(seed)
        self.alive: set[Object] = set()
        self.gone: set[Object] = set()
        self.faults = faults

    def lives(self, resource: str, netbox_id: int, above: bool = True) -> bool:
        """Whether the thing is still there: most are, and none without what it is on."""
        living = above and self.dice.random() < 0.7
        (self.alive if living else self.gone).add((resource, netbox_id))
        return living

    def strike(self, faults: dict[str, Callable[[], None]]) -> list[str]:
        """Let some of the faults happen; their names."""
        chosen = self.dice.sample(sorted(faults), min(self.faults, len(faults)))
        for name in chosen:
            faults[name]()
        return chosen

    def wronged(self, found: list[Row]) -> list[tuple[str, str, int | None]]:
        """The oracle: what of the living the plan would take away."""
        return [found for found in removals(found) if (found[0], found[2]) in self.alive]

    def ours(self, estate: Estate) -> None:
        for resource, netbox_id in self.alive | self.gone:
            assert netbox_id is not None
            estate.ours(TYPES[resource], netbox_id)


TYPES = {
    "interfaces": "dcim/interfaces",
    "ip_addresses": "ipam/ip-addresses",
    "mac_addresses": "dcim/mac-addresses",
    "cables": "dcim/cables",
    "virtual_machines": "virtualization/virtual-machines",
    "vm_interfaces": "virtualization/interfaces",
    "virtual_disks": "virtualization/virtual-disks",
}


def switches(seed: int, faults: int) -> tuple[Estate, Truth, list[str]]:
    """Two switches with four ports each, a LAG, addresses and two cables, and what LibreNMS shows of them."""
    way = ("delete", "disable")[seed % 2]
    truth = Truth(seed, faults)
    estate = Estate("librenms", inventory=True, policies={**GENEROUS, "missing_interfaces": way})
    ports: dict[int, dict[str, object]] = {}
    addresses: dict[int, tuple[int, str]] = {}
    devices = {1: {"serial": "FOC1"}, 2: {"serial": "FOC2"}}
    stack: list[tuple[int, int]] = []
    links: list[tuple[int, int]] = []
    scopes: list[tuple[str, str]] = []
    rejected: list[int] = []
    for owner in devices:
        estate.add(
            "netbox.devices",
            id=owner,
            name=f"sw{owner}",
            serial=f"FOC{owner}",
            cf={"librenms_id": {"lib": owner}},
        )
        for number in range(1, 6):
            key = owner * 10 + number
            lag, cable = number == 5, number == 3
            name = "Po1" if lag else f"Gi{number if owner == 2 else 1}/0/{number}"
            interface(
                estate,
                key,
                name,
                device=owner,
                port=key,
                type="lag" if lag else "1000base-t",
                lag_id=owner * 10 + 5 if number in (1, 2) else None,
                cable_id=1 if cable else None,
            )
            if lag or cable or truth.lives("interfaces", key):
                mac = f"0200000000{key:02X}"
                ports[key] = {"device": owner, "name": name, "ifPhysAddress": mac}
                ports[key]["ifType"] = "ieee8023adLag" if lag else "ethernetCsmacd"
                if number in (1, 2):
                    stack.append((owner * 10 + 5, key))
            if number in (3, 4):
                address(estate, key, f"10.0.{owner}.{number}", on=key)
                if truth.lives("ip_addresses", key, key in ports):
                    addresses[key] = (key, f"10.0.{owner}.{number}")
    estate.add(
        *("netbox.cables",),
        **{"id": 1, "status": "connected", "a_type": "dcim.interface", "a_ids": [13]},
        **{"b_type": "dcim.interface", "b_ids": [23]},
    )
    if truth.lives("cables", 1):
        links += [(13, 23), (23, 13)]
    links += [(key, 0) for key in (15, 25)]
    # A port that is in a LAG of NetBox and lives is in it in truth, too: its LAG is not cleared.
    some = truth.dice.choice

    def same_name() -> None:
        one, other = truth.dice.sample([key for key in ports if key % 10 != 5], 2)
        ports[other] |= {"name": ports[one]["name"], "device": ports[one]["device"]}
        if one // 10 != other // 10:
            ports[other] |= {"device": other // 10}

    def crossed() -> None:
        one, other = truth.dice.sample(sorted(ports), 2)
        ports[one], ports[other] = ports[other], ports[one]

    def unreadable() -> None:
        key = some(sorted(ports))
        rejected.append(key)
        scopes.append(("ports", str(key // 10)))

    def second_device() -> None:
        owner = some((1, 2))
        devices[owner + 7] = {"serial": f"FOC{owner}"}
        for key in [k for k in ports if k // 10 == owner][::2]:
            ports[key]["device"] = owner + 7

    def failing(scope: str, forget: Callable[[int], None]) -> Callable[[], None]:
        def strike() -> None:
            owner = some((1, 2))
            scopes.append((scope, str(owner)))
            forget(owner)

        return strike

    def ports_of(owner: int) -> None:
        for key in [k for k in ports if k // 10 == owner]:
            if truth.dice.random() < 0.5:
                del ports[key]

    def addresses_of(owner: int) -> None:
        for key in [k for k in addresses if k // 10 == owner]:
            del addresses[key]

    happened = truth.strike(
        {
            "two ports of one name": same_name,
            "crossed ids": crossed,
            "an unreadable port": unreadable,
            "an ignored port": lambda: ports[some(sorted(ports))].update(ignore=True),
            "a device polled twice": second_device,
            "/ports fails": failing("ports", ports_of),
            "/ip/addresses fails": failing("ip_addresses", addresses_of),
            "/port_stack fails": failing(
                "port_stack",
                lambda owner: stack.__setitem__(slice(None), [s for s in stack if s[1] // 10 != owner]),
            ),
            "/links fails": failing("links", lambda _: links.clear()),
            "/inventory fails": failing("inventory", lambda _: None),
            "a port without a name": lambda: ports[some(sorted(ports))].update(name=""),
            "a port in two LAGs": lambda: stack.extend((pair[0] % 20 + 10, pair[1]) for pair in stack[:1]),
        }
    )
    for key, content in devices.items():
        device(estate, key, f"sw{key}" if key < 7 else f"sw{key - 7}.example.org", **content)
    for key, content in ports.items():
        if key in rejected:
            row = {"device_id": str(content["device"]), "port_id": str(key), "ifName": content["name"]}
            estate.add(
                "librenms.rejected",
                source_table="ports",
                row_key=str(key),
                reason="bad",
                row_json=json.dumps(row),
            )
        else:
            port(estate, key, **content)  # type: ignore[arg-type]
    for key, (on, host) in addresses.items():
        estate.add(
            "librenms.ip_addresses",
            **{
                "address_id": key,
                "family": 4,
                "address": host,
                "prefixlen": 24,
                "canonical": host,
                "port_id": on,
            },
        )
    for high, low in stack:
        estate.add("librenms.port_stack", device_id=low // 10, high_port_id=high, low_port_id=low)
    for number, (local, remote) in enumerate(links):
        estate.add(
            "librenms.links",
            **{"id": number, "local_device_id": local // 10, "local_port_id": local, "active": True},
            **(
                {"remote_device_id": remote // 10, "remote_port_id": remote}
                if remote
                else {"remote_hostname": "x"}
            ),
        )
    for scope, part in scopes:
        estate.add("librenms.scopes", scope=scope, scope_id=part, complete=False, reason=f"{scope} failed")
    estate.add("librenms.system", local_ver="26.7.0")
    truth.ours(estate)
    return estate, truth, happened


def cluster(seed: int, faults: int) -> tuple[Estate, Truth, list[str]]:
    """Four guests with two netN, two disks and two addresses each, and what Proxmox shows of them."""
    truth = Truth(seed, faults)
    estate = paris()
    guests: dict[int, dict[str, object]] = {}
    nics: dict[tuple[int, int], str] = {}
    addresses: dict[tuple[int, int], str] = {}
    disks: list[tuple[int, str]] = []
    scopes: list[tuple[str, str]] = []
    unseen: set[tuple[int, int]] = set()
    rejected: list[int] = []
    # Another guest, so that the cluster is not empty.
    for vmid in (101, 102, 103, 104):
        machine(estate, vmid, f"vm{vmid}", vmid)
        there = truth.lives("virtual_machines", vmid)
        if there:
            guests[vmid] = {"name": f"vm{vmid}"}
        for number in (0, 1):
            key, mac = vmid * 10 + number, f"BC:24:11:00:{vmid:02X}:{number:02X}"
            nic(estate, key, f"eth{number}", vmid, mac)
            address(estate, key, f"10.{number}.0.{vmid}", key, "virtualization.vminterface")
            estate.add(
                "netbox.virtual_disks", id=key, virtual_machine_id=vmid, name=f"scsi{number}", size=1024
            )
            lives = truth.lives("vm_interfaces", key, there)
            (truth.alive if lives else truth.gone).add(("mac_addresses", key))
            if lives:
                nics[vmid, number] = mac
            if truth.lives("ip_addresses", key, lives):
                addresses[vmid, number] = f"10.{number}.0.{vmid}"
            if truth.lives("virtual_disks", key, there):
                disks.append((vmid, f"scsi{number}"))

    def some() -> int:
        return truth.dice.choice(sorted(guests)) if guests else 0

    def same_name() -> None:
        if len(guests) > 1:
            one, other = truth.dice.sample(sorted(guests), 2)
            guests[other]["name"] = guests[one]["name"]

    def renumbered() -> None:
        if vmid := some():
            guests[vmid + 100] = guests.pop(vmid)
            for kept in (nics, addresses):
                for number in (0, 1):
                    if (vmid, number) in kept:
                        kept[vmid + 100, number] = kept.pop((vmid, number))  # type: ignore[attr-defined]
            disks[:] = [(owner + 100 if owner == vmid else owner, name) for owner, name in disks]
            # What was not read of it bears its number, too.
            scopes[:] = [(name, str(vmid + 100) if part == str(vmid) else part) for name, part in scopes]
            rejected[:] = [owner + 100 if owner == vmid else owner for owner in rejected]
            for number in (0, 1):
                if (vmid, number) in unseen:
                    unseen.add((vmid + 100, number))

    def unread(vmid: int, scope: str) -> None:
        if vmid:
            scopes.append((scope, str(vmid)))
            if scope == "guest":
                guests[vmid] |= {"config_read": False}
                for number in (0, 1):
                    nics.pop((vmid, number), None)
                disks[:] = [disk for disk in disks if disk[0] != vmid]
            for number in (0, 1):
                addresses.pop((vmid, number), None)

    def half_silent() -> None:
        if shown := sorted(nics):
            vmid, number = truth.dice.choice(shown)
            unseen.add((vmid, number))
            addresses.pop((vmid, number), None)

    def stopped() -> None:
        if vmid := some():
            guests[vmid] |= {"status": "stopped"}
            unread(vmid, "guest_addresses")

    def unreadable() -> None:
        if vmid := some():
            rejected.append(vmid)
            scopes.append(("cluster", "*"))

    def same_mac() -> None:
        pairs = [vmid for vmid in guests if {(vmid, 0), (vmid, 1)} <= set(nics)]
        if pairs:
            vmid = truth.dice.choice(pairs)
            nics[vmid, 1] = nics[vmid, 0]

    def other_mac() -> None:
        if shown := sorted(nics):
            vmid, number = truth.dice.choice(shown)
            nics[vmid, number] = f"BC:24:11:FF:{vmid:02X}:{number:02X}"
            held = ("mac_addresses", vmid % 100 * 10 + 1000 + number)
            truth.alive.discard(held)
            truth.gone.add(held)

    happened = truth.strike(
        {
            "a netN of another MAC address": other_mac,
            "two guests of one name": same_name,
            "a guest under another vmid": renumbered,
            "/config fails": lambda: unread(some(), "guest"),
            "a silent agent": lambda: unread(some(), "guest_addresses"),
            "an agent that shows one interface": half_silent,
            "a guest that is stopped": stopped,
            "an unreadable guest": unreadable,
            "two netN of one MAC address": same_mac,
        }
    )
    guest(estate, 999, "keeper")
    for vmid, content in guests.items():
        if vmid in rejected:
            estate.add(
                "proxmox.rejected", source_table="guests", row_key=str(vmid), reason="bad", row_json="{}"
            )
            continue
        guest(estate, vmid, str(content["name"]), **{k: v for k, v in content.items() if k != "name"})
    # The snapshot files what the agent shows by its MAC address: of two netN with one, all of it under the first.
    filed: dict[tuple[int, int], str] = {}
    for (vmid, number), mac in sorted(nics.items()):
        row = {"vmid": vmid, "key": f"net{number}", "position": number, "mac": mac}
        estate.add("proxmox.guest_interfaces", **row, bridge="vmbr0")
        first = min(n for n in (0, 1) if nics.get((vmid, n)) == mac)
        filed[vmid, number] = f"net{first}"
        if (vmid, number) not in unseen and not any(part == str(vmid) for _, part in scopes):
            estate.add(
                "proxmox.guest_agent_interfaces",
                **{**row, "key": f"net{first}", "position": number - first, "name": f"eth{number}"},
            )
    for (vmid, number), host in addresses.items():
        estate.add(
            "proxmox.guest_addresses",
            **{"vmid": vmid, "key": filed[vmid, number], "family": 4},
            **{"address": f"{host}/24", "prefixlen": 24},
            **{"canonical": host, "source": "agent", "position": 0},
        )
    for vmid, name in disks:
        estate.add(
            "proxmox.disks",
            **{"vmid": vmid, "key": name, "bus": "scsi", "position": 0, "size_mib": 1024, "counted": True},
        )
    for scope, part in scopes:
        estate.add("proxmox.scopes", scope=scope, scope_id=part, complete=False, reason=f"{scope} failed")
    truth.ours(estate)
    return estate, truth, happened


Kind = Callable[[int, int], tuple[Estate, Truth, list[str]]]


@pytest.mark.timeout(120 + 60 * EXAMPLES)
@pytest.mark.parametrize("kind", [switches, cluster])
def test_what_may_still_be_there_stays(kind: Kind) -> None:
    wronged = []
    for seed in range(EXAMPLES):
        estate, truth, happened = kind(seed, 1 + seed % 3)
        found = estate.rows()
        wronged += [(seed, happened, r) for r in found if truth.wronged([r])]
    assert wronged == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "seed", "resources"),
    [
        (switches, 36, {"interfaces", "ip_addresses", "cables"}),
        (cluster, 0, {"virtual_machines", "vm_interfaces", "mac_addresses", "ip_addresses", "virtual_disks"}),
    ],
)
def test_without_a_fault_what_is_gone_goes(kind: Kind, seed: int, resources: set[str]) -> None:
    """Else the test above would prove nothing. Of every kind of object something is gone in these estates."""
    estate, truth, _ = kind(seed, 0)
    found = estate.rows()
    assert truth.wronged(found) == []
    assert {r.resource for r in found if r.action == "delete"} == resources
