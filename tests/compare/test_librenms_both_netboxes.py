"""What NetBox's own rules decide, against the lab NetBox and a real one (``live``): the whole path, twice."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_dagster.config import Policies
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.real_netbox import real_netbox
from tests.support import NetBox, Pipeline


@pytest.fixture(params=["lab", pytest.param("live", marks=pytest.mark.live)])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[NetBox]:
    if request.param == "live":
        with real_netbox() as real:
            yield real
        return
    with LabNetBox() as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        yield NetBox(server.url, server.token)


def test_a_stack_with_modules_and_cables(
    either: NetBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two members, a LAG across them, a part and transceivers, two cables; the second diff is empty."""
    mark = secrets.token_hex(4)
    site = either.create("dcim/sites", name=f"Paris {mark}", slug=f"paris-{mark}")
    maker = either.create("dcim/manufacturers", name=f"Cisco {mark}", slug=f"cisco-{mark}")
    role = either.create("dcim/device-roles", name=f"Access {mark}", slug=f"access-{mark}", color="00ff00")
    models = [f"{name} {mark}" for name in ("C9300-48P", "C9300-24P")]
    for model in models:
        slug = model.lower().replace(" ", "-")
        either.create("dcim/device-types", manufacturer=maker["id"], model=model, slug=slug)

    for model in (f"715W {mark}", f"SFP {mark}"):
        either.create("dcim/module-types", manufacturer=maker["id"], model=model)

    state = LibreNMSState()
    stack = state.add_device(f"sw1-{mark}", hardware=models[0], serial=f"FOC1{mark}")
    far = state.add_device(f"sw9-{mark}", hardware=models[0], serial=f"FOC9{mark}")
    state.add_inventory(stack, entPhysicalClass="stack", entPhysicalIndex=1)
    for number, model in enumerate(models, 1):
        state.add_inventory(
            stack,
            entPhysicalClass="chassis",
            entPhysicalContainedIn=1,
            entPhysicalIndex=1000 * number,
            entPhysicalParentRelPos=number,
            entPhysicalSerialNum=f"FOC{number}{mark}",
            entPhysicalModelName=model,
        )
    state.add_inventory(
        stack,
        entPhysicalClass="powerSupply",
        entPhysicalIsFRU="true",
        entPhysicalContainedIn=2000,
        entPhysicalName="PSU 2A",
        entPhysicalModelName=f"715W {mark}",
        entPhysicalSerialNum=f"LIT{mark}",
    )
    lag = state.add_port(stack, "Po1", ifType="ieee8023adLag")
    for number in (1, 2):
        port = state.add_port(stack, f"Gi{number}/0/48", ifPhysAddress=f"84bf20853e0{number}")
        state.add_stack(high=lag, low=port)
        state.add_transceiver(port, model=f"SFP {mark}", serial=f"AVD{number}{mark}")
        state.connect(port, state.add_port(far, f"Gi0/{number}"))

    with LabLibreNMS(state, token="lnms-token") as server:
        monkeypatch.setenv("LIBRENMS_TOKEN", server.token)
        endpoint = {
            "name": f"nms-{mark}",
            "kind": "librenms",
            "url": server.url,
            "import_devices": "all",
            "defaults": {"site": site["slug"], "role": role["slug"]},
            "inventory": True,
            "policies": {"create": [*Policies().create, "module_bays"]},
        }
        done = Pipeline(tmp_path / "data", either, endpoint).apply_all()
    assert [(r.resource, r.action, r.key, r.reason) for r in done.rows] == []
    chassis = either.one("dcim/virtual-chassis", name=f"sw1-{mark}")
    assert chassis["master"]["name"] == f"sw1-{mark}"
    members = either.all("dcim/devices", virtual_chassis_id=chassis["id"])
    assert {m["vc_position"]: (m["name"], m["serial"], m["device_type"]["model"]) for m in members} == {
        1: (f"sw1-{mark}", f"FOC1{mark}", models[0]),
        2: (f"sw1-{mark}-M2", f"FOC2{mark}", models[1]),
    }
    ports = [port for m in members for port in either.all("dcim/interfaces", device_id=m["id"])]
    cabled = {p["name"]: p["connected_endpoints"][0]["name"] for p in ports if p["connected_endpoints"]}
    assert cabled == {"Gi1/0/48": "Gi0/1", "Gi2/0/48": "Gi0/2"}
    modules = [module for m in members for module in either.all("dcim/modules", device_id=m["id"])]
    assert {(m["device"]["name"], m["module_bay"]["name"], m["serial"]) for m in modules} == {
        (f"sw1-{mark}", "Gi1/0/48", f"AVD1{mark}"),
        (f"sw1-{mark}-M2", "Gi2/0/48", f"AVD2{mark}"),
        (f"sw1-{mark}-M2", "PSU 2A", f"LIT{mark}"),
    }
