"""What the demo's NetBox holds before the first sync: the frame, and part of the estate, partly wrong.

`netbox_seed()` lists it as (list endpoint, objects), in an order in which every object's references exist.
References are given by attributes, as NetBox resolves them itself. Where NetBox wants a bare id (assigned
objects, scopes, cable ends, and `id` itself), the value is a `ref`. Objects with an `id` are changes to existing
objects (PATCH), all others new ones (POST).
"""

from netbox_sync_lab.estate.netbox_devices import addresses, devices, port
from netbox_sync_lab.estate.netbox_frame import frame, network
from netbox_sync_lab.estate.netbox_guests import virtual
from netbox_sync_lab.estate.plan import LYON, PARIS, ipv4
from netbox_sync_lab.estate.seed_notation import Object, Seed, ref


def netbox_seed() -> Seed:
    """Everything to send, in order; the same on every call."""
    return [*frame(), *network(), *devices(), *addresses(), *virtual(), *_finish()]


def _finish() -> Seed:
    def ip(address: str) -> Object:
        return ref("ipam/ip-addresses", address=address)

    def mac(address: str) -> Object:
        return ref("dcim/mac-addresses", mac_address=address)

    return [
        (
            "dcim/interfaces",
            [
                {"id": port("par-pve1", "eno1"), "primary_mac_address": mac("D0:94:66:AA:00:01")},
                {"id": port("par-core1", "Ethernet1/1"), "primary_mac_address": mac("C4:B2:39:00:00:99")},
            ],
        ),
        (
            "dcim/devices",
            [
                {"id": ref("dcim/devices", name=name), "primary_ip4": ip(address)}
                for name, address in (
                    ("par-access-1", f"{ipv4(PARIS, 10, 12)}/24"),
                    ("lyo-core1", f"{ipv4(LYON, 10, 2)}/24"),
                    # The address of the line, not the one it is managed by.
                    ("par-fw1", "198.51.100.2/30"),
                )
            ],
        ),
        (
            "virtualization/virtual-machines",
            [
                {
                    "id": ref("virtualization/virtual-machines", name="web01"),
                    "primary_ip4": ip(f"{ipv4(PARIS, 20, 101)}/24"),
                }
            ],
        ),
    ]
