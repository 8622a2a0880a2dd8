"""Dagster assets, checks, jobs, schedules and sensors: one file per stage, thin wrappers around the other packages."""
