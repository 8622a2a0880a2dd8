"""The Paris data centre in LibreNMS: Cisco cores and access, a stack of three, a FortiGate."""

from netbox_sync_lab.estate.building import GIGABIT, Switch, add_switch
from netbox_sync_lab.estate.plan import PARIS, ipv4
from netbox_sync_lab.librenms import LibreNMSState
from netbox_sync_lab.librenms.schema import Row

DUPLICATE_ADDRESS = ipv4(PARIS, 10, 77)


def build_paris(state: LibreNMSState) -> dict[str, Switch]:
    """The devices of Paris; returns those that other sites are connected to."""
    cores = [_nexus(state, 1), _nexus(state, 2)]
    peers = [[c.state.port(c.row, f"Ethernet1/{n}") for n in (49, 50)] for c in cores]
    for core, members in zip(cores, peers, strict=True):
        core.trunk(core.lag("port-channel1", members, lag_is_high=False))
    for a, b in zip(*peers, strict=True):
        state.connect(a, b)

    dist = add_switch(
        state, PARIS, "par-dist1", os="iosxe", hardware="C9500-48Y4C", host=4, serial="CAT2241L0D1"
    )
    dist.chassis()
    dist.name_vlans()
    twe = dist.ports("Twe1/0/{}", range(1, 25), 25 * GIGABIT)
    uplinks = dist.ports("Hu1/0/{}", (49, 50), 100 * GIGABIT)
    dist.trunk(dist.lag("Po1", uplinks))
    dist.svi("Vl10", 10, v6=True)
    dist.svi("Vl50", 50)
    dist.loopback("Lo0", 4)
    for core, uplink in zip(cores, uplinks, strict=True):
        state.connect(uplink, state.port(core.row, "Ethernet1/51"))

    stack = _stack(state)
    stack_uplinks = [stack.state.port(stack.row, f"Te{m}/1/1") for m in (1, 3)]
    for uplink, port in zip(stack_uplinks, twe[:2], strict=True):
        state.connect(uplink, port)
        dist.trunk(port)

    _paris_access(state, dist, twe[2:5])
    _paris_edge(state, cores)
    rtr = _paris_router(state, cores[0])
    return {"core1": cores[0], "core2": cores[1], "rtr": rtr}


def _nexus(state: LibreNMSState, number: int) -> Switch:
    core = add_switch(
        state,
        PARIS,
        f"par-core{number}",
        os="nxos",
        hardware="N9K-C93180YC-FX3",
        host=1 + number,
        serial=f"FDO2311N9K{number}",
    )
    core.chassis()
    core.name_vlans()
    ports = core.ports("Ethernet1/{}", range(1, 49), 25 * GIGABIT, ifMtu=9216)
    core.ports("Ethernet1/{}", range(49, 55), 100 * GIGABIT, ifMtu=9216)
    for port in ports[:12]:
        core.access(port, 20)
    for vid in (20, 30, 200):
        core.svi(f"Vlan{vid}", vid, v6=vid == 20)
    core.loopback("loopback0", number)
    mgmt = core.port("mgmt0", ifAlias="out of band")
    mgmt["ifVrf"] = state.add_vrf(core.row, "management", rd="65000:10")["vrf_id"]
    state.add_ipv4(mgmt, ipv4(PARIS, 10, core.host), 24)
    state.add_transceiver(
        state.port(core.row, "Ethernet1/49"),
        vendor="CISCO-FINISAR",
        model="QSFP-100G-SR4-S",
        serial=f"FNS2301X{number}",
    )
    return core


def _stack(state: LibreNMSState) -> Switch:
    """Three Catalysts as one device: member ports Gi1/0/x, Gi2/0/x, Gi3/0/x and the inventory of a stack."""
    stack = add_switch(
        state, PARIS, "par-acc-stack1", os="iosxe", hardware="C9300-48P", host=11, serial="FOC2301STK1"
    )
    stack.name_vlans()
    root = state.add_inventory(
        stack.row,
        entPhysicalClass="stack",
        entPhysicalDescr="c93xx Stack",
        entPhysicalName="c93xx Stack",
        entPhysicalVendorType="cevContainerSlot",
    )
    uplinks: list[Row] = []
    for member in (1, 2, 3):
        # The third member is a smaller model: a mixed stack keeps its own device types.
        model, size = ("C9300-24P", 24) if member == 3 else ("C9300-48P", 48)
        state.add_inventory(
            stack.row,
            entPhysicalIndex=1000 * member,
            entPhysicalClass="chassis",
            entPhysicalDescr=model,
            entPhysicalName=f"Switch {member}",
            entPhysicalModelName=model,
            entPhysicalSerialNum=f"FOC2301STK{member}",
            entPhysicalContainedIn=root["entPhysicalIndex"],
            entPhysicalParentRelPos=member - 1,
            entPhysicalIsFRU="true",
            entPhysicalMfgName="Cisco Systems, Inc.",
        )
        state.add_inventory(
            stack.row,
            entPhysicalIndex=1000 * member + 1,
            entPhysicalClass="powerSupply",
            entPhysicalDescr="1100W AC",
            entPhysicalName=f"Switch {member} - Power Supply A",
            entPhysicalModelName="PWR-C1-1100WAC",
            entPhysicalSerialNum=f"LIT2301PS{member}",
            entPhysicalContainedIn=1000 * member,
            entPhysicalParentRelPos=0,
            entPhysicalIsFRU="true",
        )
        for index, port in enumerate(stack.ports(f"Gi{member}/0/{{}}", range(1, size + 1))):
            stack.access(port, 60 if index % 8 == 7 else 50)
        uplinks += stack.ports(f"Te{member}/1/{{}}", (1, 2), 10 * GIGABIT)
    stack.trunk(stack.lag("Po1", [uplinks[0], uplinks[4]]))
    stack.svi("Vl10", 10)
    state.port(stack.row, "Gi1/0/7")["ifAlias"] = "Étage 2 – salle de réunion"
    state.port(stack.row, "Gi2/0/3")["ifAlias"] = "Büro Müller"
    state.port(stack.row, "Gi3/0/1")["ifAlias"] = "会議室"
    state.port(stack.row, "Gi2/0/9")["ifAdminStatus"] = "down"
    return stack


def _paris_access(state: LibreNMSState, dist: Switch, downlinks: list[Row]) -> None:
    models = (
        ("par-acc1", "ios", "WS-C2960X-48FPS-L", 48, "FOC1929B001"),
        ("par-acc2", "ios", "WS-C2960X-48FPS-L", 48, "FOC1929B002"),
        ("par-acc3", "iosxe", "C9200L-24P-4X", 24, "JAE2401ACC3"),
    )
    for index, (name, os, hardware, size, serial) in enumerate(models):
        switch = add_switch(state, PARIS, name, os=os, hardware=hardware, host=12 + index, serial=serial)
        switch.chassis()
        # One switch calls VLAN 60 by another name.
        switch.name_vlans((10, 50, 60, 99), **({"v60": "GUESTS"} if name == "par-acc2" else {}))
        for port in switch.ports("Gi1/0/{}", range(1, size + 1)):
            switch.access(port, 50)
        uplink = switch.port("Te1/0/1" if os == "ios" else "Te1/1/1", ifSpeed=10 * GIGABIT)
        switch.trunk(uplink, (10, 50, 60))
        dist.trunk(downlinks[index], (10, 50, 60))
        state.connect(uplink, downlinks[index])
        svi = switch.svi("Vl10", 10)
        if name != "par-acc1":
            # The same second address on two switches: somebody copied a configuration.
            state.add_ipv4(svi, DUPLICATE_ADDRESS, 24)


def _paris_edge(state: LibreNMSState, cores: list[Switch]) -> None:
    firewall = add_switch(
        state,
        PARIS,
        "par-fw1",
        os="fortigate",
        hardware="FGT_100F",
        host=5,
        serial="FG100FTK20001111",
        type="firewall",
    )
    firewall.chassis()
    inside = firewall.ports("port{}", range(1, 13))
    lag = firewall.lag("agg-core", inside[:2])
    for vid in (10, 200):
        firewall.subinterface(lag, vid)
    wan = firewall.port("wan1", ifAlias="Orange 1 Gbit/s, Vertrag 4711")
    state.add_ipv4(wan, "198.51.100.2", 30)
    for core, port in zip(cores, inside[:2], strict=True):
        core_port = state.port(core.row, "Ethernet1/40")
        core.trunk(core_port, (10, 200))
        state.connect(port, core_port)

    # A management switch without a real serial number.
    oob = add_switch(state, PARIS, "par-oob1", os="ios", hardware="WS-C2960X-24TS-LL", host=6, serial="N/A")
    oob.name_vlans((10, 99))
    for port in oob.ports("Gi1/0/{}", range(1, 25)):
        oob.access(port, 10)
    oob.svi("Vl10", 10)


def _paris_router(state: LibreNMSState, core: Switch) -> Switch:
    router = add_switch(
        state, PARIS, "par-rtr1", os="iosxe", hardware="ISR4331/K9", host=7, serial="FDO2201RTR1"
    )
    router.chassis()
    ports = router.ports("Gi0/0/{}", range(3))
    for vid in (10, 50):
        router.subinterface(ports[1], vid)
    state.add_ipv4(ports[2], "10.254.0.1", 31)
    state.add_ipv6(ports[2], "2001:db8:fe::1", 127)
    router.loopback("Lo0", 7)
    core_port = state.port(core.row, "Ethernet1/41")
    core.trunk(core_port, (10, 50))
    state.connect(ports[1], core_port)
    # LibreNMS does not know this neighbour.
    state.add_link(
        ports[0], "pe3.provider.example", "ge-0/0/4", remote_platform="Juniper MX204", protocol="lldp"
    )
    return router
