"""Is the delivered content plausible? Great Expectations, on new deliveries, before anything is modelled.

`raw_<source>.<table>` → rows of the new deliveries (`batch.py`) → one suite per table (`suites/`) → a verdict per
delivery (`runner.py`). Whether a cell parses is the loader's question; whether totals agree is dbt's.
Great Expectations takes about 7 s to import, so it is imported inside functions only.
"""
