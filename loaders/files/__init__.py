"""Bytes → rows: cells of a file, its headings and types, and that nothing of it is lost on the way.

Knows neither sources by name nor Postgres. What becomes of the rows stands in `loaders.ledger.entries`.
"""
