"""Applying approved changes: the only code that writes to NetBox."""

from netbox_sync_dagster.apply.changes import VERDICTS, ApplyResult, Verdict
from netbox_sync_dagster.apply.lease import LeaseHeld
from netbox_sync_dagster.apply.run import apply_approved
from netbox_sync_dagster.apply.undo import plan_undo

__all__ = ["VERDICTS", "ApplyResult", "LeaseHeld", "Verdict", "apply_approved", "plan_undo"]
