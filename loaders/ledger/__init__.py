"""Rows → one package: what is entered of a delivery beside its rows, how both land together, and what is left of them.

intake → reading (`loaders.files`) → entries → pipeline (dlt) → raw_<source>; superseded rows leave by `losers`.
"""
