"""Reading a LibreNMS server (API v0, releases 23.11 and newer)."""
