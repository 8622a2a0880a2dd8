"""Objects of NetBox that go along with others, for tests of what blocks a delete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from contract.client import NetBox as Client
from contract.dependents import CASCADES

from tests.compare.together import lab_netbox
from tests.real_netbox import real_netbox
from tests.support import NetBox

PLACES = ["lab", pytest.param("live", marks=pytest.mark.live)]


@contextmanager
def netbox_and_client(place: str) -> Iterator[tuple[NetBox, Client]]:
    """The lab NetBox, or a real one (``live``), and what makes dependents of objects there, and removes them again."""
    with (
        pytest.MonkeyPatch.context() as environment,
        real_netbox() if place == "live" else lab_netbox(environment) as netbox,
    ):
        client = Client(netbox.url, netbox.http.headers["Authorization"])
        try:
            yield netbox, client
        finally:
            client.clean()
            client.http.close()


def hang(client: Client, word: str, kind: str, number: int) -> str:
    """Make one of these for the object of that kind; returns what the diff calls it."""
    made = CASCADES[word][1](client, kind, number)
    return f"{word} {made['display']}"
