"""A machine register as a source of netbox-sync."""
