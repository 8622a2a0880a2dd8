"""Docker: one host's daemon, read over the Docker Engine API."""
