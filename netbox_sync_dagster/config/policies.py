"""Policies: what an endpoint may change, what is approved automatically, and which fields it owns."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from netbox_sync_dagster.config.resources import MAX_APPROVAL_HOURS, PREREQUISITES, RESOURCES
from netbox_sync_dagster.config.strict import StrictModel
from netbox_sync_dagster.text import did_you_mean

# Created only if `create` names them. Module bays usually come with the device type.
_NOT_BY_DEFAULT = (*(name for name in PREREQUISITES if name not in ("tags", "custom_fields")), "module_bays")

# What `create` names by default.
CREATED_BY_DEFAULT = tuple(name for name in RESOURCES if name not in _NOT_BY_DEFAULT)

_RULE = re.compile(
    r"^(?P<resource>\*|[a-z_]+)\.(?P<action>\*|create|update|delete)(\.(?P<field>[a-z0-9_]+))?$"
)


def check_field(item: str) -> None:
    """Raise ValueError if this is not ``resource.field``."""
    resource, dot, field = item.partition(".")
    if not dot or not field:
        raise ValueError(f"'{item}' is not resource.field, e.g. interfaces.description")
    if resource not in RESOURCES:
        raise ValueError(f"'{item}': there is no resource '{resource}'{did_you_mean(resource, RESOURCES)}")


class Approvers(StrictModel):
    """Who has to approve every change."""

    groups: list[str] = Field(min_length=1, description="Groups of NetBox whose members may approve.")
    at_least: int = Field(
        2, ge=1, le=10, description="How many different people have to approve each change."
    )
    members: dict[str, list[str]] = Field(
        {},
        description="For approvals outside the review page: the operating system users in each group (with trusted_names: "
        "the given names).",
    )

    @field_validator("members")
    @classmethod
    def _known(cls, value: dict[str, list[str]], info: ValidationInfo) -> dict[str, list[str]]:
        for group in value:
            if group not in info.data.get("groups", [group]):
                raise ValueError(f"'{group}' is not among groups: {', '.join(info.data['groups'])}")
        return value


class Policies(StrictModel):
    """Policies of one endpoint. The defaults never delete, never move and never approve automatically."""

    owns: list[str] = Field(
        [],
        description="Fields that updates may overwrite although someone else set them, e.g. devices.name, interfaces.description",
    )
    disowns: list[str] = Field([], description="Fields that updates never write, e.g. interfaces.type")
    auto_approve: list[str] = Field(
        [],
        description="Changes to approve automatically: resource.action or resource.action.field; * never includes deletes.",
    )
    create: list[str] = Field(
        [*CREATED_BY_DEFAULT],
        description="Resources whose objects may be created; others are shown as blocked. A list replaces the default.",
    )
    also_create: list[str] = Field(
        [],
        description="Resources whose objects may be created besides those of `create`, e.g. device_types, manufacturers",
    )
    delete: list[str] = Field(
        [],
        description="Resources whose objects may be deleted if netbox-sync created them, e.g. vm_interfaces",
    )
    delete_unowned: list[str] = Field(
        [], description="Resources whose objects may be deleted even if someone else created them."
    )
    missing_guests: Literal["delete", "offline", "decommissioning", "leave"] = Field(
        "delete", description="What to propose for a guest or container that was removed in the source."
    )
    missing_interfaces: Literal["delete", "disable", "leave"] = Field(
        "leave", description="What to propose for a device interface that the source no longer has."
    )
    move_addresses: bool = Field(
        False, description="Propose moving an address that is assigned to another object in NetBox."
    )
    move_modules: bool = Field(
        False,
        description="Propose moving a module that is in another bay in NetBox, if its bay is empty: of the same device, or, "
        "with NetBox 4.7 and a module without interfaces, of another one.",
    )
    stale_addresses: Literal["unassign", "delete", "leave"] = Field(
        "leave", description="What to propose for an address that the source no longer has."
    )
    primary_ip: Literal["set_if_empty", "always", "never"] = Field(
        "set_if_empty",
        description="Whether to set primary addresses of devices and virtual machines. A primary address that "
        "netbox-sync set follows the source.",
    )
    host_masks: Literal["source", "prefix"] = Field(
        "source",
        description="Mask of an address where a device or guest reports every mask as /32 or /128: as reported, or "
        "that of the smallest NetBox prefix with the address.",
    )
    interface_prefixes: bool = Field(
        False, description="Create the prefixes of the networks of interfaces that NetBox lacks in the VRF."
    )
    site_coordinates: Literal["never", "set_if_empty", "always"] = Field(
        "never", description="Whether to set the coordinates of sites from the source's locations."
    )
    down_port_types: Literal["create", "always", "never"] = Field(
        "create",
        description="Whether a port without a speed, or slower than its name, gets the type of its name (Gi, xe) or of the ports "
        "beside it: new interfaces, always (also replacing the type `other`), or never.",
    )
    virtual_machines: Literal["conflict", "update"] = Field(
        "conflict",
        description="For a device of the source that NetBox has as a virtual machine: show a conflict, or update that "
        "machine's interfaces, addresses and primary address. Such a device is never created.",
    )
    ungrouped_vlans: bool = Field(False, description="Create VLANs of the device's site without a group.")
    link_local_ipv4: bool = Field(False, description="Keep 169.254.0.0/16 addresses.")
    max_change_percent: int = Field(
        30,
        ge=1,
        le=100,
        description="Approving updates and deletes of a larger share of a resource's objects needs an override.",
    )
    apply_approved: bool = Field(False, description="Dagster applies approved changes automatically.")
    second_approver: bool = Field(
        False,
        description="Every change needs two people: one approves it, another also approves it or starts the apply.",
    )
    approvers: Approvers | None = Field(
        None, description="Every change needs the approval of several people of these groups."
    )
    trusted_names: bool = Field(
        False,
        description="For second_approver and approvers: trust the given names; otherwise two names need two operating system users.",
    )
    approval_hours: float = Field(
        24, gt=0, le=MAX_APPROVAL_HOURS, description="Hours after which an approval expires; at most a year."
    )

    @field_validator("owns", "disowns")
    @classmethod
    def _fields(cls, value: list[str]) -> list[str]:
        for item in value:
            check_field(item)
        return value

    @property
    def may_create(self) -> list[str]:
        """The resources whose objects may be created."""
        return [name for name in RESOURCES if name in (*self.create, *self.also_create)]

    @field_validator("create", "also_create", "delete", "delete_unowned")
    @classmethod
    def _resources(cls, value: list[str]) -> list[str]:
        for item in value:
            if item not in RESOURCES:
                raise ValueError(f"'{item}' is not a resource{did_you_mean(item, RESOURCES)}")
        return value

    @field_validator("auto_approve")
    @classmethod
    def _rules(cls, value: list[str]) -> list[str]:
        for item in value:
            match = _RULE.match(item)
            if not match or match["resource"] not in (*RESOURCES, "*"):
                raise ValueError(
                    f"'{item}' is not resource.action or resource.action.field "
                    "(actions: create, update, delete; * for any but delete)"
                )
            if match["resource"] == "*" and match["action"] == "delete":
                raise ValueError(f"'{item}': * does not include deletes; name the resource")
        return value
