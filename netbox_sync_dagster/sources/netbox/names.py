"""Which objects of NetBox the configuration names, and by which of their columns."""

# The NetBox table of a section of the mappings or a setting of defaults, where the names differ.
_TABLES = {
    "roles": "device_roles",
    "role": "device_roles",
    "site": "sites",
    "region": "regions",
    "location": "locations",
    "rack": "racks",
    "device_type": "device_types",
    "manufacturer": "manufacturers",
    "platform": "platforms",
    "tenant": "tenants",
    "vrf": "vrfs",
    "vlan_group": "vlan_groups",
    "cluster_group": "cluster_groups",
    "cluster_type": "cluster_types",
}
# Columns that name an object, the one that people see first.
NAME_COLUMNS = ("name", "model", "slug", "part_number", "rd")


def table_of(section: str) -> str:
    """The NetBox table that a section of the mappings, or a setting of defaults, names objects of."""
    return _TABLES.get(section, section)
