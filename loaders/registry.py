"""The sources by name: which module loads each, and its columns. A source's modules are imported when asked for."""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from loaders.columns import SourceColumns
from warehouse.settings import Settings

if TYPE_CHECKING:
    from warehouse.control import UploadedFile

SOURCES = ("surfside", "vibe", "facebook")


def loader_of(source: str) -> ModuleType:
    """The package of a source; its `load` takes in deliveries of one client."""
    assert source in SOURCES, source
    return import_module(f"loaders.{source}")


def columns_of(source: str) -> SourceColumns:
    """The alias data of a source."""
    columns: SourceColumns = import_module(f"loaders.{source}.columns").COLUMNS
    return columns


def prepare_all(settings: Settings | None = None) -> None:
    """Create the raw tables of every source where they are missing, so that dbt finds them before the first load."""
    from loaders import pipeline

    for source in SOURCES:
        pipeline.prepare(source, settings)


def pending_uploads(settings: Settings, upload_ids: Sequence[str] = ()) -> "list[UploadedFile]":
    """Uploads that were received and not yet loaded, oldest first; only the named ones if any are named."""
    from loaders import facebook

    return facebook.pending(settings, upload_ids)
