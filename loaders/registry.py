"""The sources as a table: every `SOURCE` of `loaders/sources/`, by name, in the order in which they are listed.

Data only: what loads a source is `loaders.transports`, what makes its tables `loaders.ledger.pipeline`.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

from loaders import sources
from loaders.files.columns import SourceColumns
from loaders.source import ObjectStore, ReportApi, Source
from warehouse.errors import PaidMediaError


@cache
def registry() -> dict[str, Source]:
    """Name → source, by position. Raises `PaidMediaError` for a file that does not say what its name says."""
    names = sorted(path.stem for path in Path(sources.__path__[0]).glob("[!_]*.py"))
    found = [_read(name) for name in names]
    asked = [each.name for each in found if isinstance(each.transport, ReportApi)]
    if len(asked) > 1:
        fix = "give one of them another transport, or `control.vibe_credentials` a column for the source"
        raise PaidMediaError("a client has one account for reports", where=f"{' and '.join(asked)} need one", fix=fix)
    return {each.name: each for each in sorted(found, key=lambda each: (each.position, each.name))}


def source_of(name: str) -> Source:
    """The source of a name. Raises `PaidMediaError` that lists the known ones."""
    if name not in registry():
        raise PaidMediaError(f"unknown source {name!r}", fix=f"one of {', '.join(registry())}")
    return registry()[name]


def names() -> tuple[str, ...]:
    """The names of all sources."""
    return tuple(registry())


def loaded_by_day() -> tuple[str, ...]:
    """The sources that days can be asked of."""
    return tuple(name for name, source in registry().items() if source.is_loaded_by_day)


def in_folders() -> tuple[str, ...]:
    """The sources whose files lie in a folder of the client's."""
    return tuple(name for name, source in registry().items() if isinstance(source.transport, ObjectStore))


def uploaded() -> tuple[str, ...]:
    """The sources that people bring."""
    return tuple(name for name, source in registry().items() if not source.is_loaded_by_day)


def columns_of(name: str) -> SourceColumns:
    """The alias data of a source. Raises `PaidMediaError` for an unknown one."""
    return source_of(name).spec


def _read(name: str) -> Source:
    source = import_module(f"loaders.sources.{name}").SOURCE
    if not isinstance(source, Source) or source.name != name:
        raise PaidMediaError(f"loaders/sources/{name}.py has no SOURCE named {name!r}", fix="name both alike")
    return source
