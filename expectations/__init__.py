"""Is the delivered content plausible? Great Expectations, on new deliveries, before anything is modelled.

`raw_<source>.<table>` → one suite per table (`suites/`) → failing rows counted per delivery (`profile.py`) → Great
Expectations over the counts (`decision.py`) → a verdict per delivery (`runner.py`). Whether a cell parses is the
loader's question; whether totals agree is dbt's. The library takes about 7 s to import, so it is imported inside
functions only.
"""
