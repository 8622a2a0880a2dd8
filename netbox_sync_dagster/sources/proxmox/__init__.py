"""Proxmox VE: a cluster or a single node, read over its HTTPS API."""
