"""Compares snapshots in SQL: desired against actual, one diff row per object, with its change id."""
