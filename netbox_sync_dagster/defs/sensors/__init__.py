"""Sensors for partitions, syncs, applies, checks and notifications."""
