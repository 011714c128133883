"""The same histories, happening to the real warehouse: many clients of one database, round by round.

bytes → the loader's own reading and decisions → one package per source and round → verdicts, rates → build → marts

Clients share packages and builds, because a package takes 0.3 s and a build 15 s whatever they hold. Nothing else of
theirs is shared.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby

import pyarrow as pa
from psycopg2.extensions import connection as Connection  # noqa: N812 – it is a class
from sqlalchemy import text
from sqlalchemy.orm import Session

from loaders.files.reading import Reader
from loaders.ledger.entries import package
from loaders.ledger.intake import Arrival, Intake, reader_for
from loaders.ledger.pipeline import append, prepare
from loaders.locks import Lock, locked
from loaders.registry import columns_of
from loaders.results import silent
from tests.histories.closing import closed
from tests.histories.compare import Difference, differences, read_ids, read_marts
from tests.histories.events import (
    SOURCES,
    Close,
    Delivery,
    Disable,
    Event,
    History,
    Rate,
    Release,
    Rename,
    Reopen,
    Verdict,
)
from tests.histories.files import name_of
from tests.histories.oracle import REJECT_SHARE, Oracle, Taken
from tests.histories.rollups import Marts, Path, marts
from warehouse import control
from warehouse.billing import periods
from warehouse.clients import clients
from warehouse.deliveries import verdicts
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

Arriving = Sequence[tuple[str, Delivery]]  # (client, what it is sent)
RAW = tuple(f"raw_{source}" for source in SOURCES)
MODELS = ("marts", "intermediate", "staging")


class World:
    """A database with one client per history, and the oracle of each."""

    def __init__(self, settings: Settings, histories: Sequence[History]) -> None:
        self.settings = settings.model_copy(update={"max_reject_share": float(REJECT_SHARE)})
        self.histories = {history.client_id: history for history in histories}
        self.oracles = {history.client_id: Oracle(history) for history in histories}
        self.outcomes: Counter[str] = Counter()
        self.surprises: list[Difference] = []
        self.round = 0
        self._names: dict[tuple[str, int], str] = {}  # (client, number of the delivery) → delivery_id
        self._ids: dict[str, dict[Path, str]] = {}  # by client; the same in every build
        self._empty()
        self._add_clients(histories)
        self._readers: dict[tuple[str, str], Reader] = {}

    def play(self, rounds: int) -> None:
        """Let everything happen up to the end of a round."""
        while self.round < rounds:
            events = [(each.client_id, event) for each in self.histories.values() for event in each.rounds[self.round]]
            self._happen_all((who, what) for who, what in events if isinstance(what, Close))
            with locked("paidmedia load histories", self.settings) as lock:
                for source in SOURCES:
                    deliveries = [(who, what) for who, what in events if isinstance(what, Delivery)]
                    arriving = [(who, what) for who, what in deliveries if what.source == source]
                    self._deliver(source, [(who, what) for who, what in arriving if not what.is_torn], lock)
                    self._tear(source, [(who, what) for who, what in arriving if what.is_torn], lock)
            self._happen_all((who, what) for who, what in events if not isinstance(what, Close | Delivery))
            self.round += 1

    def publish(self) -> None:
        """Tell every oracle that a build has published what is true now."""
        for oracle in self.oracles.values():
            oracle.publish()

    def differences(self, connection: Connection, only: str | None = None) -> list[Difference]:
        """What the loaders decided, and what the marts say now, against the oracles; empty when all is equal.

        `only` looks at the marts of one client, and remembers no id of them.
        """
        self._note_arrivals()
        self._note_adjustments()
        self._note_moments()
        found = read_marts(connection, only)
        every = list(self.surprises)
        every += [Difference(who, "all", (), "client", "none", "rows") for who in found.keys() - self.oracles.keys()]
        for client_id in self.oracles if only is None else [only]:
            known = self._ids.setdefault(client_id, {})
            every += self._differences(client_id, found.get(client_id, {}), known if only is None else dict(known))
        owners = Counter(key for ids in self._ids.values() for key in ids.values())
        every += [Difference("all", "ids", (), key, "one owner", count) for key, count in owners.items() if count > 1]
        return every

    def unpriced(self) -> int:
        """How many clients have a delivered row without a price: so many rows the dbt test about it must find."""
        return sum(any(fact.cpm is None for fact in oracle.facts()) for oracle in self.oracles.values())

    def _differences(self, client_id: str, found: Marts, known: dict[Path, str]) -> Iterator[Difference]:
        """Of one client; ids that are not among the `known` ones yet are added to them."""
        ids, unclear = read_ids(found)
        yield from unclear
        for path, its in ids.items():
            if known.setdefault(path, its) != its:
                yield Difference(client_id, "daily_metrics", path, "id, the same in each build", known[path], its)
        yield from differences(client_id, marts(self.oracles[client_id], ids), found)

    def _deliver(self, source: str, arriving: Arriving, lock: Lock) -> None:
        """Offer deliveries to each client's intake and write what was taken as one package."""
        intakes = self._offer(source, arriving, lock)
        _write(source, intakes.values(), self.settings, is_settled=True)
        for client_id, delivery in arriving:
            [outcome] = [each for each in intakes[client_id].outcomes if each.origin == _origin(delivery)]
            if outcome.status == "loaded":
                assert outcome.delivery_id is not None
                self._names[client_id, delivery.number] = outcome.delivery_id
            self._compare(client_id, delivery, outcome.status, outcome.error)

    def _tear(self, source: str, arriving: Arriving, lock: Lock) -> None:
        """Offer deliveries and leave of their package what a loader leaves that was killed while writing it."""
        intakes = self._offer(source, arriving, lock)
        taken = {client_id for client_id, intake in intakes.items() if intake._staged}
        load_id = _write(source, intakes.values(), self.settings, is_settled=False)
        if load_id is not None:
            tables = [columns_of(source).table, "deliveries", "delivery_days", "rejects"]
            with database.session(self.settings) as current:
                for table, column in (("_dlt_loads", "load_id"), (tables[self.round % len(tables)], "_dlt_load_id")):
                    current.execute(text(f"delete from raw_{source}.{table} where {column} = :it"), {"it": load_id})
        for client_id, delivery in arriving:
            status = "torn" if client_id in taken else intakes[client_id].outcomes[-1].status
            self._compare(client_id, delivery, status, None)

    def _offer(self, source: str, arriving: Arriving, lock: Lock) -> dict[str, Intake]:
        intakes: dict[str, Intake] = {}
        for client_id, group in groupby(arriving, key=lambda pair: pair[0]):
            intake = Intake(
                self.settings, self._reader(source, client_id), lock, dagster_run_id=None, on_progress=silent
            )
            for _, delivery in group:
                intake.offer(
                    Arrival(
                        delivery.data,
                        name_of(source, delivery.number),
                        origin=_origin(delivery),
                        as_of=delivery.as_of,
                        requested_days=delivery.requested,
                        guarded=delivery.is_guarded,
                    )
                )
            intakes[client_id] = intake
        return intakes

    def _compare(self, client_id: str, delivery: Delivery, found: str, error: str | None) -> None:
        expected = self.oracles[client_id].happen(delivery)
        self.outcomes[found] += 1
        if found != expected:
            told = f"{found}: {error}" if error else found
            self.surprises.append(Difference(client_id, "deliveries", (delivery,), "outcome", expected, told))

    def _happen_all(self, events: Iterable[tuple[str, Event]]) -> None:
        """Each in a transaction of its own, as a person's command is."""
        for client_id, event in events:
            expected = self.oracles[client_id].happen(event)
            with database.session(self.settings) as current:
                found = self._happen(current, client_id, event)
            if found is not None:
                self.outcomes[f"{type(event).__name__.lower()} {found.split()[0]}"] += 1
            if found != expected:
                self.surprises.append(Difference(client_id, "events", (event,), "outcome", expected, found))
            elif found in ("entered", "opened"):
                self.oracles[client_id].moments[-1].at = self._last_entry(client_id)

    def _last_entry(self, client_id: str) -> datetime:
        query = "select max(entered_at) from control.client_cpm_rate_entries where client_id = :it"
        with database.session(self.settings) as current:
            return current.execute(text(query), {"it": client_id}).scalar_one()

    def _happen(self, current: Session, client_id: str, event: Event) -> str | None:
        """Everything but a delivery, as a person or the checks do it. Says what came of a rate or a closing."""
        match event:
            case Verdict(number, says):
                name = self._names.get((client_id, number))
                failures = [{"expectation": "plausible"}] if says == "held" else []
                if name is not None:
                    verdicts.record(current, name.partition("-")[0], [verdicts.Judgement(name, client_id, failures)])
            case Release(number):
                name = self._names.get((client_id, number))
                stored = current.get(control.DeliveryVerdict, name) if name else None
                if name is not None and stored is not None and stored.verdict == "held":
                    verdicts.release(current, name, why="the platform confirms it")
            case Rate(effective, cpm):
                entry = {"cpm": cpm, "effective_date": effective, "adjust": event.adjust, "today": event.today}
                return _decided(current, lambda: clients.set_cpm(current, client_id, **entry) and "entered")
            case Close(month, today):
                return _decided(current, lambda: _sums(periods.close(current, client_id, month, today=today)))
            case Reopen(month, today):
                return _decided(current, lambda: _reopened(current, client_id, month, today))
            case Rename(new):
                clients.rename_client(current, client_id, new)
            case Disable():
                clients.disable_client(current, client_id)
        return None

    def _note_arrivals(self) -> None:
        with database.session(self.settings) as current:
            queries = " union all ".join(f"select delivery_id, delivered_at from {raw}.deliveries" for raw in RAW)
            arrived = {row.delivery_id: row.delivered_at for row in current.execute(text(queries))}
        for (client_id, number), name in self._names.items():
            if number in self.oracles[client_id].taken:
                taken = self.oracles[client_id].taken[number]
                taken.arrived_at, taken.name = arrived[name], name

    def _note_moments(self) -> None:
        """When each delivery began to count, and when the first rate was entered."""
        counting = "select delivery_id, coalesce(released_at, judged_at) as at from control.delivery_verdicts"
        first = "select client_id, min(entered_at) as at from control.client_cpm_rate_entries group by client_id"
        with database.session(self.settings) as current:
            judged = {row.delivery_id: row.at for row in current.execute(text(counting))}
            entered = {row.client_id: row.at for row in current.execute(text(first))}
        for client_id, oracle in self.oracles.items():
            oracle.moments[0].at = entered[client_id]
            for moment in oracle.moments:
                if isinstance(moment.what, Taken):
                    assert moment.what.name is not None
                    assert moment.what.arrived_at is not None
                    moment.at = max(moment.what.arrived_at, judged[moment.what.name])

    def _note_adjustments(self) -> None:
        """The numbers and times of bookings, in their order: as many as the oracle knows."""
        query = "select adjustment_id, booked_at from control.spend_adjustments where client_id = :it order by 1"
        with database.session(self.settings) as current:
            for client_id, oracle in self.oracles.items():
                booked = current.execute(text(query), {"it": client_id})
                for each, row in zip(oracle.prices.adjustments, booked, strict=False):
                    each.number, each.booked_at = row.adjustment_id, row.booked_at

    def _empty(self) -> None:
        """Nothing of an earlier batch stays but the audit log, which nobody empties.

        No commit needs to survive a crash here, which halves what it takes.
        """
        with database.session(self.settings) as current:
            current.execute(text("select ledger.unite('{}')"))  # the views let go of the raw tables
            for schema in (*RAW, *MODELS):
                current.execute(text(f"drop schema if exists {schema} cascade"))
            kept = control.AuditEntry.__table__
            tables = ", ".join(table.fullname for table in control.Base.metadata.sorted_tables if table is not kept)
            current.execute(text(f"truncate {tables} cascade"))
            name = current.scalar(text("select quote_ident(current_database())"))
            current.execute(text(f"alter database {name} set synchronous_commit = off"))
        database.engine(self.settings).dispose()
        for source in SOURCES:
            prepare(source, self.settings)

    def _add_clients(self, histories: Iterable[History]) -> None:
        with database.session(self.settings) as current:
            for each in histories:
                clients.add_client(
                    current,
                    each.client_id,
                    name=each.name,
                    currency=each.currency,
                    cpm=each.first_rate.cpm,
                    effective_date=each.first_rate.effective,
                    source_settings={("surfside", "campaign"): each.campaign} if each.campaign else None,
                )

    def _reader(self, source: str, client_id: str) -> Reader:
        if (source, client_id) not in self._readers:
            spec = columns_of(source)
            if source == "surfside":
                spec = replace(spec, date_formats=(self.settings.surfside_date_format,))
            self._readers[source, client_id] = reader_for(self.settings, spec, client_id)
        return self._readers[source, client_id]


def _decided(current: Session, act: Callable[[], str]) -> str:
    """What came of an act, refused if it was: nothing of it is left then."""
    try:
        with current.begin_nested():
            return act()
    except PaidMediaError:
        return "refused"


def _sums(period: control.ClosedPeriod) -> str:
    return closed(period.impressions, period.spend)


def _reopened(current: Session, client_id: str, month: date, today: date) -> str:
    periods.reopen(current, client_id, month, why="a new invoice was agreed on", today=today)
    return "opened"


def _origin(delivery: Delivery) -> str:
    return f"delivery {delivery.number}"


def _write(source: str, intakes: Iterable[Intake], settings: Settings, *, is_settled: bool) -> str | None:
    """What `Intake.flush` does, for the intakes of several clients at once: one package of all that waits.

    `is_settled` notes in the ledger what came of each delivery. Returns the load id, None when nothing waits.
    """
    waiting = [(intake, staged) for intake in intakes for staged in intake._staged]
    if not waiting:
        return None
    written = package([(each.delivery, each.reading) for _, each in waiting], columns_of(source).table)
    # dlt takes 6 ms for a batch, however small: one per table.
    load_id = append(source, {name: iter([pa.concat_tables(parts)]) for name, parts in written.items()}, settings)
    for intake, each in waiting:
        if is_settled:
            intake._finish(each.run_id, each.outcome)
        intake._staged = []
    return load_id
