"""What a load reports: one outcome per delivery, gathered per client."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Status = Literal["loaded", "duplicate", "refused", "failed"]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class DeliveryOutcome:
    """What became of one delivery attempt.

    `delivery_id` is None unless rows of it are in raw: for a duplicate it names the delivery that brought them.
    `days` are the days that it declares; `error` is one line, set when it was refused or failed, and
    `fault` the kind of alert that it is worth, None for a failure like any other.
    """

    origin: str
    status: Status
    delivery_id: str | None = None
    days: tuple[date, ...] = ()
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_dropped: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    fault: str | None = None

    @property
    def ok(self) -> bool:
        """Whether what was delivered is in raw, now or already before."""
        return self.status in ("loaded", "duplicate")


@dataclass(frozen=True)
class LoadResult:
    """All deliveries of one call for one client and source."""

    source: str
    client_id: str
    deliveries: list[DeliveryOutcome] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every delivery arrived."""
        return all(outcome.ok for outcome in self.deliveries)

    @property
    def errors(self) -> list[str]:
        """One line per delivery that did not arrive."""
        return [outcome.error or outcome.status for outcome in self.deliveries if not outcome.ok]

    @property
    def delivery_ids(self) -> list[str]:
        """The deliveries that this call added to raw."""
        loaded = [outcome.delivery_id for outcome in self.deliveries if outcome.status == "loaded"]
        return [delivery_id for delivery_id in loaded if delivery_id is not None]


def silent(_: str) -> None:
    """A progress callback that says nothing."""
