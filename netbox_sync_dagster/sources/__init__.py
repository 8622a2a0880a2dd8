"""Reading LibreNMS, Proxmox VE, Docker and NetBox: a server's answers to typed tables, nothing else."""
