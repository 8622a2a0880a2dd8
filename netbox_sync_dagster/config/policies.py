"""What an endpoint may do without asking, what it owns, and what it never touches."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from netbox_sync_dagster.config.strict import StrictModel

# The resources in the order in which they are applied; deletes run in reverse.
RESOURCES = (
    "tags",
    "custom_fields",
    "manufacturers",
    "device_types",
    "module_types",
    "device_roles",
    "platforms",
    "sites",
    "cluster_types",
    "clusters",
    "devices",
    "virtual_chassis",
    "virtual_chassis_members",
    "virtual_chassis_masters",
    "virtual_machines",
    "module_bays",
    "modules",
    "vlans",
    "interfaces",
    "vm_interfaces",
    "mac_addresses",
    "primary_macs",
    "ip_addresses",
    "primary_ips",
    "cables",
    "virtual_disks",
    "storages",
    "backups",
    "snapshots",
    "tasks",
    "replications",
)
PREREQUISITES = RESOURCES[: RESOURCES.index("clusters")]
# What is created only where `create` names it. Module bays usually come with the device type.
_NOT_BY_DEFAULT = (*(name for name in PREREQUISITES if name not in ("tags", "custom_fields")), "module_bays")
ACTIONS = ("create", "update", "delete")
# A year: what was approved longer ago is looked at again.
MAX_APPROVAL_HOURS = 8_784

# Fields that stay as NetBox has them once somebody gave them a value, unless `owns` names them.
UNOWNED_FIELDS = ("name", "status", "site", "location", "scope", "role", "platform", "description")
# ... but a VLAN's name comes from the switches: there a different name is a change that can be approved.
OWNED_BY_DEFAULT = ("vlans.name",)

_RULE = re.compile(
    r"^(?P<resource>\*|[a-z_]+)\.(?P<action>\*|create|update|delete)(\.(?P<field>[a-z0-9_]+))?$"
)


def check_field(item: str) -> None:
    """Raise ValueError where this is not ``resource.field``."""
    resource, dot, field = item.partition(".")
    if not dot or not field or resource not in RESOURCES:
        raise ValueError(f"'{item}' is not resource.field; resources: {', '.join(RESOURCES)}")


class Policies(StrictModel):
    """Policies of one endpoint. The defaults never delete, never move and never approve by themselves."""

    owns: list[str] = Field(
        [],
        description="Fields this endpoint owns although NetBox has a value, e.g. devices.name, interfaces.description",
    )
    disowns: list[str] = Field([], description="Fields never written in updates, e.g. interfaces.type")
    auto_approve: list[str] = Field(
        [],
        description="Changes approved by policy: resource.action or resource.action.field; * never covers deletes.",
    )
    create: list[str] = Field(
        [*(name for name in RESOURCES if name not in _NOT_BY_DEFAULT)],
        description="Resources that may be created; the others are shown as blocked.",
    )
    delete: list[str] = Field(
        [],
        description="Resources whose objects may be deleted when this product created them, e.g. vm_interfaces",
    )
    delete_unowned: list[str] = Field(
        [], description="Resources whose objects may be deleted even though somebody else created them."
    )
    missing_guests: Literal["delete", "offline", "decommissioning", "leave"] = Field(
        "delete", description="What is proposed for a guest that is gone from Proxmox or Docker."
    )
    missing_interfaces: Literal["delete", "disable", "leave"] = Field(
        "leave", description="What is proposed for a device interface that LibreNMS no longer shows."
    )
    move_addresses: bool = Field(
        False, description="Propose moving an address that NetBox has on another object."
    )
    move_modules: bool = Field(
        False,
        description="Propose moving a module that NetBox has in another bay of the same device, where its bay is empty.",
    )
    stale_addresses: Literal["unassign", "delete", "leave"] = Field(
        "leave", description="What is proposed for an address that the source no longer shows."
    )
    primary_ip: Literal["set_if_empty", "always", "never"] = Field(
        "set_if_empty",
        description="Whether primary addresses of devices and virtual machines are set. One that netbox-sync chose "
        "itself follows the source.",
    )
    site_coordinates: Literal["never", "set_if_empty", "always"] = Field(
        "never", description="Whether sites get the coordinates of the source's locations."
    )
    ungrouped_vlans: bool = Field(False, description="Create VLANs without a group, in the device's site.")
    link_local_ipv4: bool = Field(False, description="Keep 169.254.0.0/16 addresses.")
    max_change_percent: int = Field(
        30,
        ge=1,
        le=100,
        description="A plan that updates or deletes more of a resource's objects needs an override.",
    )
    apply_approved: bool = Field(
        False, description="Dagster starts the apply by itself when approved changes wait."
    )
    second_approver: bool = Field(
        False,
        description="Two people agree to every change: one approves it, another one approves it too or starts the apply.",
    )
    trusted_names: bool = Field(
        False,
        description="For second_approver: a name that is given is as good as a user of the operating system.",
    )
    approval_hours: float = Field(
        24, gt=0, le=MAX_APPROVAL_HOURS, description="Hours after which an approval expires; a year at most."
    )

    @field_validator("owns", "disowns")
    @classmethod
    def _fields(cls, value: list[str]) -> list[str]:
        for item in value:
            check_field(item)
        return value

    @field_validator("create", "delete", "delete_unowned")
    @classmethod
    def _resources(cls, value: list[str]) -> list[str]:
        for item in value:
            if item not in RESOURCES:
                raise ValueError(f"'{item}' is no resource; allowed: {', '.join(RESOURCES)}")
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
                raise ValueError(f"'{item}': deletes are approved by resource, never by a wildcard")
        return value
