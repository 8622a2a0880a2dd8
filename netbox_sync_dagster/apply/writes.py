"""What is sent to NetBox for an approved change, or why nothing is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netbox_sync_dagster.apply.changes import (
    ALSO_SENT,
    FieldWrite,
    PendingWrite,
    Unresolved,
    body,
    resolve,
    written_fields,
)
from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.apply.state import ApplyState
from netbox_sync_dagster.approve.records import Approval
from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_dagster.compare.values import parse


class NotSent(Exception):
    """A change is not sent: its message says why, ``verdict`` what is recorded."""

    def __init__(self, verdict: str, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict


class Writes:
    """Turns the approved rows of one apply into writes."""

    def __init__(
        self,
        state: ApplyState,
        netbox: NetBoxWriter,
        approvals: Mapping[str, Approval],
        message: Callable[[str], str],
    ) -> None:
        """``approvals``: by change id; ``message``: what NetBox's changelog says of a change, by its id."""
        self._state = state
        self._netbox = netbox
        self._approvals = approvals
        self._message = message

    def of(self, row: DiffRow) -> PendingWrite:
        """The write of a row, with the ids of objects that this apply has created.

        Raises NotSent if it refers to an object that does not exist, or if NetBox cannot be asked to refuse it as stale.
        """
        try:
            fields = written_fields(row, self._state.ids)
            netbox_id = row.netbox_id
            if netbox_id is None and row.action != "create":
                netbox_id = int(resolve(parse(row.target), self._state.ids)["id"])
        except Unresolved as error:
            raise NotSent("blocked", f"needs {error}, which no change of the diff creates") from None
        except TypeError:
            raise NotSent("failed", "it does not name a NetBox object; make a new diff") from None
        guard = None
        content: dict[str, object] = {}
        if netbox_id is not None:
            guard = self._state.expected_last_updated(row.object_type, netbox_id, row.last_updated)
            content["id"] = netbox_id
            if guard is None:
                raise NotSent("stale", "cannot tell whether the object changed in NetBox since the diff")
        if row.action != "delete":
            content |= body(fields, action=row.action, tag_deltas=self._netbox.supports_if_match)
        if row.action == "create":
            content |= ALSO_SENT.get(row.object_type, {})
        if self._netbox.supports_changelog_message:
            content["changelog_message"] = self._message(row.change_id)
        return self._write(row, netbox_id, guard, fields, content)

    def unsent(self, row: DiffRow) -> PendingWrite:
        """The same for the ledger only, as the diff has it."""
        fields = tuple(FieldWrite(f.name, f.before, f.after) for f in row.written)
        return self._write(row, row.netbox_id, row.last_updated, fields, {})

    def _write(
        self,
        row: DiffRow,
        netbox_id: int | None,
        guard: str | None,
        fields: tuple[FieldWrite, ...],
        content: dict[str, object],
    ) -> PendingWrite:
        approval = self._approvals[row.change_id]
        return PendingWrite(
            change_id=row.change_id,
            resource=row.resource,
            action=row.action,
            key=row.key,
            parent=row.parent,
            object_type=row.object_type,
            netbox_id=netbox_id,
            expected_last_updated=guard,
            fields=fields,
            body=content,
            approval_id=approval.approval_id,
            approver=approval.who,
        )
