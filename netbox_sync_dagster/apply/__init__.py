"""Applying approved changes: the only code that writes to NetBox."""

from netbox_sync_dagster.apply.changes import VERDICTS, ApplyResult, Verdict
from netbox_sync_dagster.apply.run import apply_approved
from netbox_sync_dagster.apply.undo import plan_undo
from netbox_sync_dagster.storage.locks import LockHeld

__all__ = ["VERDICTS", "ApplyResult", "LockHeld", "Verdict", "apply_approved", "plan_undo"]
