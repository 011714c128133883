"""The shared path of one client's deliveries: landing zone → reading → ledger → one dlt package → `raw_<source>`.

Sources fetch bytes and `offer` them; everything from there on is the same for all of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from loaders.errors import LoadRefused, fault_of
from loaders.files.columns import SourceColumns
from loaders.files.reading import Reader, Reading, read_delivery
from loaders.ledger import attempts, history
from loaders.ledger.entries import (
    Delivery,
    KnownDelivery,
    day_totals,
    find_duplicate,
    new_delivery_id,
    package,
    refuse_older_export,
)
from loaders.ledger.pipeline import append, prepare
from loaders.locks import Lock, locked
from loaders.results import DeliveryOutcome, Progress, Status
from warehouse import logs
from warehouse.clients import clients
from warehouse.control import lookup
from warehouse.deliveries import landing
from warehouse.deliveries.landing import LandedFile
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

PACKAGE_ROWS = 200_000  # a package costs 0.25 s whatever it holds; a long range is written in several


@dataclass(frozen=True)
class Arrival:
    """Bytes as they came. `as_of` None means now. `requested_days` are those that a report was asked for.

    `guarded`: an upload of which nobody says how it stands to earlier ones, so that the older-export rule holds.
    `landed`: where the bytes are kept already; None lands them.
    """

    data: bytes
    filename: str
    origin: str
    as_of: datetime | None = None
    requested_days: tuple[date, ...] | None = None
    guarded: bool = False
    delivery_id: str | None = None
    landed: LandedFile | None = None


@dataclass(frozen=True)
class _Staged:
    run_id: UUID
    delivery: Delivery
    reading: Reading
    outcome: DeliveryOutcome


def reader_for(settings: Settings, spec: SourceColumns, client_id: str) -> Reader:
    """How a client's files of a source are read. Raises `PaidMediaError` for an unknown client."""
    with database.session(settings) as current:
        client = lookup.get_client(current, client_id)
        rules = clients.source_settings(current, client_id, spec.source)
        currency = client.currency
    return Reader(spec, client_id, currency, rules, settings.max_upload_size, settings.max_reject_share)


@contextmanager
def open_intake(
    settings: Settings, reader: Reader, *, dagster_run_id: str | None, on_progress: Progress
) -> Iterator["Intake"]:
    """Take in deliveries of one client, one process at a time; what was offered is written at the end."""
    source = reader.spec.source
    prepare(source, settings)
    with locked(f"paidmedia load {source} {reader.client_id}", settings, on_progress) as lock:
        with database.session(settings) as current:
            attempts.close_interrupted(current, source, reader.client_id)
        intake = Intake(settings, reader, lock, dagster_run_id=dagster_run_id, on_progress=on_progress)
        yield intake
        intake.flush()


class Intake:
    """Offers → outcomes. Deliveries wait for each other in a package until it is full."""

    def __init__(
        self, settings: Settings, reader: Reader, lock: Lock, *, dagster_run_id: str | None, on_progress: Progress
    ) -> None:
        self.outcomes: list[DeliveryOutcome] = []
        self.reader = reader
        self._lock = lock
        self._settings, self._dagster_run_id, self._tell = settings, dagster_run_id, on_progress
        self._staged: list[_Staged] = []
        self._last_arrival = datetime.min.replace(tzinfo=UTC)

    @property
    def source(self) -> str:
        """The source's name."""
        return self.reader.spec.source

    def offer(self, arrival: Arrival) -> None:
        """Take in one delivery, or record why not. Only a defect of the loader raises."""
        now = self._arrival_time()
        delivery_id = arrival.delivery_id or new_delivery_id(self.source, self.reader.client_id, now)
        run_id = self._start(arrival.origin, delivery_id)
        outcome = DeliveryOutcome(arrival.origin, "failed", days=arrival.requested_days or ())
        try:
            landed = arrival.landed or self._land(arrival, now)
            reading = read_delivery(arrival.data, arrival.filename, self.reader, requested_days=arrival.requested_days)
            reading.totals.check(arrival.filename)
            known = self._duplicate(arrival, landed.sha256, reading)
            if known is not None:
                self._finish(run_id, DeliveryOutcome(arrival.origin, "duplicate", known.delivery_id, reading.days))
                return
            delivery = Delivery(
                delivery_id=delivery_id,
                source=self.source,
                client_id=self.reader.client_id,
                origin=arrival.origin,
                landed=landed,
                fingerprint=self.reader.fingerprint,
                as_of=arrival.as_of or now,
                delivered_at=now,
                dagster_run_id=self._dagster_run_id,
            )
            if arrival.guarded:
                self._refuse_older(arrival, delivery, reading)
        except PaidMediaError as error:
            status: Status = "refused" if isinstance(error, LoadRefused) else "failed"
            self._finish(run_id, replace(outcome, status=status, error=str(error), fault=fault_of(error)))
            return
        except Exception as error:
            self._finish(run_id, replace(outcome, error=f"{type(error).__name__}: {error}"[:500]))
            raise
        self._staged.append(_Staged(run_id, delivery, reading, _loaded(delivery, reading)))
        if sum(len(staged.reading.rows) for staged in self._staged) >= PACKAGE_ROWS:
            self.flush()

    def failed(self, origin: str, error: PaidMediaError, days: tuple[date, ...] = ()) -> None:
        """Record a delivery that never arrived."""
        outcome = DeliveryOutcome(origin, "failed", days=days, error=str(error), fault=fault_of(error))
        self._finish(self._start(origin, None), outcome)

    def unchanged(self, origin: str, delivery_id: str, days: tuple[date, ...] = ()) -> None:
        """Record that what the source offers was delivered before, without fetching it."""
        self._finish(self._start(origin, delivery_id), DeliveryOutcome(origin, "duplicate", delivery_id, days))

    def flush(self) -> None:
        """Write what waits as one package: rows and ledger of each delivery, or nothing of it."""
        if not self._staged:
            return
        staged, self._staged = self._staged, []
        self._tell(f"writing {sum(len(each.reading.rows) for each in staged):,} rows")
        written = package([(each.delivery, each.reading) for each in staged], self.reader.spec.table)
        try:
            self._lock.check()  # without it another process may be writing the same
            append(self.source, written, self._settings)
        except Exception as error:
            line = str(error) if isinstance(error, PaidMediaError) else f"{type(error).__name__}: {error}"[:500]
            for each in staged:
                outcome = DeliveryOutcome(each.delivery.origin, "failed", days=each.outcome.days, error=line)
                self._finish(each.run_id, outcome)
            if not isinstance(error, PaidMediaError):
                raise
            return
        for each in staged:
            self._finish(each.run_id, each.outcome)

    def _land(self, arrival: Arrival, now: datetime) -> LandedFile:
        return landing.store(
            arrival.data, self._settings, source=self.source, client_id=self.reader.client_id,
            filename=arrival.filename, on=now.date(),
        )  # fmt: skip

    def _duplicate(self, arrival: Arrival, sha256: str, reading: Reading) -> KnownDelivery | None:
        """The delivery that brought the same bytes and still counts. Staged deliveries are written first if need be."""
        known = self._same_bytes(sha256)
        if self._staged and (known or any(each.delivery.landed.sha256 == sha256 for each in self._staged)):
            self.flush()
            known = self._same_bytes(sha256)
        if not known:
            return None
        days = sorted({day for each in known for day in each.days})
        with database.session(self._settings) as current:
            claims = history.claims(current, self.source, self.reader.client_id, days)
        declared = None if arrival.requested_days is None else reading.days
        return find_duplicate(known, claims, requested_days=declared, always=arrival.guarded)

    def _same_bytes(self, sha256: str) -> list[KnownDelivery]:
        with database.session(self._settings) as current:
            return history.same_bytes(current, self.source, self.reader.client_id, sha256, self.reader.fingerprint)

    def _refuse_older(self, arrival: Arrival, delivery: Delivery, reading: Reading) -> None:
        if not reading.days:
            return
        with database.session(self._settings) as current:
            claims = history.claims(current, self.source, self.reader.client_id, reading.days)
        refuse_older_export(arrival.filename, day_totals(delivery, reading), reading.days[-1], claims)

    def _start(self, origin: str, delivery_id: str | None) -> UUID:
        with database.session(self._settings) as current:
            return attempts.start(
                current,
                self.source,
                self.reader.client_id,
                origin,
                delivery_id=delivery_id,
                dagster_run_id=self._dagster_run_id,
            )

    def _finish(self, run_id: UUID, outcome: DeliveryOutcome) -> None:
        with database.session(self._settings) as current:
            attempts.finish(current, run_id, outcome)
        self.outcomes.append(outcome)
        write = logs.logger(self._settings)
        (write.error if outcome.error else write.info)(
            "delivery",
            run_id=self._dagster_run_id,
            load_id=str(run_id),
            delivery_id=outcome.delivery_id,
            source=self.source,
            client_id=self.reader.client_id,
            origin=outcome.origin,
            status=outcome.status,
            rows_read=outcome.rows_read,
            rows_accepted=outcome.rows_accepted,
            rows_rejected=outcome.rows_rejected,
            error=outcome.error,
        )
        self._tell(f"{outcome.origin}: {outcome.error or outcome.status}")

    def _arrival_time(self) -> datetime:
        """Now, and later than the arrival before: arrivals are ordered by it."""
        self._last_arrival = max(datetime.now(UTC), self._last_arrival + timedelta(microseconds=1))
        return self._last_arrival


def _loaded(delivery: Delivery, reading: Reading) -> DeliveryOutcome:
    rows = reading.totals.rows
    return DeliveryOutcome(
        origin=delivery.origin,
        status="loaded",
        delivery_id=delivery.delivery_id,
        days=reading.days,
        rows_read=rows["read"],
        rows_accepted=rows["accepted"],
        rows_rejected=rows["rejected"],
        rows_dropped=rows["dropped"],
        warnings=tuple(reading.warnings),
    )
