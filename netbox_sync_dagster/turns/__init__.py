"""When an endpoint is synced by itself: its turns, and the tries after a failure."""

from netbox_sync_dagster.turns.decide import Facts, Turn, back_off, decide, offset
from netbox_sync_dagster.turns.tries import Tries, read_tries

__all__ = ["Facts", "Tries", "Turn", "back_off", "decide", "offset", "read_tries"]
