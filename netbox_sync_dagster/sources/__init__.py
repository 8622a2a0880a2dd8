"""Reading LibreNMS, Proxmox VE and NetBox: a server's answers to typed tables, nothing else."""
