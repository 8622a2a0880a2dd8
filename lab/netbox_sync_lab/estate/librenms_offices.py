"""The offices in LibreNMS: Frankfurt (Juniper) and Nice (MikroTik)."""

from netbox_sync_lab.estate.building import GIGABIT, add_switch
from netbox_sync_lab.estate.plan import FRANKFURT, NICE, ipv4, ipv6
from netbox_sync_lab.librenms import LibreNMSState

LONG_PORT_NAME = "eoip-tunnel-to-the-frankfurt-office-over-the-backup-line-of-the-old-provider"


def build_frankfurt(state: LibreNMSState) -> None:
    """The devices of Frankfurt."""
    core = add_switch(
        state,
        FRANKFURT,
        "fra-core1",
        os="junos",
        hardware="Juniper EX4300-48T Ethernet Switch",
        host=2,
        serial="PD3714FRA1",
        sysName="fra-core1.corp.example.net",
    )
    core.chassis()
    core.name_vlans()
    ports = core.ports("ge-0/0/{}", range(48))
    downlinks = core.ports("xe-0/2/{}", range(4), 10 * GIGABIT)
    for port in ports[:30]:
        core.access(port, 50)
    for vid in (10, 40, 50):
        core.svi(f"irb.{vid}", vid, v6=vid == 50)
    core.loopback("lo0.0", 32)
    for index in (1, 2):
        switch = add_switch(
            state,
            FRANKFURT,
            f"fra-acc{index}",
            os="junos",
            hardware="Juniper EX2300-24P Ethernet Switch",
            host=10 + index,
            serial=f"HV3621FRA{index}",
        )
        switch.chassis()
        switch.name_vlans()
        for number, port in enumerate(switch.ports("ge-0/0/{}", range(24))):
            switch.access(port, 70 if number >= 20 else 50)
            if number < 4:
                # A telephone with a computer behind it.
                port["ifTrunk"] = "dot1Q"
                state.add_membership(port, 40)
        uplink = switch.port("xe-0/1/0", ifSpeed=10 * GIGABIT)
        switch.trunk(uplink)
        core.trunk(downlinks[index])
        state.connect(uplink, downlinks[index])
        switch.svi("irb.10", 10)
    router = add_switch(
        state, FRANKFURT, "fra-rtr1", os="iosxe", hardware="ISR4331/K9", host=7, serial="FDO2201RTR2"
    )
    router.chassis()
    uplinks = router.ports("Gi0/0/{}", range(3))
    for vid in (10, 50):
        router.subinterface(uplinks[0], vid)
    router.loopback("Lo0", 37)
    core.trunk(ports[47], (10, 50))
    state.connect(uplinks[0], ports[47])
    # Switched off for good, kept in LibreNMS.
    old = add_switch(
        state,
        FRANKFURT,
        "fra-old1",
        os="ios",
        hardware="WS-C3560-48TS-S",
        host=99,
        serial="FOC1200OLD1",
        disabled=1,
        status=0,
    )
    old.ports("Fa0/{}", range(1, 49), 10**8)


def build_nice(state: LibreNMSState) -> None:
    """The devices of Nice."""
    gateway = add_switch(
        state,
        NICE,
        "nce-gw1",
        os="routeros",
        hardware="CCR2004-16G-2S+",
        host=1,
        serial="HE608NCE1GW",
        type="network",
    )
    ports = gateway.ports("ether{}", range(1, 17))
    bridge = gateway.port("bridge-lan", ifType="bridge")
    for vid in (10, 50, 60):
        port = gateway.port(f"vlan{vid}", ifType="l2vlan", ifVlan=str(vid))
        state.add_ipv4(port, ipv4(NICE, vid, 1), 24)
        state.add_stack(high=port, low=bridge)
    state.add_ipv6(state.port(gateway.row, "vlan50"), ipv6(NICE, 50, 1), 64)
    # Longer than the 64 characters a NetBox interface name may have.
    gateway.port(LONG_PORT_NAME, mac=False, ifType="tunnel", ifSpeed=None, ifMtu=1458)
    switch = add_switch(
        state, NICE, "nce-sw1", os="routeros", hardware="CRS328-24P-4S+", host=2, serial="N/A"
    )
    switch.name_vlans((10, 50, 60))
    for port in switch.ports("ether{}", range(1, 25)):
        switch.access(port, 50)
    uplink = switch.port("sfp-sfpplus1", ifSpeed=10 * GIGABIT)
    switch.trunk(uplink, (50, 60), native=10)
    state.add_ipv4(switch.port("bridge", ifType="bridge"), ipv4(NICE, 10, 2), 24)
    state.connect(uplink, ports[0])
    # A test device that nobody wants alarms or records of.
    lab = add_switch(
        state, NICE, "nce-lab1", os="routeros", hardware="RB760iGS", host=50, serial="LAB0001", ignore=1
    )
    lab.ports("ether{}", range(1, 6))
