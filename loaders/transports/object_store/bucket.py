"""Which objects of the bucket are a client's files: listing, choosing by date, fetching."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from loaders.errors import SourceUnreachable
from loaders.files.tabular import check_size
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings
from warehouse.storage import s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DATE = re.compile(r"\{date(?::([^{}]+))?\}")
_WORDS = {"YYYY-MM-DD": "{date}", "YYYYMMDD": "{date:%Y%m%d}"}


@dataclass(frozen=True)
class ReportObject:
    """An object of the bucket. `last_modified` is UTC, `size` bytes."""

    key: str
    last_modified: datetime
    size: int


@dataclass(frozen=True)
class FilePattern:
    """How a day's file is named: a text with `{date}` (ISO) or `{date:%Y%m%d}`, without the extension.

    What may follow the pattern in a key is anything without a slash that does not begin with a digit, so that
    20251104 is not found in 202511041.
    """

    text: str

    @classmethod
    def parse(cls, pattern: str, name: str) -> "FilePattern":
        """`name` is what people know the pattern by. Raises `PaidMediaError` for one without a date."""
        text = re.sub(r"\.(csv|xlsx)$", "", pattern.strip().lstrip("/"), flags=re.IGNORECASE)
        for word, placeholder in _WORDS.items():
            text = text.replace(word, placeholder)
        if not _DATE.search(text) or re.search(r"[{}]", _DATE.sub("", text)):
            fix = "use {date} or {date:%Y%m%d}, as in media-report-{date}"
            raise PaidMediaError(f"{name} {pattern!r} cannot be used", fix=fix)
        return cls(text)

    def render(self, day: date) -> str:
        """The pattern with a day in it."""
        return _DATE.sub(lambda match: format(day, match[1] or "%Y-%m-%d"), self.text)

    def static_part(self) -> str:
        """What every file's name begins with."""
        return self.text[: self.text.index("{")]

    def newest(self, objects: list[ReportObject], folder: str, day: date) -> ReportObject | None:
        """The newest object for a day, directly below `folder`."""
        name = re.compile(re.escape(folder + self.render(day)) + r"(?!\d)[^/]*\.(?:csv|xlsx)", re.IGNORECASE)
        matching = [each for each in objects if name.fullmatch(each.key)]
        return max(matching, key=lambda each: (each.last_modified, each.key), default=None)


class Bucket:
    """The bucket of the settings, for the source of a title. Every method raises `PaidMediaError` with one line."""

    def __init__(self, settings: Settings, title: str) -> None:
        if not settings.s3_bucket_name:
            raise PaidMediaError("S3_BUCKET_NAME is not set", fix=f"name the bucket with {title}'s files in .env")
        self.name = settings.s3_bucket_name
        self._settings = settings

    def origin(self, key: str) -> str:
        """An object's address."""
        return f"s3://{self.name}/{key}"

    def check(self) -> None:
        """Ask for one object's name: whether the bucket is there and the key may list it."""
        with self._told() as client:
            client.list_objects_v2(Bucket=self.name, MaxKeys=1)

    def list_objects(self, prefix: str, *, below: bool) -> list[ReportObject]:
        """Every object whose key begins with `prefix`; without `below`, none in a deeper folder; all pages."""
        delimiter = {} if below else {"Delimiter": "/"}
        with self._told() as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name,
                Prefix=prefix,
                **delimiter,  # type: ignore[arg-type]
            )
            return [
                ReportObject(found["Key"], found["LastModified"], found["Size"])
                for page in pages
                for found in page.get("Contents", [])
            ]

    def fetch(self, found: ReportObject) -> tuple[bytes, datetime]:
        """An object's bytes, and when they were last modified (it may have been replaced since it was listed)."""
        check_size(found.size, found.key, self._settings.max_upload_size)
        with self._told(found.key) as client:
            answer = client.get_object(Bucket=self.name, Key=found.key)
            check_size(answer["ContentLength"], found.key, self._settings.max_upload_size)
            return answer["Body"].read(), answer["LastModified"]

    @contextmanager
    def _told(self, key: str = "") -> "Iterator[S3Client]":
        """A client; what S3 says against it, in one line."""
        try:
            yield s3.client(s3.access(self._settings))
        except Exception as error:
            trouble = s3.explain(error, self.name, self.origin(key), "S3_BUCKET_NAME")
            if trouble is None:
                raise
            fix = "load again" if trouble.is_missing else trouble.fix
            raise SourceUnreachable(trouble.what, where=trouble.where, fix=fix) from error
