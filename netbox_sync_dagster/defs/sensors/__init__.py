"""Sensors that keep partitions, syncs, applies, checks and notifications going."""
