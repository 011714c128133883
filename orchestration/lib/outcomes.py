"""What came of loading one client, and how a check and an asset's metadata say it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.lib import names
from warehouse import logs
from warehouse.errors import PaidMediaError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from loaders.results import LoadResult


@dataclass(frozen=True)
class ClientOutcome:
    """One client of one load: the loader's result, or the error that ended it. `error` is one line."""

    client_id: str
    result: "LoadResult | None" = None
    error: str | None = None

    @property
    def summary(self) -> str:
        """One line for the run's log."""
        if self.result is None or self.error is not None:
            return f"{self.client_id}: failed: {self.error}"
        loaded = [each for each in self.result.deliveries if each.status == "loaded"]
        rows = sum(each.rows_accepted or 0 for each in loaded)
        return f"{self.client_id}: {len(loaded)} deliveries, {rows:,} rows"


def attempt(client_id: str, load: Callable[[], "LoadResult"], log: dg.DagsterLogManager) -> ClientOutcome:
    """Load one client and keep what happened: the next client is loaded whatever came of this one."""
    try:
        result = load()
    except PaidMediaError as error:
        return ClientOutcome(client_id, error=str(error))
    except Exception as error:
        log.exception(f"loading {client_id} ended unexpectedly")
        return ClientOutcome(client_id, error=f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")
    errors = [each.error for each in result.deliveries if each.error]
    return ClientOutcome(client_id, result, "; ".join(errors) or None)


def log_client(settings: Settings, source: str, outcome: ClientOutcome, run_id: str) -> None:
    """A line of the structured log: what came of a client."""
    write = logs.logger(settings)
    (write.error if outcome.error else write.info)(
        "client", run_id=run_id, source=source, client_id=outcome.client_id, error=outcome.error
    )


def note_unserved(
    settings: Settings,
    source: str,
    outcome: ClientOutcome,
    first: date,
    last: date,
    run_id: str,
    log: dg.DagsterLogManager,
) -> None:
    """Note in the ledger that a client could not be served at all: its loader has noted everything else itself."""
    from loaders.ledger import attempts
    from warehouse.postgres import database

    if outcome.error is None or outcome.result is not None:
        return
    try:
        with database.session(settings) as current:
            attempts.note_unserved(
                current, source, outcome.client_id, first, last, error=outcome.error, dagster_run_id=run_id
            )
    except PaidMediaError as error:
        log.error(f"{outcome.client_id}: its failure could not be noted: {error}")


def load_metadata(outcomes: Sequence[ClientOutcome]) -> dict[str, int]:
    """Counts of one load over all clients, for the asset's page."""
    deliveries = [each for outcome in outcomes if outcome.result for each in outcome.result.deliveries]
    loaded = [each for each in deliveries if each.status == "loaded"]
    return {
        "clients": len(outcomes),
        "deliveries": len(loaded),
        "duplicates": sum(each.status == "duplicate" for each in deliveries),
        "rows_accepted": sum(each.rows_accepted or 0 for each in loaded),
        "rows_rejected": sum(each.rows_rejected or 0 for each in loaded),
        "rows_dropped": sum(each.rows_dropped or 0 for each in loaded),
    }


def clients_check(source: str, outcomes: Sequence[ClientOutcome]) -> dg.AssetCheckResult:
    """Failed when a client failed, naming each with its error. Not blocking: the others' numbers go on."""
    failed = {outcome.client_id: outcome.error for outcome in outcomes if outcome.error}
    return dg.AssetCheckResult(
        asset_key=names.row_key(source),
        check_name=names.CLIENTS_CHECK,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(f"{client}: {error}" for client, error in failed.items()) or None,
        metadata={"clients": len(outcomes), "failed_clients": dg.MetadataValue.json(failed)},
    )
