"""How deliveries are fetched, by transport; what loads a source is bound to its record here.

bucket | report API | upload → `Intake` → landing zone → `raw_<source>`

A transport takes the `Source` and knows none by name. What is the same for all of them is `loaders/ledger/intake.py`.
"""

from datetime import date
from typing import TYPE_CHECKING, Protocol

from loaders.registry import source_of
from loaders.results import LoadResult, Progress
from loaders.source import ObjectStore, ReportApi, Source
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from loaders.transports.upload.loading import UploadLoader


class DayLoader(Protocol):
    """What loads days of a client."""

    @property
    def source(self) -> Source:
        """The source that it loads."""
        ...

    def load(
        self,
        settings: Settings,
        client_id: str,
        date_from: date,
        date_to: date,
        *,
        dagster_run_id: str | None = None,
        on_progress: Progress | None = None,
    ) -> LoadResult:
        """Load `date_from` to `date_to`, both included."""
        ...


def day_loader(name: str) -> DayLoader:
    """What loads the days of a source. Raises `PaidMediaError` for one that is unknown or is brought by people."""
    source = source_of(name)
    if isinstance(source.transport, ObjectStore):
        from loaders.transports.object_store.loading import ObjectStoreLoader

        return ObjectStoreLoader(source)
    if isinstance(source.transport, ReportApi):
        from loaders.transports.report_api.loading import ReportLoader

        return ReportLoader(source)
    raise PaidMediaError(f"{name!r} cannot be loaded by day", fix=source.set_up)


def upload_loader(name: str) -> "UploadLoader":
    """What takes in exports of a source. Raises `PaidMediaError` for one that is unknown or is loaded by day."""
    from loaders.transports.upload.loading import UploadLoader

    source = source_of(name)
    if source.is_loaded_by_day:
        raise PaidMediaError(f"{name!r} cannot be uploaded", fix=f"paidmedia load {name} --from DATE --to DATE")
    return UploadLoader(source)
