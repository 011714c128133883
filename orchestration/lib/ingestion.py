"""What `paidmedia load`, `upload` and `build` do: run the jobs, show progress, tell what came of it.

Each raises `PaidMediaError` with one line when something failed; what other clients delivered is in the marts by then.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import text

from loaders.registry import loaded_by_day, source_of, uploaded
from orchestration.lib import names
from orchestration.lib.progress import Listener
from orchestration.lib.runs import JobOutcome, run_job
from warehouse.audit import operator
from warehouse.cli.console import console, say, show_table
from warehouse.control.lookup import get_client
from warehouse.deliveries import verdicts
from warehouse.errors import PaidMediaError
from warehouse.months import utc_today
from warehouse.postgres import database
from warehouse.settings import Settings, get_settings

SECONDS_BETWEEN_LINES = 5.0
WAIT = "waiting "  # what a report holds that says for what or whom a load waits
MANY = 20  # a table longer than a screen says less than its end


def load(source: str, first: date, last: date, *, client_id: str | None, build: bool) -> None:
    """Load `first` to `last`, both included, for one client or all that the source serves."""
    from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

    from loaders.clients import clients_for

    settings = get_settings()
    _check_load(source, first, last)
    if client_id is not None:
        with database.session(settings) as current:
            get_client(current, client_id)
    elif not clients_for(settings, source):
        raise PaidMediaError(f"no client is set up for {source}", fix=source_of(source).set_up)
    tags = {ASSET_PARTITION_RANGE_START_TAG: first.isoformat(), ASSET_PARTITION_RANGE_END_TAG: last.isoformat()}
    config = {names.load_op(source): {"clients": [client_id] if client_id else []}}
    with _progress(f"Loading {source}") as listener:
        outcome = run_job(settings, names.load_job(source), listener=listener, tags=tags, op_config=config)
    _finish(settings, outcome, build=build)


def upload(
    files: Sequence[Path],
    client_id: str,
    *,
    source: str | None,
    as_of: datetime | None,
    supersede: bool,
    build: bool,
) -> None:
    """Take in exports of a client, in the order given. `as_of` is when the platform made them.

    `source` may be left out where people bring those of one source only. A file that cannot even be received is named;
    the others are loaded.
    """
    settings, name = get_settings(), _uploaded_source(source)
    if as_of is not None and supersede:
        raise PaidMediaError("--as-of and --supersede say two things", fix="choose one")
    with database.session(settings) as current:
        get_client(current, client_id)
    received, refused = _receive(settings, name, files, client_id, as_of=as_of, supersede=supersede)
    if not received:
        _raise(refused)
    config = {names.load_op(name): {"upload_ids": received}}
    with _progress("Loading " + ", ".join(file.name for file in files)) as listener:
        outcome = run_job(settings, names.load_job(name), listener=listener, op_config=config)
    _finish(settings, outcome, build=build, problems=refused)


def _receive(
    settings: Settings, source: str, files: Sequence[Path], client_id: str, *, as_of: datetime | None, supersede: bool
) -> tuple[list[str], list[str]]:
    """The ids of the uploads that were taken, and a line for each file that was not."""
    from loaders.transports import upload_loader

    loader = upload_loader(source)
    received, refused = [], []
    for file in files:
        try:
            upload_id = loader.receive(
                settings, file, file.name, client_id, operator(), as_of=as_of, supersede=supersede
            )
            received.append(str(upload_id))
        except PaidMediaError as error:
            refused.append(str(error))
    return received, refused


def build(*, full_refresh: bool = False) -> None:
    """Judge what waits for a verdict, then model what changed, or everything."""
    settings = get_settings()
    with database.session(settings) as current:
        waiting = verdicts.pending_everywhere(current)
    problems = []
    for source, count in waiting.items():
        with _progress(f"Judging {count} deliveries of {source}") as listener:
            problems += _problems(run_job(settings, names.judge_job(source), listener=listener))
    problems += _build(settings, full_refresh=full_refresh)
    _raise(problems)


def _finish(settings: Settings, outcome: JobOutcome, *, build: bool, problems: Sequence[str] = ()) -> None:
    """Tell what a load brought, build, and raise if either failed or there were problems before.

    A load that failed and brought nothing leaves the marts alone.
    """
    brought = _show_attempts(settings, outcome.run_id)
    found = [*problems, *_problems(outcome)]
    if build and (brought or not found):
        found += _build(settings)
    _raise(found)


def _build(settings: Settings, *, full_refresh: bool = False) -> list[str]:
    config = {names.BUILD_OP: {"full_refresh": full_refresh}}
    with _progress("Building the marts") as listener:
        outcome = run_job(settings, names.BUILD_JOB, listener=listener, op_config=config)
    if outcome.succeeded:
        say(f"Built the marts (run {outcome.run_id}).")
        return []
    return [f"the build failed: {line}" for line in _problems(outcome)]


def _problems(outcome: JobOutcome) -> list[str]:
    if outcome.succeeded:
        return []
    return outcome.failed_checks or outcome.errors or [f"run {outcome.run_id} failed"]


def _raise(problems: list[str]) -> None:
    if problems:
        raise PaidMediaError("; ".join(problems))


def _show_attempts(settings: Settings, run_id: str) -> bool:
    """Show the ledger's rows of this run with their warnings. True if one of them brought rows."""
    query = """
        select client_id, origin, status, covers_from, covers_to, rows_read, rows_accepted, rows_rejected,
            rows_dropped, warnings
        from control.ingestion_runs
        where dagster_run_id = :run_id
        order by client_id, started_at, origin
    """
    with database.session(settings) as current:
        attempts = current.execute(text(query), {"run_id": run_id}).all()
    headings = ("client", "origin", "status", "from", "to", "read", "accepted", "rejected", "dropped")
    if len(attempts) > MANY:
        attempts_shown, rest = attempts[-MANY:], len(attempts) - MANY
        say(f"{rest} earlier deliveries are not listed; `paidmedia status` counts them.")
    else:
        attempts_shown = attempts
    if attempts:
        show_table(f"Run {run_id}", headings, (row[:9] for row in attempts_shown), right=(5, 6, 7, 8))
    for row in attempts:
        for warning in row.warnings or []:
            say(f"Warning: {row.client_id}: {row.origin}: {warning}")
    return any(row.status in ("loaded", "held") for row in attempts)


@contextmanager
def _progress(title: str) -> Iterator[Listener]:
    """A spinner with the newest report on a terminal; elsewhere a line at the start and one every few seconds."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        screen.print(f"{title} …", markup=False)
        yield _now_and_then(lambda message: screen.print(f"  {message}", markup=False))
        return
    with screen.status(f"{title} …") as status:
        yield lambda message: status.update(f"{title} … [dim]{message}[/dim]")


def _now_and_then(tell: Listener) -> Listener:
    """Pass on a report only when the last one is some seconds old; why nothing happens is told at once."""
    told = time.monotonic()

    def listener(message: str) -> None:
        nonlocal told
        if WAIT in message or time.monotonic() - told >= SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            tell(message)

    return listener


def _uploaded_source(source: str | None) -> str:
    """The source that is meant. Raises `PaidMediaError` where it is none of those that people bring, or not said."""
    if source is None and len(uploaded()) == 1:
        return uploaded()[0]
    if source in uploaded():
        return source
    what = "whose exports these are was not said" if source is None else f"{source!r} cannot be uploaded"
    raise PaidMediaError(what, fix=f"--source {'|'.join(uploaded())}")


def _check_load(source: str, first: date, last: date) -> None:
    from orchestration.defs.ingest import FIRST_DAY

    if source not in loaded_by_day():
        fix = source_of(source).set_up if source in uploaded() else f"one of {', '.join(loaded_by_day())}"
        raise PaidMediaError(f"{source!r} cannot be loaded by day", fix=fix)
    today = utc_today()
    if first > last:
        raise PaidMediaError(f"--from {first} lies after --to {last}", fix="swap them")
    if first < date.fromisoformat(FIRST_DAY) or last > today:
        raise PaidMediaError(f"days from {FIRST_DAY} to today ({today}) can be loaded", fix="change --from or --to")
