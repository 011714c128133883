"""Measured claims: `make bench` times a day, its floor and a peer in one run and writes one table.

bytes of a day → floor, peer, the product's own commands → stages, ratios → table, results.json, docs/benchmarks.md

Here belongs what measures, and what it is measured against. `tests/benchmarks` runs the small form, where only a wrong
number fails.
"""
