"""Dagster assets, checks, jobs, schedules and sensors: one file per stage, thin over the stages' own packages."""
