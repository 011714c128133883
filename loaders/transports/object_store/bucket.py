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

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DATE = re.compile(r"\{date(?::([^{}]+))?\}")
_WORDS = {"YYYY-MM-DD": "{date}", "YYYYMMDD": "{date:%Y%m%d}"}
WRONG_KEY = frozenset(("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"))


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
        self._client = _client(settings)

    def origin(self, key: str) -> str:
        """An object's address."""
        return f"s3://{self.name}/{key}"

    def check(self) -> None:
        """Ask for one object's name: whether the bucket is there and the key may list it."""
        with self._told():
            self._client.list_objects_v2(Bucket=self.name, MaxKeys=1)

    def list_objects(self, prefix: str, *, below: bool) -> list[ReportObject]:
        """Every object whose key begins with `prefix`; without `below`, none in a deeper folder; all pages."""
        delimiter = {} if below else {"Delimiter": "/"}
        with self._told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
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
        with self._told(found.key):
            answer = self._client.get_object(Bucket=self.name, Key=found.key)
            check_size(answer["ContentLength"], found.key, self._settings.max_upload_size)
            return answer["Body"].read(), answer["LastModified"]

    @contextmanager
    def _told(self, key: str = "") -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

        keys_fix = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        try:
            yield
        except ClientError as error:
            code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
            if code == "NoSuchBucket":
                raise SourceUnreachable(f"there is no bucket {self.name}", fix="check S3_BUCKET_NAME") from error
            if code in WRONG_KEY:
                raise SourceUnreachable(
                    f"S3 refuses the key for bucket {self.name}", where=code, fix=keys_fix
                ) from error
            raise SourceUnreachable(
                f"S3 answered {code}", where=f"{self.origin(key)}: {message}", fix="load again"
            ) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise SourceUnreachable("there is no key for S3", where=str(error), fix=keys_fix) from error
        except BotoCoreError as error:
            fix = "check AWS_ENDPOINT_URL and the network, then load again"
            raise SourceUnreachable(f"bucket {self.name} cannot be read", where=str(error)[:200], fix=fix) from error


def _client(settings: Settings) -> "S3Client":
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=settings.aws_endpoint_url,
        region_name=settings.aws_default_region,
        aws_access_key_id=settings.aws_access_key_id,
        aws_secret_access_key=settings.aws_secret_access_key,
        aws_session_token=settings.aws_session_token,
        config=Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 4, "mode": "standard"}),
    )
