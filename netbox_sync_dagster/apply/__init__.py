"""Applying approved changes: the only code that writes to NetBox."""

from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_names

if TYPE_CHECKING:
    from netbox_sync_dagster.apply.changes import VERDICTS, ApplyResult, Verdict
    from netbox_sync_dagster.apply.run import apply_approved
    from netbox_sync_dagster.apply.undo import plan_undo
    from netbox_sync_dagster.storage.locks import LockHeld

__all__ = [
    "VERDICTS",
    "ApplyResult",
    "LockHeld",
    "Verdict",
    "apply_approved",
    "plan_undo",
]

__getattr__ = lazy_names(
    __name__,
    {
        "netbox_sync_dagster.apply.changes": ("VERDICTS", "ApplyResult", "Verdict"),
        "netbox_sync_dagster.apply.run": ("apply_approved",),
        "netbox_sync_dagster.apply.undo": ("plan_undo",),
        "netbox_sync_dagster.storage.locks": ("LockHeld",),
    },
)
