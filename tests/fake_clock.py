"""Clocks that tests put forward and back, for the process that runs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from netbox_sync_dagster.storage.clock import CLOCKS


class FakeClock:
    """Both clocks of a machine: the wall's can be wrong by ``off``, time can be passed with ``wait``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.off = timedelta(0)
        self._waited = 0.0
        own = CLOCKS.own
        monkeypatch.setattr(
            CLOCKS, "wall", lambda: datetime.now(UTC) + self.off + timedelta(seconds=self._waited)
        )
        monkeypatch.setattr(CLOCKS, "own", lambda: own() + self._waited)

    def wrong(self, **off: float) -> None:
        """From now on the wall's clock is wrong by this, e.g. ``days=1``; right again without."""
        self.off = timedelta(**off)

    def wait(self, seconds: float) -> None:
        """So much time passes."""
        self._waited += seconds

    def wait_for_turns(self, interval: int) -> None:
        """Time passes until endpoints with this interval have just had a turn, so that none comes while the test lasts."""
        slot = interval / 10
        self.wait(slot - CLOCKS.wall().timestamp() % slot + 1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)
