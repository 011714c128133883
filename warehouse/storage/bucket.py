"""A bucket of S3, below a prefix, as a place of files. An object is there whole or not at all."""

import os
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.storage import s3
from warehouse.storage.errors import FileMissing, StorageFailed
from warehouse.storage.place import CHUNK, DRAFT, NAMED, Entry, checked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES, PARTS_AT_ONCE = 8 * 2**20, 2  # their product is what an upload holds in memory


class Bucket:
    """Objects of `s3://name/prefix`. Drafts lie in `scratch`, a folder of this machine.

    `setting` is what people know the address by. A larger file goes up in parts: a killed upload leaves parts, which no
    listing shows and which a lifecycle rule of the bucket removes.
    """

    def __init__(self, name: str, prefix: str, access: s3.Access, scratch: Path, setting: str) -> None:
        self.name, self.prefix, self._access, self._scratch, self._setting = name, prefix, access, scratch, setting

    @property
    def address(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")

    def where(self, key: str) -> str:
        """The object's address."""
        return f"{self.address}/{key}"

    def write(self, key: str, data: bytes) -> None:
        """Write a small object; the server compares it with its sha256."""
        with self._told(key) as client:
            digest = b64encode(sha256(data).digest()).decode()
            client.put_object(Bucket=self.name, Key=self._object(key), Body=data, ChecksumSHA256=digest)

    @contextmanager
    def draft(self, key: str) -> Iterator[Path]:
        """An empty file in the folder for scratch."""
        try:
            self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=self._scratch, prefix=self._draft_prefix(key))
            os.close(descriptor)
        except OSError as error:
            where = f"{self._scratch}: {error.strerror or error}"
            raise StorageFailed("a file cannot be written", where=where, fix="give the service its folder") from error
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, draft: Path, key: str) -> None:
        """Upload a draft, in parts where it is large."""
        from boto3.s3.transfer import TransferConfig

        parts = TransferConfig(
            multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=PARTS_AT_ONCE
        )
        with self._told(key) as client:
            client.upload_file(str(draft), self.name, self._object(key), Config=parts)

    def remove_drafts(self, key: str) -> None:
        """Remove what killed writers of a key have left on this machine."""
        for left in self._scratch.glob("*"):
            if left.name.startswith(self._draft_prefix(key)):
                left.unlink(missing_ok=True)

    def size(self, key: str) -> int | None:
        """An object's bytes, None where there is none."""
        try:
            with self._told(key) as client:
                return client.head_object(Bucket=self.name, Key=self._object(key))["ContentLength"]
        except FileMissing:
            return None

    def read(self, key: str) -> Iterator[bytes]:
        """An object in chunks."""
        with self._told(key) as client:
            yield from client.get_object(Bucket=self.name, Key=self._object(key))["Body"].iter_chunks(CHUNK)

    def fetch(self, key: str, target: Path) -> None:
        """Download an object; its time is that of its last change."""
        with self._told(key) as client:
            answer = client.get_object(Bucket=self.name, Key=self._object(key))
            target.unlink(missing_ok=True)
            with target.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(CHUNK):
                    file.write(chunk)
            changed = answer["LastModified"].timestamp()
            os.utime(target, (changed, changed))

    def entries(self) -> Iterator[Entry]:
        """All objects below the prefix; one whose last name is empty is a folder that a console has made."""
        below = f"{self.prefix}/" if self.prefix else ""
        with self._told("") as client:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=below):
                for found in page.get("Contents", []):
                    key = found["Key"].removeprefix(below)
                    if key and not key.endswith("/") and not any(part.startswith(DRAFT) for part in key.split("/")):
                        yield Entry(key, found["Size"], found["LastModified"].timestamp())

    def delete(self, key: str) -> None:
        """Remove an object that may be there."""
        with self._told(key) as client:
            client.delete_object(Bucket=self.name, Key=self._object(key))

    def check(self) -> None:
        """List one object, and begin an upload that is given up at once: nothing is written."""
        probe = self._object("paidmedia-check")
        with self._told("") as client:
            client.list_objects_v2(Bucket=self.name, Prefix=self.prefix, MaxKeys=1)
            begun = client.create_multipart_upload(Bucket=self.name, Key=probe)
            client.abort_multipart_upload(Bucket=self.name, Key=probe, UploadId=begun["UploadId"])

    def _object(self, key: str) -> str:
        return f"{self.prefix}/{checked(key)}".lstrip("/")

    def _draft_prefix(self, key: str) -> str:
        return f"{DRAFT}{checked(key).replace('/', '_')[-NAMED:]}-"

    @contextmanager
    def _told(self, key: str) -> "Iterator[S3Client]":
        """A client; what S3 says against it, in one line."""
        address = self.where(key) if key else self.address
        try:
            yield s3.client(self._access)
        except Exception as error:
            trouble = s3.explain(error, self.name, address, self._setting)
            if trouble is None:
                raise
            kind = FileMissing if trouble.is_missing else StorageFailed
            raise kind(trouble.what, where=trouble.where, fix=trouble.fix) from error
