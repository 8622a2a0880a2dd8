"""The review page: people see what differs, decide, apply and watch. ``netbox-sync web`` serves it."""
