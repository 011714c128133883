"""Loaders: S3 file | report API | upload → landing zone → cells → typed rows + ledger → raw_<source>. No Dagster.

A source is a record in `sources/`; `registry` is the table of them. `transports/` fetch deliveries and offer them to
`ledger.intake`, from where everything is the same for all: reading in `files/`, the ledger, the pipeline. Nothing is
imported here: the command line reads the records without the rest.
"""
