"""Keep NetBox in step with LibreNMS and Proxmox VE: snapshot, compare, approve, apply."""
