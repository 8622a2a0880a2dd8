"""How long a heartbeat has not changed, by this machine's clock alone.

The clocks of two machines cannot be compared. So a mark of another machine counts as dead when this machine has seen it
unchanged for long enough. Observations are shared with the machine's other processes in ``<home>/.observed``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import socket
from pathlib import Path

from netbox_sync_dagster.storage.clock import boot, elapsed

# Everything is observed more often than this.
_FORGOTTEN_SECONDS = 7 * 86_400


def unchanged_for(home: Path, what: str, sign: bytes | str) -> float:
    """Seconds for which this machine has seen ``what`` with the same heartbeat; 0 at first."""
    folder = home / ".observed"
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", socket.gethostname())
    raw = sign.encode() if isinstance(sign, str) else sign
    digest = hashlib.sha256(raw).hexdigest()[:32]
    fd = os.open(folder / f"{name}.json", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        seen, moment = _read(fd), elapsed()
        before = seen.get(what)
        if before is not None and before[0] == digest and before[1] <= moment:
            return moment - before[1]
        seen = {key: item for key, item in seen.items() if moment - item[1] < _FORGOTTEN_SECONDS}
        seen[what] = (digest, moment)
        content = json.dumps({"boot": boot(), "seen": seen}).encode()
        os.pwrite(fd, content, 0)
        os.ftruncate(fd, len(content))
    finally:
        os.close(fd)
    return 0.0


def _read(fd: int) -> dict[str, tuple[str, float]]:
    try:
        content = json.loads(os.pread(fd, os.fstat(fd).st_size, 0))
        if content["boot"] != boot():
            return {}
        return {str(key): (str(sign), float(at)) for key, (sign, at) in content["seen"].items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}
