"""Load a client's media reports of some days: the newest object for each day, oldest first."""

from dataclasses import replace
from datetime import date

from loaders import history
from loaders.clients import check_served, surfside_prefix
from loaders.errors import MissingFile
from loaders.intake import Arrival, Intake, open_intake, reader_for
from loaders.results import LoadResult, Progress, silent
from loaders.surfside.columns import COLUMNS
from loaders.surfside.source import Bucket, FilePattern, ReportObject
from loaders.timespan import days_between, runs_of_days
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings


def load(
    settings: Settings,
    client_id: str,
    date_from: date,
    date_to: date,
    *,
    dagster_run_id: str | None = None,
    on_progress: Progress | None = None,
) -> LoadResult:
    """Load the files of `date_from` to `date_to`, both included. A file may hold further days; all of it is loaded.

    A day without a file, or a bucket that cannot be read, is a failed delivery of the result; the rest loads. Raises
    `PaidMediaError` only where the client cannot be served at all.
    """
    tell = on_progress or silent
    with database.session(settings) as current:
        check_served(current, settings, "surfside", client_id)
        folder = surfside_prefix(current, settings, client_id)
    pattern = FilePattern.parse(settings.surfside_file_pattern)
    reader = reader_for(settings, replace(COLUMNS, date_formats=(settings.surfside_date_format,)), client_id)
    days = days_between(date_from, date_to)
    with open_intake(settings, reader, dagster_run_id=dagster_run_id, on_progress=tell) as intake:
        try:
            bucket = Bucket(settings)
            tell(f"listing {bucket.origin(folder)}")
            found, missing = _choose(bucket, pattern, folder, days)
        except PaidMediaError as error:
            origin = f"s3://{settings.s3_bucket_name or ''}/{folder}"
            intake.failed(origin, error, days)
        else:
            _take(settings, intake, bucket, found)
            intake.flush()
            for first, last in runs_of_days(missing):
                _report_missing(intake, bucket, pattern, folder, first, last)
    return LoadResult("surfside", client_id, intake.outcomes)


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
            current, "surfside", intake.reader.client_id, origins, intake.reader.fingerprint
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


def _report_missing(intake: Intake, bucket: Bucket, pattern: FilePattern, folder: str, first: date, last: date) -> None:
    keys = [f"{folder}{pattern.render(day)}.csv" for day in dict.fromkeys((first, last))]
    span = " to ".join(day.isoformat() for day in dict.fromkeys((first, last)))
    error = MissingFile(
        f"no Surfside file for {span}",
        where=f"expected {' to '.join(keys)} (or .xlsx) in bucket {bucket.name}",
        fix="ask Surfside for it, or check S3_PREFIX, the client's prefix and SURFSIDE_FILE_PATTERN",
    )
    intake.failed(bucket.origin(keys[0]), error, days_between(first, last))
