"""Which failed attempts are open: what a later attempt settles, what a person resolves, and who may."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from loaders.ledger.pipeline import prepare_all
from tests.dbt_project.raw_tables import insert_ledger
from warehouse import audit
from warehouse.clients import clients
from warehouse.control import AuditEntry, IngestionRun
from warehouse.deliveries import monitor, resolutions
from warehouse.errors import PaidMediaError
from warehouse.postgres import database
from warehouse.settings import Settings

DAY = date(2025, 11, 4)
START = datetime(2025, 11, 5, 5, 0, tzinfo=UTC)
KEY = "s3://reports/acme/media-report-2025-11-04.csv"
Attempt = Callable[..., IngestionRun]


@pytest.fixture
def current(settings: Settings) -> Iterator[Session]:
    """A transaction with two clients that leaves nothing behind."""
    prepare_all(settings)
    with Session(database.engine(settings)) as session:
        for slug in ("acme", "bolt"):
            clients.add_client(
                session, slug, name=slug.title(), currency="USD", cpm=Decimal(10), effective_date=date(2025, 1, 1)
            )
        yield session
        session.rollback()


@pytest.fixture
def attempt(current: Session) -> Attempt:
    """Note an attempt, a minute after the one before: `days` are what it covers, `declares` those of its delivery."""
    made: list[IngestionRun] = []

    def note(
        status: str,
        *days: int,
        source: str = "surfside",
        client_id: str = "acme",
        origin: str | None = KEY,
        declares: tuple[int, ...] | None = None,
        **columns: Any,
    ) -> IngestionRun:
        started = START + timedelta(minutes=len(made))
        is_there = status in ("loaded", "duplicate", "held")
        run = IngestionRun(
            source=source, client_id=client_id, origin=origin, status=status, started_at=started,
            finished_at=None if status == "running" else started + timedelta(seconds=1.5),
            covers_from=DAY + timedelta(days=min(days)) if days else None,
            covers_to=DAY + timedelta(days=max(days)) if days else None,
            delivery_id=f"{source}-{client_id}-{len(made)}" if is_there else None,
            error=None if is_there or status == "running" else "the bucket cannot be read",
            **columns,
        )  # fmt: skip
        current.add(run)
        current.flush()
        made.append(run)
        if run.delivery_id is not None:
            declared = [DAY + timedelta(days=day) for day in (days if declares is None else declares)]
            raw = current.connection().connection.driver_connection
            totals = {day: {"rows": 1} for day in declared}
            insert_ledger(raw, source, client_id, run.delivery_id, as_of=started, days=totals, rows=len(totals))
        return run

    return note


def is_open(current: Session, run: IngestionRun) -> bool:
    return run.ingestion_run_id in {each.ingestion_run_id for each in monitor.open_failures(current)}


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_what_failed_is_open_and_what_arrived_or_runs_is_not(current: Session, attempt: Attempt, status: str) -> None:
    failed = attempt(status, 0)
    for other in ("loaded", "duplicate", "held", "running"):
        attempt(other, 5, origin="another")
    (found,) = monitor.open_failures(current)
    assert (found.ingestion_run_id, found.status, found.is_open) == (failed.ingestion_run_id, status, True)
    assert found.seconds == 1.5
    newest = monitor.attempts(current)
    assert [each.status for each in newest] == ["running", "held", "duplicate", "loaded", status]
    assert [each.is_open for each in newest] == [False] * 4 + [True]
    assert newest[0].seconds is None


@pytest.mark.parametrize("status", ["loaded", "duplicate", "held"])
def test_a_later_attempt_that_brings_every_day_makes_it_good(current: Session, attempt: Attempt, status: str) -> None:
    failed = attempt("failed", 0, 2, origin="s3://reports/acme/")
    attempt(status, 0, 1, origin="first")
    assert is_open(current, failed)
    attempt(status, 2, origin="second")
    assert not is_open(current, failed)
    (found,) = monitor.attempts(current, statuses=["failed"])
    assert found.is_made_good


def test_a_gap_inside_a_later_file_makes_nothing_good(current: Session, attempt: Attempt) -> None:
    failed = attempt("failed", 1, origin="s3://reports/acme/media-report-2025-11-05.csv")
    attempt("loaded", 0, 2, declares=(0, 2))
    assert is_open(current, failed)


@pytest.mark.parametrize("other", [{"client_id": "bolt"}, {"source": "vibe"}, {"status": "running"}])
def test_another_client_another_source_and_what_still_runs_make_nothing_good(
    current: Session, attempt: Attempt, other: dict[str, str]
) -> None:
    failed = attempt("failed", 0)
    attempt(**{"status": "loaded"} | other, declares=(0,))
    assert is_open(current, failed)


def test_an_earlier_delivery_of_the_days_makes_nothing_good(current: Session, attempt: Attempt) -> None:
    attempt("loaded", 0, origin="before")
    assert is_open(current, attempt("failed", 0))


def test_a_file_at_the_same_address_makes_its_day_good_whatever_days_are_in_it(
    current: Session, attempt: Attempt
) -> None:
    missing, several = attempt("failed", 0), attempt("failed", 0, 1)
    attempt("loaded", -1)
    assert not is_open(current, missing)
    assert is_open(current, several)


def test_an_upload_of_the_same_name_makes_no_other_days_good(current: Session, attempt: Attempt) -> None:
    upload = {"source": "facebook", "origin": "export.csv"}
    written_in_vain, unreadable = attempt("failed", 0, **upload), attempt("refused", **upload)
    attempt("loaded", 7, **upload)
    assert is_open(current, written_in_vain)
    assert not is_open(current, unreadable)


def test_of_the_same_thing_tried_again_in_vain_only_the_newest_is_open(current: Session, attempt: Attempt) -> None:
    first, other_days = attempt("failed", 0), attempt("failed", 1)
    second = attempt("failed", 0)
    assert not is_open(current, first)
    assert is_open(current, other_days)
    assert is_open(current, second)
    resolutions.resolve(current, str(second.ingestion_run_id), why="nothing ran on that day")
    assert not is_open(current, first)
    assert not is_open(current, second)


def test_a_person_resolves_with_a_reason_that_the_audit_log_keeps(current: Session, attempt: Attempt) -> None:
    run = attempt("refused", 0)
    with audit.acting(audit.Actor("ana")):
        closed = resolutions.resolve(current, run.ingestion_run_id.hex[:8].upper(), why="  never ran ")
    assert closed.ingestion_run_id == run.ingestion_run_id
    assert not is_open(current, run)
    (found,) = monitor.resolved_failures(current)
    assert (found.resolved_by, found.resolution, found.is_resolved, found.is_open) == ("ana", "never ran", True, False)
    assert found.resolved_at is not None
    entry = current.scalars(select(AuditEntry).where(AuditEntry.action == "resolve")).one()
    assert (entry.actor, entry.entity, entry.entity_id) == ("ana", "attempt", str(run.ingestion_run_id))
    assert entry.new_values == {"is_resolved": True, "why": "never ran", "client_id": "acme", "source": "surfside"}


def test_what_is_not_open_cannot_be_resolved(current: Session, attempt: Attempt) -> None:
    good, made_good = attempt("loaded", 9, origin="x"), attempt("refused", 0)
    attempt("loaded", 0)
    resolved = attempt("failed", 5)
    with audit.acting(audit.Actor("ana")):
        resolutions.resolve(current, resolved.ingestion_run_id.hex, why="known")
    for run, where in (
        (good, "it is loaded"),
        (made_good, "it was refused, and a later"),
        (resolved, "ana has resolved it: known"),
    ):
        with pytest.raises(PaidMediaError, match=where):
            resolutions.resolve(current, str(run.ingestion_run_id), why="x")
    for run_id in ("", "zzzz", "00000000"):
        with pytest.raises(PaidMediaError, match="no open failure"):
            resolutions.resolve(current, run_id, why="x")


def test_a_beginning_that_means_two_attempts_resolves_neither(current: Session, attempt: Attempt) -> None:
    for number in (1, 2):
        attempt("failed", number, origin=str(number), ingestion_run_id=f"aaaaaaaa-0000-4000-8000-00000000000{number}")
    with pytest.raises(PaidMediaError, match="'aaaa' means 2 attempts"):
        resolutions.resolve(current, "aaaa", why="x")
    assert len(monitor.open_failures(current)) == 2


def test_a_reason_is_asked_for_here_and_by_the_database(current: Session, attempt: Attempt) -> None:
    run = attempt("failed", 0)
    with pytest.raises(PaidMediaError, match="needs a reason"):
        resolutions.resolve(current, run.ingestion_run_id.hex, why=" ")
    run.is_resolved = True
    with pytest.raises(IntegrityError, match="ck_ingestion_runs_resolution"):
        current.flush()


def test_all_of_a_client_are_resolved_and_no_other(current: Session, attempt: Attempt) -> None:
    mine = [attempt("failed", 0, origin="a"), attempt("refused", origin="b")]
    api, theirs = attempt("failed", 0, source="vibe"), attempt("failed", 0, client_id="bolt")
    closed = resolutions.resolve_all(current, "acme", source="surfside", why="paused")
    assert {each.ingestion_run_id for each in closed} == {each.ingestion_run_id for each in mine}
    assert {each.ingestion_run_id for each in monitor.open_failures(current)} == {
        api.ingestion_run_id, theirs.ingestion_run_id
    }  # fmt: skip
    assert len(resolutions.resolve_all(current, "acme", why="paused")) == 1
    assert resolutions.resolve_all(current, "acme", why="paused") == []
    with pytest.raises(PaidMediaError, match="unknown client"):
        resolutions.resolve_all(current, "nobody", why="x")
    with pytest.raises(PaidMediaError, match="unknown source"):
        resolutions.resolve_all(current, "acme", source="google", why="x")


def test_nobody_sees_or_resolves_what_is_another_clients(current: Session, attempt: Attempt) -> None:
    run = attempt("failed", 0)
    assert monitor.open_failures(current, client_ids=["bolt"]) == []
    assert monitor.attempts(current, client_ids=[]) == []
    with pytest.raises(PaidMediaError, match="no open failure"):
        resolutions.resolve(current, run.ingestion_run_id.hex, why="x", client_ids=["bolt"])
    with pytest.raises(PaidMediaError, match="unknown client 'acme'"):
        resolutions.resolve_all(current, "acme", why="x", client_ids=["bolt"])
    assert is_open(current, run)


def test_a_source_that_only_ever_failed_has_its_place_in_the_overview(current: Session, attempt: Attempt) -> None:
    attempt("failed", 0)
    attempt("failed", 1)
    (standing,) = monitor.overview(current)
    assert (standing.source, standing.client_id, standing.state) == ("surfside", "acme", "nothing delivered")
    assert standing.attempt is not None
    assert standing.attempt.covers_from == DAY + timedelta(days=1)
