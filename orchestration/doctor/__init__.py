"""`paidmedia doctor`: everything that a support person would look at, each with what to do. It changes nothing.

settings → database → files → sources → Dagster → work → people

A check yields `Line`s; one that breaks becomes a bad line itself, so that the others are still told.
"""
