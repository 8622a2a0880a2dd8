"""One suite, two servers: the lab NetBox always, a real one (``live``) when NETBOX_URL and NETBOX_TOKEN name it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from netbox_sync_dagster.lab.netbox import LabNetBox

from .client import NetBox


@pytest.fixture(scope="session")
def lab() -> Iterator[LabNetBox]:
    with LabNetBox() as server:
        yield server


@pytest.fixture(params=["lab", pytest.param("live", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest, lab: LabNetBox) -> Iterator[NetBox]:
    if request.param == "live":
        url, token = os.environ.get("NETBOX_URL"), os.environ.get("NETBOX_TOKEN")
        if not url or not token:
            pytest.skip("NETBOX_URL and NETBOX_TOKEN name no NetBox")
        client = NetBox(url, f"{'Bearer' if token.startswith('nbt_') else 'Token'} {token}")
    else:
        client = NetBox(lab.url, f"Token {lab.token}")
    yield client
    client.clean()
    client.http.close()
