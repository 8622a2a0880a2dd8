"""Keep NetBox in step with LibreNMS, Proxmox VE and Docker: snapshot, compare, approve, apply."""
