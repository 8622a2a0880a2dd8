"""``python -m netbox_sync_dagster``: the same as ``netbox-sync``."""

from netbox_sync_dagster.cli import main

if __name__ == "__main__":
    main()
