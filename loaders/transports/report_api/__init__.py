"""Asynchronous reports of an API: report → landing zone → `raw_<source>.<rows>`."""
