"""Loaders: S3 file | Vibe API | upload → landing zone → cells → typed rows + ledger → raw_<source>. No Dagster.

Each source is a package of the same shape: `columns.py` (headings as data), `source.py` (how deliveries are fetched)
and `load` (one client's deliveries → raw). What they share lies here: reading, the ledger, the pipeline.
"""

from loaders.clients import clients_for
from loaders.errors import LoadFailed, LoadRefused
from loaders.registry import SOURCES, loader_of, pending_uploads, prepare_all
from loaders.results import DeliveryOutcome, LoadResult

__all__ = [
    "SOURCES",
    "DeliveryOutcome",
    "LoadFailed",
    "LoadRefused",
    "LoadResult",
    "clients_for",
    "loader_of",
    "pending_uploads",
    "prepare_all",
]
