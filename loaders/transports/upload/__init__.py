"""Exports that people bring: upload → landing zone → `raw_<source>.<rows>`."""
