"""Load one uploaded export."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loaders.errors import LoadFailed
from loaders.ledger import history
from loaders.ledger.entries import new_delivery_id
from loaders.ledger.intake import Arrival, open_intake, reader_for
from loaders.results import DeliveryOutcome, LoadResult, Progress, silent
from loaders.source import Source
from loaders.transports.upload import receiving
from warehouse.control import DeliveryVerdict, UploadedFile
from warehouse.deliveries import landing
from warehouse.deliveries.landing import FileChanged, FileLost, LandedFile
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings


@dataclass(frozen=True)
class UploadLoader:
    """A source whose deliveries are files that people bring."""

    source: Source

    def receive(
        self,
        settings: Settings,
        file: Path | bytes,
        filename: str,
        client_id: str,
        uploaded_by: str,
        as_of: datetime | None = None,
        supersede: bool = False,
    ) -> UUID:
        """Keep an export in the landing zone and note that it waits; `load` takes it in by the id returned.

        `as_of` (UTC where it has no zone) is when the platform made it; `supersede` says that it is the newest.
        Raises `LoadRefused` for a file past the limits, `PaidMediaError` for an unknown client or a time to come.
        """
        return receiving.receive(settings, self.source, file, filename, client_id, uploaded_by, as_of, supersede)

    def pending(self, settings: Settings, upload_ids: Sequence[str] = ()) -> list[UploadedFile]:
        """Exports that were received and not yet loaded, oldest first; only the named ones if any are named."""
        return receiving.pending(settings, self.source, upload_ids)

    def validate(self, settings: Settings, data: bytes, filename: str, client_id: str) -> dict[str, Any]:
        """What an export would bring, storing nothing: rows by fate, days, measures, warnings and the first rejects.

        Raises `LoadRefused` with the message that `load` would give. The older-export rule is left to `load`.
        """
        return receiving.validate(settings, self.source, data, filename, client_id)

    def load(
        self,
        settings: Settings,
        upload_id: UUID | str,
        *,
        dagster_run_id: str | None = None,
        on_progress: Progress | None = None,
    ) -> LoadResult:
        """Take in an upload that waits; one that was settled before is reported, not loaded again.

        What is wrong with the file is the result's error. Raises `PaidMediaError` for an unknown upload.
        """
        name, tell = self.source.name, on_progress or silent
        upload = _upload(settings, name, upload_id)
        reader = reader_for(settings, self.source.spec, upload.client_id)
        with open_intake(settings, reader, dagster_run_id=dagster_run_id, on_progress=tell) as intake:
            upload = _upload(settings, name, upload_id)  # another process may have settled it while this one waited
            if upload.status != "received":
                return LoadResult(name, upload.client_id, [_settled(upload)])
            if _was_written(settings, upload):
                outcome = DeliveryOutcome(upload.filename, "loaded", upload.delivery_id)
                _settle(settings, upload, outcome)
                return LoadResult(name, upload.client_id, [outcome])
            try:
                data = landing.read(settings, upload.landed_path, upload.sha256)
            except (FileLost, FileChanged) as error:
                lost = LoadFailed(f"{upload.filename}: {error.what}", where=error.where, fix="upload it again")
                lost.__cause__ = error
                intake.failed(upload.filename, lost)
                _settle(settings, upload, intake.outcomes[-1])
                return LoadResult(name, upload.client_id, intake.outcomes)
            tell(f"reading {upload.filename}")
            delivery_id = _name_delivery(settings, upload)
            intake.offer(
                Arrival(
                    data,
                    upload.filename,
                    origin=upload.filename,
                    as_of=upload.as_of or upload.uploaded_at,
                    guarded=upload.as_of is None and not upload.supersede,
                    delivery_id=delivery_id,
                    landed=LandedFile(upload.sha256, upload.landed_path, upload.size_bytes),
                )
            )
            intake.flush()
            _settle(settings, upload, intake.outcomes[-1])
        return LoadResult(name, upload.client_id, intake.outcomes)


def _upload(settings: Settings, source: str, upload_id: UUID | str) -> UploadedFile:
    with database.session(settings) as current:
        upload = current.get(UploadedFile, UUID(str(upload_id)))
        if upload is None or upload.source != source:
            raise PaidMediaError(f"unknown upload {upload_id}", fix="paidmedia upload FILE --client SLUG")
        current.expunge(upload)
    return upload


def _was_written(settings: Settings, upload: UploadedFile) -> bool:
    """Whether an earlier process wrote this upload and died before it could say so."""
    with database.session(settings) as current:
        return upload.delivery_id is not None and history.is_whole(current, upload.source, upload.delivery_id)


def _name_delivery(settings: Settings, upload: UploadedFile) -> str:
    """Note the delivery's name before anything is written, so that a rerun after a crash recognises it."""
    with database.session(settings) as current:
        stored = current.get_one(UploadedFile, upload.upload_id)
        stored.delivery_id = new_delivery_id(upload.source, upload.client_id, upload.uploaded_at)
        return stored.delivery_id


def _settle(settings: Settings, upload: UploadedFile, outcome: DeliveryOutcome) -> None:
    with database.session(settings) as current:
        stored = current.get_one(UploadedFile, upload.upload_id)
        stored.status = outcome.status
        if outcome.status == "loaded" and outcome.delivery_id is not None:
            stored.status = _status_by_verdict(current, outcome.delivery_id)
        stored.delivery_id = outcome.delivery_id
        stored.message = _message(current, outcome)


def _status_by_verdict(current: Session, delivery_id: str) -> str:
    verdict = current.get(DeliveryVerdict, delivery_id)
    return "held" if verdict is not None and verdict.verdict == "held" else "loaded"


def _message(current: Session, outcome: DeliveryOutcome) -> str | None:
    if outcome.status == "duplicate" and outcome.delivery_id is not None:
        message = f"the same file was delivered before, as {outcome.delivery_id}"
        is_held = _status_by_verdict(current, outcome.delivery_id) == "held"
        return f"{message}, which is held: paidmedia release {outcome.delivery_id} --why …" if is_held else message
    return outcome.error or "; ".join(outcome.warnings) or None


def _settled(upload: UploadedFile) -> DeliveryOutcome:
    status = {"held": "loaded"}.get(upload.status, upload.status)
    error = upload.message if status in ("refused", "failed") else None
    return DeliveryOutcome(upload.filename, status, upload.delivery_id, error=error)  # type: ignore[arg-type]
