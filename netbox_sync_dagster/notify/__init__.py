"""Telling people what they should know of: each thing once, by webhook or e-mail."""

from netbox_sync_dagster.notify.channels import NotSent, send
from netbox_sync_dagster.notify.notices import Notice, Seen, look, notices
from netbox_sync_dagster.notify.run import notify

__all__ = ["NotSent", "Notice", "Seen", "look", "notices", "notify", "send"]
