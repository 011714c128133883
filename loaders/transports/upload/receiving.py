"""Exports come by hand: receive a file, list those that wait, preview what one would bring."""

from collections.abc import Sequence
from datetime import UTC, datetime
from os import SEEK_END
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from loaders.clients import check_served
from loaders.errors import LoadRefused
from loaders.files.reading import read_delivery, summary
from loaders.files.tabular import check_name, check_size
from loaders.ledger.intake import reader_for
from loaders.source import Source
from warehouse import audit
from warehouse.control import UploadedFile, sources
from warehouse.deliveries import landing
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings


def receive(
    settings: Settings,
    source: Source,
    file: Path | bytes,
    filename: str,
    client_id: str,
    uploaded_by: str,
    as_of: datetime | None,
    supersede: bool,
) -> UUID:
    """Keep an export in the landing zone and note that it waits; see `UploadLoader.receive`."""
    made_at = _checked_time(as_of, supersede)
    check_name(filename)
    with database.session(settings) as current:
        check_served(current, settings, source, client_id)
    _check_size(file, filename, settings.max_upload_size)
    now = datetime.now(UTC)
    landed = landing.store(
        file, settings, source=source.name, client_id=client_id, filename=filename, on=now.date(), is_upload=True
    )
    with database.session(settings) as current:
        sources.write(current, [source.record()])  # its tables may not have been prepared yet
        upload = UploadedFile(
            source=source.name,
            client_id=client_id,
            filename=filename,
            sha256=landed.sha256,
            size_bytes=landed.size_bytes,
            landed_path=landed.path,
            as_of=made_at,
            supersede=supersede,
            uploaded_by=uploaded_by,
            uploaded_at=now,
            status="received",
        )
        current.add(upload)
        current.flush()
        of = {"client_id": client_id, "filename": filename, "sha256": landed.sha256, "supersede": supersede}
        audit.record(current, "upload", "export", str(upload.upload_id), new=of)
        return upload.upload_id


def pending(settings: Settings, source: Source, upload_ids: Sequence[str]) -> list[UploadedFile]:
    """Exports of a source that were received and not yet loaded, oldest first; only the named ones if any are named."""
    query = select(UploadedFile).where(UploadedFile.status == "received", UploadedFile.source == source.name)
    if upload_ids:
        query = query.where(UploadedFile.upload_id.in_([UUID(each) for each in upload_ids]))
    with database.session(settings) as current:
        uploads = list(current.scalars(query.order_by(UploadedFile.uploaded_at, UploadedFile.upload_id)))
        current.expunge_all()
    return uploads


def validate(settings: Settings, source: Source, data: bytes, filename: str, client_id: str) -> dict[str, Any]:
    """What an export would bring, storing nothing; see `UploadLoader.validate`."""
    check_name(filename)
    check_size(len(data), filename, settings.max_upload_size)
    reading = read_delivery(data, filename, reader_for(settings, source.spec, client_id))
    rejects = [
        {"row": reject.source_row, "column": reject.column_name, "value": reject.value, "reason": reject.reason}
        for reject in reading.rejects[:20]
    ]
    return summary(reading) | {"rejects": rejects}


def _checked_time(as_of: datetime | None, supersede: bool) -> datetime | None:
    if as_of is None:
        return None
    if supersede:
        raise PaidMediaError("as-of and supersede say two things", fix="choose one")
    made_at = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    if made_at > datetime.now(UTC):
        raise PaidMediaError(f"as-of {made_at:%Y-%m-%d %H:%M} UTC is still to come", fix="say when it was exported")
    return made_at


def _check_size(file: Path | bytes, filename: str, max_size: int) -> None:
    if isinstance(file, bytes):
        check_size(len(file), filename, max_size)
        return
    try:
        with file.open("rb") as opened:
            check_size(opened.seek(0, SEEK_END), filename, max_size)
    except OSError as error:
        reason = error.strerror or str(error)
        raise LoadRefused(f"{file} cannot be read", where=reason, fix="check the path") from error
