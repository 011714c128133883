"""Dagster over every room: assets, checks, jobs, schedules and sensors in `defs/`, pure helpers in `lib/`, the CLI."""
