"""The demo: the whole job on the servers of ``netbox_sync_lab``. Nothing else of the product knows them."""
