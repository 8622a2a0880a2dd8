"""The Lyon data centre in LibreNMS: Arista cores, Aruba access, a Juniper router, a FortiGate."""

from netbox_sync_lab.estate.building import GIGABIT, Switch, add_switch
from netbox_sync_lab.estate.plan import LYON, ipv4
from netbox_sync_lab.librenms import LibreNMSState


def build_lyon(state: LibreNMSState) -> dict[str, Switch]:
    """The devices of Lyon; returns those that other sites are connected to."""
    cores = []
    for number in (1, 2):
        core = add_switch(
            state,
            LYON,
            f"lyo-core{number}",
            os="arista_eos",
            hardware="DCS-7050SX3-48YC8",
            host=1 + number,
            serial=f"JPE2311AR0{number}",
        )
        core.chassis()
        core.name_vlans()
        for port in core.ports("Ethernet{}", range(1, 49), 25 * GIGABIT)[:12]:
            core.access(port, 20)
        core.ports("Ethernet{}/1", range(49, 57), 100 * GIGABIT)
        members = [state.port(core.row, f"Ethernet{n}/1") for n in (55, 56)]
        core.trunk(core.lag("Port-Channel10", members))
        for vid in (10, 20, 30):
            core.svi(f"Vlan{vid}", vid, v6=vid == 20)
        core.loopback("Loopback0", 20 + number)
        cores.append(core)
    for n in (55, 56):
        state.connect(state.port(cores[0].row, f"Ethernet{n}/1"), state.port(cores[1].row, f"Ethernet{n}/1"))
    # No VLAN that NetBox could hold: the VID is beyond 4094.
    state.add_vlan(cores[1].row, 14095, "internal-vxlan")

    for index, name in enumerate(("lyo-acc1", "lyo-acc2", "lyo-acc3")):
        switch = add_switch(
            state,
            LYON,
            name,
            os="arubaos-cx",
            hardware="6300M 48G 4SFP56 Swch (JL663A)",
            host=11 + index,
            serial=f"SG20KN90A{index + 1}",
        )
        switch.chassis()
        switch.name_vlans((10, 50, 60, 99))
        ports = switch.ports("1/1/{}", range(1, 49))
        for port in ports[:40]:
            switch.access(port, 50)
        uplinks = switch.ports("1/1/{}", range(49, 53), 25 * GIGABIT)[:2]
        switch.trunk(switch.lag("lag1", uplinks), (10, 50, 60))
        switch.svi("vlan10", 10)
        for core, uplink in zip(cores, uplinks, strict=True):
            core_port = state.port(core.row, f"Ethernet{41 + index}")
            core.trunk(core_port, (10, 50, 60))
            state.connect(uplink, core_port)
        if name == "lyo-acc1":
            # Two untagged VLANs on one port, and no ifVlan to tell which one counts.
            for vid in (50, 60):
                state.add_membership(ports[44], vid, untagged=1)
        if name == "lyo-acc3":
            switch.row |= {"status": 0, "status_reason": "icmp", "uptime": 0}

    firewall = add_switch(
        state,
        LYON,
        "lyo-fw1",
        os="fortigate",
        hardware="FGT_100F",
        host=5,
        serial="FG100FTK20002222",
        type="firewall",
    )
    inside = firewall.ports("port{}", range(1, 13))
    lag = firewall.lag("agg-core", inside[:2])
    for vid in (10, 200):
        firewall.subinterface(lag, vid)
    for core, port in zip(cores, inside[:2], strict=True):
        state.connect(port, state.port(core.row, "Ethernet40"))

    return {"core1": cores[0], "core2": cores[1], "rtr": _juniper_router(state, cores)}


def _juniper_router(state: LibreNMSState, cores: list[Switch]) -> Switch:
    router = add_switch(
        state,
        LYON,
        "lyo-rtr1",
        os="junos",
        hardware="Juniper MX204 Internet Backbone Router",
        host=7,
        serial="BG204LYO1",
    )
    router.chassis()
    members = router.ports("xe-0/1/{}", range(8), 10 * GIGABIT)
    ae = router.lag("ae0", members[2:4], lag_is_high=False)
    for vid in (10, 50):
        router.subinterface(ae, vid)
    state.add_ipv4(members[1], "10.254.0.0", 31)
    state.add_ipv6(members[1], "2001:db8:fe::0", 127)
    router.loopback("lo0.0", 27)
    management = router.port("fxp0", ifAlias="out of band")
    state.add_ipv4(management, ipv4(LYON, 10, 17), 24)
    for core, member in zip(cores, members[2:4], strict=True):
        state.connect(member, state.port(core.row, "Ethernet39"))
    return router
