"""Virtualization models."""

from __future__ import annotations

from decimal import Decimal

from . import models_dependents as dependents
from . import rules_virtualization as rules
from .models_ipam import SCOPE_CACHE
from .models_organization import grouping
from .rules_ipam import LOCATION_SCOPES, cache_scope
from .schema import (
    COMMENTS,
    DESCRIPTION,
    HEAD,
    OWNER,
    PRIMARY,
    TAIL,
    Field,
    Model,
    Unique,
    boolean,
    char,
    choice,
    constant,
    count,
    decimal,
    fk,
    integer,
    m2m,
    read_only,
    shortcut,
    slug,
)

PRIMARY_IP_FIELDS = rules.PRIMARY_IP_FIELDS

CLUSTER_TYPE = grouping(
    "virtualization.clustertype",
    "virtualization/cluster-types",
    "cluster type",
    "cluster types",
    (count("cluster_count", "virtualization.cluster", "type"),),
)
CLUSTER_GROUP = grouping(
    "virtualization.clustergroup",
    "virtualization/cluster-groups",
    "cluster group",
    "cluster groups",
    (count("cluster_count", "virtualization.cluster", "group"),),
)

CLUSTER = Model(
    label="virtualization.cluster",
    path="virtualization/clusters",
    verbose="cluster",
    plural="clusters",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        fk("type", "virtualization.clustertype", required=True),
        fk("group", "virtualization.clustergroup"),
        choice("status", "cluster.status", default="active"),
        fk("tenant", "tenancy.tenant"),
        Field("scope_type", "content_type", null=True, allowed=LOCATION_SCOPES),
        Field("scope_id", "generic_id", null=True),
        Field("scope", "generic"),
        *PRIMARY,
        count("device_count", "dcim.device", "cluster"),
        count("virtualmachine_count", "virtualization.virtualmachine", "cluster"),
        read_only("allocated_vcpus", rules.allocated("vcpus"), in_changelog=False),
        read_only("allocated_memory", rules.allocated("memory"), in_changelog=False),
        read_only("allocated_disk", rules.allocated("disk"), in_changelog=False),
    ),
    hidden=SCOPE_CACHE,
    brief=("id", "url", "display", "name", "description", "virtualmachine_count"),
    ordering=("name",),
    unique=(Unique(("group", "name")), Unique(("_site", "name"))),
    clean=rules.clean_cluster,
    before_save=cache_scope,
    after_save=rules.push_site_to_vms,
    search=("name", "comments"),
)

VIRTUAL_MACHINE_TYPE = Model(
    label="virtualization.virtualmachinetype",
    path="virtualization/virtual-machine-types",
    verbose="virtual machine type",
    plural="virtual machine types",
    fields=(
        *HEAD,
        char("name", 100, required=True),
        slug(),
        fk("default_platform", "dcim.platform", on_delete="set_null", hidden_relation=True),
        decimal("default_vcpus", 6, 2, minimum=0.01),
        integer("default_memory", 0, 2147483647),
        *PRIMARY,
        read_only(
            "virtual_machine_count",
            lambda store, row: len(
                store.referring("virtualization.virtualmachine", "virtual_machine_type", row["id"])
            ),
            in_changelog=False,
        ),
    ),
    brief=("id", "url", "display", "name", "slug", "description"),
    ordering=("name",),
    unique=(
        Unique(("slug",), field_level=True),
        Unique(("name",), lower=("name",), message="Virtual machine type name must be unique."),
    ),
    since=(4, 6),
)

VIRTUAL_MACHINE = Model(
    label="virtualization.virtualmachine",
    path="virtualization/virtual-machines",
    verbose="virtual machine",
    plural="virtual machines",
    fields=(
        *HEAD,
        char("name", 64, required=True),
        fk("virtual_machine_type", "virtualization.virtualmachinetype", since=(4, 6)),
        fk("role", "dcim.devicerole"),
        choice("status", "virtualmachine.status", default="active"),
        choice("start_on_boot", "virtualmachine.start_on_boot", default="off", since=(4, 5)),
        fk("site", "dcim.site"),
        fk("cluster", "virtualization.cluster"),
        fk("device", "dcim.device"),
        fk("platform", "dcim.platform", on_delete="set_null"),
        read_only("primary_ip", rules.primary_ip, in_changelog=False),
        fk("primary_ip4", "ipam.ipaddress", on_delete="set_null", one_to_one=True, nested=PRIMARY_IP_FIELDS),
        fk("primary_ip6", "ipam.ipaddress", on_delete="set_null", one_to_one=True, nested=PRIMARY_IP_FIELDS),
        # NetBox's own minimum is a float; its refusal shows all the digits.
        decimal("vcpus", 6, 2, minimum=Decimal(0.01)),  # noqa: RUF032
        integer("memory", 0, 2147483647),
        integer("disk", 0, 2147483647),
        DESCRIPTION,
        char("serial", 50),
        fk("tenant", "tenancy.tenant"),
        OWNER,
        COMMENTS,
        TAIL[0],
        Field("local_context_data", "json", null=True),
        constant("config_template", None),
        *TAIL[1:],
        read_only("interface_count", rules.interface_count, in_changelog=False),
        read_only("virtual_disk_count", rules.disk_count, in_changelog=False),
        constant("config_context", {}),
    ),
    brief=("id", "url", "display", "name", "description"),
    nested_fields=("id", "url", "display_url", "display", "name"),
    ordering=("name",),
    unique=(
        Unique(
            ("name", "cluster", "tenant"),
            name="virtualization_virtualmachine_unique_name_cluster_tenant",
            lower=("name",),
            message="Virtual machine name must be unique per cluster and tenant.",
        ),
        Unique(
            ("name", "cluster"),
            name="virtualization_virtualmachine_unique_name_cluster",
            lower=("name",),
            when_null=("tenant",),
            message="Virtual machine name must be unique per cluster.",
        ),
        Unique(
            ("name", "device", "tenant"),
            name="virtualization_virtualmachine_unique_name_device_tenant",
            lower=("name",),
            when_null=("cluster",),
            message="Virtual machine name must be unique per device and tenant.",
        ),
        Unique(
            ("name", "device"),
            name="virtualization_virtualmachine_unique_name_device",
            lower=("name",),
            when_null=("cluster", "tenant"),
            message="Virtual machine name must be unique per device.",
        ),
    ),
    clean=rules.clean_virtual_machine,
    before_save=rules.complete_virtual_machine,
    search=("name", "description", "comments", "serial"),
)

VM_INTERFACE = Model(
    label="virtualization.vminterface",
    path="virtualization/interfaces",
    verbose="interface",
    plural="interfaces",
    fields=(
        *HEAD,
        fk("virtual_machine", "virtualization.virtualmachine", required=True, on_delete="cascade"),
        char("name", 64, required=True),
        boolean("enabled", True),
        fk("parent", "virtualization.vminterface", on_delete="restrict", nested="nested"),
        fk("bridge", "virtualization.vminterface", on_delete="set_null", nested="nested"),
        integer("mtu", 1, 65536),
        shortcut("mac_address", rules.mac_address, since=(4, 7)),
        read_only("mac_address", rules.mac_address, in_changelog=False, until=(4, 7)),
        fk(
            "primary_mac_address",
            "dcim.macaddress",
            on_delete="set_null",
            one_to_one=True,
            label="primary MAC address",
        ),
        read_only("mac_addresses", rules.mac_addresses("virtualization.vminterface"), in_changelog=False),
        DESCRIPTION,
        choice("mode", "interface.mode"),
        fk("untagged_vlan", "ipam.vlan", on_delete="set_null"),
        m2m("tagged_vlans", "ipam.vlan"),
        fk("qinq_svlan", "ipam.vlan", on_delete="set_null"),
        constant("vlan_translation_policy", None),
        fk("vrf", "ipam.vrf", on_delete="set_null"),
        read_only(
            "l2vpn_termination",
            dependents.l2vpn_termination("virtualization.vminterface"),
            in_changelog=False,
        ),
        OWNER,
        *TAIL,
        read_only("count_ipaddresses", rules.ip_count("virtualization.vminterface"), in_changelog=False),
        read_only(
            "count_fhrp_groups", dependents.fhrp_count("virtualization.vminterface"), in_changelog=False
        ),
    ),
    brief=("id", "url", "display", "virtual_machine", "name", "description"),
    nested_fields=("id", "url", "display_url", "display", "virtual_machine", "name"),
    ordering=("virtual_machine", "_name"),
    unique=(Unique(("virtual_machine", "name")),),
    validate=rules.validate_vm_interface,
    clean=rules.clean_vm_interface,
    before_save=rules.drop_vlans_without_mode,
    after_save=rules.assign_new_primary_mac,
    after_write=rules.set_primary_mac,
    owned_generics=("ipam.ipaddress", "dcim.macaddress"),
    search=("name", "description"),
)

VIRTUAL_DISK = Model(
    label="virtualization.virtualdisk",
    path="virtualization/virtual-disks",
    verbose="virtual disk",
    plural="virtual disks",
    fields=(
        *HEAD,
        fk("virtual_machine", "virtualization.virtualmachine", required=True, on_delete="cascade"),
        char("name", 64, required=True),
        DESCRIPTION,
        integer("size", 0, 2147483647, required=True),
        OWNER,
        *TAIL,
    ),
    brief=("id", "url", "display", "virtual_machine", "name", "description", "size"),
    ordering=("virtual_machine", "name"),
    unique=(Unique(("virtual_machine", "name")),),
    after_save=rules.sum_disks,
    after_delete=rules.sum_disks_after_delete,
    search=("name", "description"),
)

MODELS = (
    CLUSTER_TYPE,
    CLUSTER_GROUP,
    CLUSTER,
    VIRTUAL_MACHINE_TYPE,
    VIRTUAL_MACHINE,
    VM_INTERFACE,
    VIRTUAL_DISK,
)
