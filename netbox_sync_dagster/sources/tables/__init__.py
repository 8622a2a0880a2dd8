"""The kind ``tables``: devices and virtual machines from the user's own SQL, over anything that DuckDB reads."""
