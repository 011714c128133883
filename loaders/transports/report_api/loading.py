"""Load a client's reports of some days: ask for all of them, newest days first, poll each, load what is done.

A report is asked for once: its id is kept, and a run that was killed goes on with the report that it had asked for.
While the account's breaker is open nothing is sent; a report that is its trial is settled before more are asked for.
A client whose report is refused asks for no more of them in this load: the hour's budget is its neighbours' as well.
"""

import math
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from loaders.clients import account_of
from loaders.errors import LoadFailed
from loaders.ledger.intake import Arrival, Intake, open_intake, reader_for
from loaders.results import LoadResult, Progress, silent
from loaders.source import ReportApi, Source, value_of
from loaders.timespan import cut, days_between, runs_of_days
from loaders.transports.report_api import breaker, requests
from loaders.transports.report_api.api import BROKEN, DONE, MAX_DAYS, MAX_REPORT_SIZE, ReportClient, ReportStatus
from loaders.transports.report_api.breaker import CircuitOpen
from loaders.transports.report_api.clock import Clock
from loaders.transports.report_api.trouble import BadContent, Expired, Refusal, TooLarge, Trouble, Unsent
from warehouse.clients.credentials import VibeAccount
from warehouse.postgres import database
from warehouse.settings import Settings

FRESH_ADDRESSES = 3


@dataclass
class _Report:
    """A report on its way. `requested_at` is its as-of; `next_poll` is when it may be asked about again."""

    request_id: UUID
    report_id: str
    first: date
    last: date
    requested_at: datetime
    next_poll: datetime
    is_resumed: bool = False
    is_trial: bool = False
    polls: int = 0
    state: str = "created"
    expiries: int = 0

    @property
    def days(self) -> tuple[date, ...]:
        return days_between(self.first, self.last)

    @property
    def origin(self) -> str:
        return f"report {self.report_id}"


@dataclass(frozen=True)
class ReportLoader:
    """A source whose deliveries are reports that an API makes when it is asked."""

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
        clock: Clock | None = None,
    ) -> LoadResult:
        """Load `date_from` to `date_to`, both included, in reports of at most 45 days; each declares all its days.

        A report that cannot be had is a failed delivery of the result; the others load. Raises `PaidMediaError` only
        where the client cannot be served at all.
        """
        tell, clock = on_progress or silent, clock or Clock()
        with database.session(settings) as current:
            account = account_of(current, settings, self.source, client_id)
        reader = replace(reader_for(settings, self.source.spec, client_id), max_size=MAX_REPORT_SIZE)
        with (
            open_intake(settings, reader, dagster_run_id=dagster_run_id, on_progress=tell) as intake,
            closing(ReportClient(settings, self.source, account, client_id, clock, tell)) as api,
        ):
            load_ = _Load(settings, self.source, account, client_id, clock, tell, api, intake)
            load_.run(list(cut(date_from, date_to, MAX_DAYS)))
        return LoadResult(self.source.name, client_id, intake.outcomes)


@dataclass
class _Load:
    """One call of `load`. `reports` counts those that are asked for, `over` those that were loaded or have failed."""

    settings: Settings
    source: Source
    account: VibeAccount
    client_id: str
    clock: Clock
    tell: Progress
    api: ReportClient
    intake: Intake
    offered: dict[str, UUID] = field(default_factory=dict)
    reports: int = 0
    over: int = 0
    refused: LoadFailed | None = None
    left: dict[str, tuple[LoadFailed, list[date]]] = field(default_factory=dict)

    def run(self, spans: list[tuple[date, date]]) -> None:
        self.reports = len(spans)
        waiting = []
        # An account knows its last days best: where older ones are refused, the newer ones have been asked for.
        for first, last in reversed(spans):
            report = self._ask(first, last)
            if report is not None and report.is_trial:
                self._settle([report])
            elif report is not None:
                waiting.append(report)
        self._settle(waiting)
        self._report_left()
        self.intake.flush()
        for outcome in self.intake.outcomes:
            if outcome.origin in self.offered and outcome.status != "failed":
                requests.mark(self.settings, self.offered[outcome.origin], "consumed", now=self.clock.now())

    @property
    def _reports(self) -> ReportApi:
        assert isinstance(self.source.transport, ReportApi)
        return self.source.transport

    def _admit(self) -> bool:
        """Whether the next report is the breaker's trial. Raises `CircuitOpen` while the account is left alone."""
        return breaker.admit(self.settings, self.account.account, self.clock.now(), self.source.title)

    def _settle(self, waiting: list[_Report]) -> None:
        """Poll reports in turn until each has been loaded or has failed."""
        while waiting:
            report = min(waiting, key=lambda each: each.next_poll)
            seconds = (report.next_poll - self.clock.now()).total_seconds()
            if seconds > 0:
                self.clock.sleep(seconds)
            waiting.remove(report)
            waiting += self._advance(report)

    def _ask(self, first: date, last: date) -> _Report | None:
        """The report of a span: one that was asked for before, else a new one; None when it cannot be had."""
        now = self.clock.now()
        try:
            is_trial = self._admit()
        except CircuitOpen as error:
            self._leave(first, last, error)
            return None
        with database.session(self.settings) as current:
            known = requests.resumable(current, self.account.account, self.client_id, first, last, now)
            if known is not None and known.report_id is not None:
                self.tell(f"going on with report {known.report_id}")
                ids = known.request_id, known.report_id
                return _Report(*ids, first, last, known.requested_at, now, is_resumed=True, is_trial=is_trial)
        if self.refused is None:
            return self._create(first, last, is_trial=is_trial)
        if is_trial:
            breaker.give_trial_back(self.settings, self.account.account, now)
        self._leave(first, last, self.refused)
        return None

    def _create(self, first: date, last: date, *, is_trial: bool) -> _Report | None:
        """A new report of a span; None when it cannot be had."""

        def attempt() -> tuple[UUID, str]:
            account = self.account.account
            request_id = requests.reserve(
                self.settings, self.source, account, self.client_id, first, last, clock=self.clock, tell=self.tell
            )
            try:
                return request_id, self.api.ask_for(first, last)
            except Unsent:
                requests.give_back(self.settings, request_id)
                raise
            except LoadFailed as error:
                self._give_up(request_id, str(error))
                raise

        self.tell(f"asking for {first} to {last}{self._progress()}")
        try:
            request_id, report_id = self.api.create(attempt)
        except LoadFailed as error:
            where = f"the report of {first} to {last} was not to be had"
            self.refused = LoadFailed(
                f"{self.source.title} was asked for nothing more", where=where, fix="mend that, then load again"
            )
            self.refused.fault = error.fault
            self._failed(f"report {first} to {last}", error, days_between(first, last), is_trial=is_trial)
            return None
        requests.name_report(self.settings, request_id, report_id)
        requested_at = requests.requested_at(self.settings, request_id)
        return _Report(request_id, report_id, first, last, requested_at, self.clock.now(), is_trial=is_trial)

    def _leave(self, first: date, last: date, error: LoadFailed) -> None:
        """Do not ask for a span; all that were left for one reason become one line."""
        self.left.setdefault(str(error), (error, []))[1].extend(days_between(first, last))
        self.over += 1

    def _report_left(self) -> None:
        for error, days in self.left.values():
            for first, last in runs_of_days(days):
                self.intake.failed(f"report {first} to {last}", error, days_between(first, last))

    def _advance(self, report: _Report) -> list[_Report]:
        """Poll a report once and load it if it is done; the reports to go on with, none when it is settled."""
        try:
            report.is_trial = report.is_trial or self._admit()
            status = self._poll(report)
            if status.state in DONE and status.url:
                self._take(report, self.api.download(status.url))
                return []
        except TooLarge as error:
            return self._in_parts(report, error)
        except LoadFailed as error:
            return self._after_trouble(report, error)
        if status.state in BROKEN:
            return self._after_breaking(report, status)
        if report.polls < value_of(self._reports.poll_attempts, self.settings):
            return [report]
        where = f"{report.origin} is {status.state or 'without a status'} after {report.polls} polls"
        fix = "load again later: it goes on with the same report"
        self._fail(report, Trouble(f"{self.source.title}'s report is not ready", where=where, fix=fix), None)
        return []

    def _in_parts(self, report: _Report, error: TooLarge) -> list[_Report]:
        """Reports of fewer days, for one that is too large to be read in one piece."""
        breaker.close(self.settings, self.account.account)
        days = len(report.days)
        if days == 1:
            self._fail(report, error, "error")
            return []
        requests.mark(self.settings, report.request_id, "error", now=self.clock.now(), error=str(error))
        # Days differ in size: a part is planned for three quarters of what can be read.
        parts = min(days, max(2, math.ceil(error.share / 0.75)))
        spans = list(cut(report.first, report.last, math.ceil(days / parts)))
        self.tell(f"{report.origin} of {report.first} to {report.last} is too large; asking for {len(spans)} parts")
        self.reports += len(spans) - 1
        return [each for each in (self._ask(*span) for span in reversed(spans)) if each is not None]

    def _after_trouble(self, report: _Report, error: LoadFailed) -> list[_Report]:
        """A poll for a fresh address, a new report for one that the API has forgotten, or the end of it."""
        if isinstance(error, Expired):
            report.expiries += 1
            if report.expiries < FRESH_ADDRESSES:
                return [report]
        forgotten = isinstance(error, Refusal) and error.status_code == 404
        if forgotten and report.is_resumed:
            self._give_up(report.request_id, str(error))
            return self._anew(report)
        # A refused key is mended by another key, trouble of the network by waiting: the report itself is still there.
        self._fail(report, error, "error" if forgotten or isinstance(error, BadContent | Expired) else None)
        return []

    def _after_breaking(self, report: _Report, status: ReportStatus) -> list[_Report]:
        """The API could not make the report: one that an earlier run had asked for is asked for anew."""
        reason = status.message or "no reason given"
        self._give_up(report.request_id, reason)
        if report.is_resumed:
            return self._anew(report)
        where = f"{report.origin}, {report.first} to {report.last}: {reason}"
        self._fail(
            report, Trouble(f"{self.source.title} could not make the report", where=where, fix="load again"), None
        )
        return []

    def _anew(self, report: _Report) -> list[_Report]:
        created = self._create(report.first, report.last, is_trial=report.is_trial)
        return [] if created is None else [created]

    def _poll(self, report: _Report) -> ReportStatus:
        status = self.api.status(report.report_id)
        interval = value_of(self._reports.poll_seconds, self.settings)
        report.next_poll = self.clock.now() + timedelta(seconds=interval)
        report.polls += 1
        if status.state != report.state:
            report.state = status.state
            self.tell(f"report {report.first} to {report.last} is {status.state}{self._progress()}")
        return status

    def _take(self, report: _Report, data: bytes) -> None:
        breaker.close(self.settings, self.account.account)
        requests.mark(self.settings, report.request_id, "done", now=self.clock.now())
        self.offered[report.origin] = report.request_id
        self.over += 1
        self.intake.offer(
            Arrival(
                data,
                f"{self.source.name}-{report.first}-{report.last}.csv",
                origin=report.origin,
                as_of=report.requested_at,
                requested_days=report.days,
            )
        )

    def _fail(self, report: _Report, error: LoadFailed, status: str | None) -> None:
        """Record that a report cannot be had now. With a `status` it is given up, else the next run goes on with it."""
        if status is not None:
            requests.mark(self.settings, report.request_id, status, now=self.clock.now(), error=str(error))
        self._failed(report.origin, error, report.days, is_trial=report.is_trial)

    def _failed(self, origin: str, error: LoadFailed, days: tuple[date, ...], *, is_trial: bool) -> None:
        """Record a report that cannot be had, and what that says of the account."""
        if isinstance(error, Trouble):
            breaker.count_failure(self.settings, self.account.account, error.what, self.clock.now())
        elif is_trial:
            breaker.give_trial_back(self.settings, self.account.account, self.clock.now())
        self.over += 1
        self.intake.failed(origin, error, days)

    def _progress(self) -> str:
        """How far a load of several reports is."""
        return f" ({self.over} of {self.reports} reports are over)" if self.reports > 1 else ""

    def _give_up(self, request_id: UUID, error: str) -> None:
        requests.mark(self.settings, request_id, "error", now=self.clock.now(), error=error[:500])
