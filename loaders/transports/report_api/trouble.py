"""What can go wrong at a report API, and how often and how long apart it is tried again.

Trouble that may pass (429, 5xx, time-outs, broken transfers, web pages instead of data) is retried with backoff;
anything else fails at once with the API's own message.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from loaders.errors import BudgetUsedUp, LoadFailed, SourceUnreachable
from loaders.results import Progress
from loaders.transports.report_api.clock import Clock

ATTEMPTS = 6  # of a poll, of a download, and of a create that does not reach the API: half a minute
CREATES = 3  # of a create that the API may have counted as one of the hour's fifteen: half a minute as well
LONGEST_WAIT = 3_700.0  # a rate limit of the API is over after an hour
Answer = TypeVar("Answer")


class Trouble(SourceUnreachable):
    """The API is to blame: the breaker counts it."""

    def __init__(self, what: str, *, where: str | None = None, fix: str = "load again later") -> None:
        super().__init__(what, where=where, fix=fix)


class Transient(Trouble):
    """Trouble that may pass: it is retried."""


class Unsent(SourceUnreachable):
    """The request did not reach the API, which therefore cannot have counted it."""


class Unreachable(Unsent, Transient):
    """There was no connection to send the request over."""


class RateLimited(BudgetUsedUp):
    """The API asks to wait, `retry_after` seconds where it says how long: it is retried. `title` is the source's."""

    def __init__(self, title: str, where: str, retry_after: float | None) -> None:
        super().__init__(f"{title}'s rate limit is used up", where=where, fix="load again later")
        self.retry_after = retry_after


class BadContent(Transient):
    """The download ended, but is no whole report."""


class Expired(Trouble):
    """The download address is no longer valid; a poll gives a fresh one."""


class TooLarge(LoadFailed):
    """The report is larger than what is read in one piece; `share` is how many times larger, at least."""

    def __init__(self, title: str, size: int, limit: int) -> None:
        where = f"{size / 2**20:,.0f} MB, more than {limit / 2**20:,.0f} MB"
        super().__init__(f"a {title} report is too large", where=where, fix="load fewer days at once")
        self.share = size / limit


class Refusal(LoadFailed):
    """The API refuses the request and would refuse it again."""

    def __init__(self, status_code: int, what: str, *, where: str, fix: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.status_code = status_code
        if status_code in (401, 403):
            self.fault = "source_unreachable"


@dataclass(frozen=True)
class Retries:
    """How one exchange with the API is repeated. `base` is the first wait in seconds, doubled each time."""

    clock: Clock
    tell: Progress
    base: float

    def run(self, attempt: Callable[[], Answer], *, is_create: bool = False) -> Answer:
        """The answer of the first attempt that gives one, else the error of the last one.

        Creates are scarce, time is not: one that may have been counted is repeated less often and after longer waits.
        """
        counted = 0
        slow = wait_exponential_jitter(initial=10 * self.base, max=60.0, jitter=self.base)
        fast = wait_exponential_jitter(initial=self.base, max=60.0, jitter=self.base)

        def stop(state: RetryCallState) -> bool:
            nonlocal counted
            counted += is_create and not isinstance(_error(state), Unsent)
            return state.attempt_number >= ATTEMPTS or counted >= CREATES

        def wait(state: RetryCallState) -> float:
            error = _error(state)
            if isinstance(error, RateLimited) and error.retry_after is not None:
                # The API's clock and ours differ a little: a moment more saves a second refusal.
                return min(error.retry_after, LONGEST_WAIT) + 0.05
            return (slow if is_create and not isinstance(error, Unsent) else fast)(state)

        def report(state: RetryCallState) -> None:
            seconds = state.next_action.sleep if state.next_action else 0.0
            self.tell(f"{_error(state)}; trying again in {seconds:.0f} s")

        retrying = Retrying(
            retry=retry_if_exception_type((Transient, RateLimited)),
            stop=stop,
            wait=wait,
            sleep=self.clock.sleep,
            before_sleep=report,
            reraise=True,
        )
        return retrying(attempt)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the rate-limit headers: seconds, or a time as Unix seconds, milliseconds, ISO or HTTP date."""
    for name in ("x-rate-limit-retry-after", "retry-after"):
        value = headers.get(name, "")
        seconds = _number(value)
        seconds = _until(value, now) if seconds is None else seconds
        if seconds is not None:
            return max(seconds, 0.0)
    for name in ("x-rate-limit-reset-at", "x-rate-limit-reset"):
        value = headers.get(name, "")
        number = _number(value)
        if number is not None:
            moment = number / 1000 if number > 1e11 else number
            return max(moment - now.timestamp(), 0.0)
        seconds = _until(value, now)
        if seconds is not None:
            return max(seconds, 0.0)
    return None


def _until(value: str, now: datetime) -> float | None:
    """Seconds from `now` to a time written as ISO or HTTP date, in UTC where it has no zone."""
    moment = None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(value.strip())
            break
        except ValueError:
            continue
    if moment is None:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", value) else None


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
