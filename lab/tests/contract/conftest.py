"""One suite, two servers: the lab NetBox always, a real one (``live``) when NETBOX_URL and NETBOX_TOKEN name it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest

from netbox_sync_lab.netbox import LabNetBox

from .client import NetBox


@pytest.fixture(scope="session")
def lab() -> Iterator[LabNetBox]:
    with LabNetBox() as server:
        yield server


def real_netbox(environment: Mapping[str, str]) -> NetBox:
    """The NetBox that the environment names; without one the test is skipped."""
    url, token = environment.get("NETBOX_URL"), environment.get("NETBOX_TOKEN")
    if not url or not token:
        pytest.skip("NETBOX_URL and NETBOX_TOKEN name no NetBox")
    return NetBox(url, f"{'Bearer' if token.startswith('nbt_') else 'Token'} {token}")


@pytest.fixture(params=["lab", pytest.param("live", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest, lab: LabNetBox) -> Iterator[NetBox]:
    if request.param == "live":
        client = real_netbox(os.environ)
        as_here = ".".join(map(str, client.version))
        if any(as_here in marker.args for marker in request.node.iter_markers("differs")):
            client.http.close()
            pytest.skip(f"NetBox {as_here} differs here; test_contract_versions.py has what is relied on")
    else:
        client = NetBox(lab.url, f"Token {lab.token}")
    yield client
    client.clean()
    client.http.close()
