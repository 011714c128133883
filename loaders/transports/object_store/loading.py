"""Load a client's files of some days: the newest object for each day, oldest first."""

from dataclasses import dataclass, replace
from datetime import date

from loaders.clients import check_served, folder_of
from loaders.errors import MissingFile
from loaders.files.columns import SourceColumns
from loaders.ledger import history
from loaders.ledger.intake import Arrival, Intake, open_intake, reader_for
from loaders.results import LoadResult, Progress, silent
from loaders.source import ObjectStore, Setting, Source, value_of
from loaders.timespan import days_between, runs_of_days
from loaders.transports.object_store.bucket import Bucket, FilePattern, ReportObject
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings


@dataclass(frozen=True)
class ObjectStoreLoader:
    """A source whose deliveries are files in a bucket."""

    source: Source

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
        """Load the files of `date_from` to `date_to`, both included. A file may hold further days; all of it is loaded.

        A day without a file, or a bucket that cannot be read, is a failed delivery of the result; the rest loads.
        Raises `PaidMediaError` only where the client cannot be served at all.
        """
        tell = on_progress or silent
        with database.session(settings) as current:
            check_served(current, settings, self.source, client_id)
            folder = folder_of(current, settings, self.source, client_id)
        pattern = FilePattern.parse(value_of(self._store.file_pattern, settings), self._pattern_name)
        reader = reader_for(settings, self._spec(settings), client_id)
        days = days_between(date_from, date_to)
        with open_intake(settings, reader, dagster_run_id=dagster_run_id, on_progress=tell) as intake:
            try:
                bucket = Bucket(settings, self.source.title)
                tell(f"listing {bucket.origin(folder)}")
                found, missing = _choose(bucket, pattern, folder, days)
            except PaidMediaError as error:
                origin = f"s3://{settings.s3_bucket_name or ''}/{folder}"
                intake.failed(origin, error, days)
            else:
                _take(settings, intake, bucket, found)
                intake.flush()
                for first, last in runs_of_days(missing):
                    self._report_missing(intake, bucket, pattern, folder, first, last)
        return LoadResult(self.source.name, client_id, intake.outcomes)

    @property
    def _store(self) -> ObjectStore:
        assert isinstance(self.source.transport, ObjectStore)
        return self.source.transport

    @property
    def _pattern_name(self) -> str:
        """What people know the pattern by: its setting, or whose it is."""
        pattern = self._store.file_pattern
        return pattern.setting if isinstance(pattern, Setting) else f"the file pattern of {self.source.title}"

    def _spec(self, settings: Settings) -> SourceColumns:
        if self._store.date_format is None:
            return self.source.spec
        date_format: str = value_of(self._store.date_format, settings)
        return replace(self.source.spec, date_formats=(date_format,))

    def _report_missing(
        self, intake: Intake, bucket: Bucket, pattern: FilePattern, folder: str, first: date, last: date
    ) -> None:
        keys = [f"{folder}{pattern.render(day)}.csv" for day in dict.fromkeys((first, last))]
        span = " to ".join(day.isoformat() for day in dict.fromkeys((first, last)))
        title = self.source.title
        error = MissingFile(
            f"no {title} file for {span}",
            where=f"expected {' to '.join(keys)} (or .xlsx) in bucket {bucket.name}",
            fix=f"ask {title} for it, or check S3_PREFIX, the client's prefix and {self._pattern_name}",
        )
        intake.failed(bucket.origin(keys[0]), error, days_between(first, last))


def _choose(
    bucket: Bucket, pattern: FilePattern, folder: str, days: tuple[date, ...]
) -> tuple[dict[ReportObject, list[date]], list[date]]:
    """The objects to load, each with its days, oldest first; and the days that have none."""
    one_day = len(days) == 1
    prefix = folder + (pattern.render(days[0]) if one_day else pattern.static_part())
    objects = bucket.list_objects(prefix, below="/" in pattern.text)
    chosen: dict[ReportObject, list[date]] = {}
    missing: list[date] = []
    for day in days:
        newest = pattern.newest(objects, folder, day)
        if newest is None:
            missing.append(day)
        else:
            chosen.setdefault(newest, []).append(day)
    return dict(sorted(chosen.items(), key=lambda item: (item[0].last_modified, item[0].key))), missing


def _take(settings: Settings, intake: Intake, bucket: Bucket, found: dict[ReportObject, list[date]]) -> None:
    origins = [bucket.origin(each.key) for each in found]
    with database.session(settings) as current:
        delivered = history.delivered_objects(
            current, intake.source, intake.reader.client_id, origins, intake.reader.fingerprint
        )
    for each, days in found.items():
        origin = bucket.origin(each.key)
        known = delivered.get((origin, each.last_modified))
        if known is not None:
            intake.unchanged(origin, known, tuple(days))
            continue
        try:
            data, modified = bucket.fetch(each)
        except PaidMediaError as error:
            intake.failed(origin, error, tuple(days))
            continue
        intake.offer(Arrival(data, each.key.rpartition("/")[2], origin, as_of=modified))
