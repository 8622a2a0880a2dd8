"""Servers on loopback that answer as NetBox, LibreNMS, Proxmox VE and Docker do, for tests and for trying things.

Knows nothing of the product that reads them.
"""
