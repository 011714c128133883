"""Random histories: one seed, one client, the same history each time.

Days lie within ten weeks around a leap day, a turn of the year or an ISO week 53, so that weeks, months and trailing
periods meet. Numbers are tiny, usual or huge, because ratios go wrong at the
ends, or so even that limits are met exactly. What the platforms know is in
`platforms`; here is when they send it, what the checks say of it, and what the agency changes meanwhile.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

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
from tests.histories.platforms import Platform

ROUNDS = 8
CHECKPOINTS = (2, 5, 8)  # rounds after which the marts are looked at: early, while much is open, at the end
STARTS = (
    date(2024, 1, 22),  # 29 February 2024
    date(2024, 11, 18),  # week 1 of 2025 begins in 2024
    date(2020, 11, 23),  # week 53 of 2020 ends in 2021
    date(2026, 11, 30),  # week 53 of 2026 ends in 2027
    date(2025, 2, 3),  # February is four whole weeks and two days
)
CURRENCIES = ("USD", "USD", "EUR", "GBP")


def history(seed: int) -> History:
    """The history of a seed."""
    rng = random.Random(seed)
    start = rng.choice(STARTS) + timedelta(days=rng.randrange(10))
    currency = rng.choice(CURRENCIES)
    campaign = rng.choice(["Always On", " Always\tOn ", "Spring"]) if rng.random() < 0.5 else None
    scale = rng.choice(["tiny", "even", "usual", "usual", "huge"])
    sources = rng.sample(SOURCES, rng.choice([1, 1, 2, 2, 3]))
    platforms = [Platform(rng, source, currency, scale, campaign) for source in sources]
    # Some clients have their first rate only after their first days: these days have no price until one is entered.
    first = start + timedelta(days=rng.randrange(5, 40) if rng.random() < 0.15 else -rng.randrange(400))
    return History(
        seed=seed,
        client_id=f"history-{seed}",
        name=f"History {seed}",
        currency=currency,
        first_rate=Rate(first, _cpm(rng)),
        rounds=tuple(_rounds(rng, seed, platforms, start)),
        campaign=campaign,
    )


def _rounds(rng: random.Random, seed: int, platforms: list[Platform], start: date) -> Iterator[tuple[Event, ...]]:
    length = rng.randrange(30, 71)
    clock = sorted(rng.sample(range(2, length), ROUNDS))
    open_verdicts: list[int] = []
    held: list[int] = []
    numbers = iter(range(1, 1000))
    prices = random.Random(f"the closed months of {seed}")  # of its own: what is delivered does not depend on it
    for number, offset in enumerate(clock, start=1):
        now = datetime.combine(start, datetime.min.time(), UTC) + timedelta(days=offset, minutes=rng.randrange(1440))
        events: list[Event] = list(_closings(prices, start, now.date(), number))
        for platform in platforms:
            platform.live(start, now.date())
            for delivery in platform.send(now, numbers, is_first=number == 1, may_tear=number in (2, 5, 8)):
                events.append(delivery)
                platform.remember(delivery)
        arrived = [event.number for event in events if isinstance(event, Delivery)]
        events += _judgements(rng, arrived, open_verdicts, held)
        for change in _changes(rng, seed, start, now.date(), number):
            is_rate = isinstance(change, Rate)
            events.append(replace(change, adjust=prices.random() < 0.5, today=now.date()) if is_rate else change)
        events += _corrections(prices, start, now.date(), number)
        yield tuple(events)


def _judgements(rng: random.Random, arrived: list[int], open_verdicts: list[int], held: list[int]) -> Iterator[Event]:
    """Most deliveries pass at once; some are held, some wait for their verdict, some of the held are released."""
    for number in held[:]:
        if rng.random() < 0.25:
            held.remove(number)
            yield Release(number)
    for number in [*open_verdicts, *arrived]:
        chance = rng.random()
        if chance < 0.12:
            if number not in open_verdicts:
                open_verdicts.append(number)
            continue
        if number in open_verdicts:
            open_verdicts.remove(number)
        if chance < 0.26:
            held.append(number)
            yield Verdict(number, "held")
        else:
            yield Verdict(number, "passed")


def _changes(rng: random.Random, seed: int, start: date, today: date, number: int) -> Iterator[Event]:
    """Rates with a past, a present and a future date; one of them overwritten; now and then another name."""
    if rng.random() < 0.3:
        effective = today + timedelta(days=rng.choice([-60, -20, -9, -5, -2, -1, 0, 1, 6, 30]))
        yield Rate(effective, _cpm(rng))
        if rng.random() < 0.3:
            yield Rate(effective, _cpm(rng))
    if rng.random() < 0.06:
        yield Rate(start + timedelta(days=rng.randrange(40)), _cpm(rng))
    if rng.random() < 0.03:
        yield Rename(f"History {seed}, renamed {number}")
    if rng.random() < 0.01:
        yield Disable()


def _closings(rng: random.Random, start: date, today: date, number: int) -> Iterator[Event]:
    """Mostly right after a build, when a month can be closed; now and then one that is not over, or not settled."""
    if rng.random() < (0.8 if number - 1 in CHECKPOINTS else 0.1):
        for _ in range(rng.choice([1, 2, 2])):
            yield Close(_month(rng, start, today), today)


def _corrections(rng: random.Random, start: date, today: date, number: int) -> Iterator[Event]:
    """Rates that reach back into what may be closed, the same one again, and months that are opened."""
    if number > min(CHECKPOINTS) and rng.random() < 0.4:
        rate = Rate(start + timedelta(days=rng.randrange(-20, 45)), _cpm(rng), rng.random() < 0.8, today)
        yield rate
        if rng.random() < 0.3:
            yield rng.choice([rate, replace(rate, cpm=_cpm(rng))])
    if number > min(CHECKPOINTS) and rng.random() < 0.08:
        yield Reopen(_month(rng, start, today), today)


def _month(rng: random.Random, start: date, today: date) -> date:
    """The month of a day since the first one, seldom the running one."""
    last = today if rng.random() < 0.1 else max(start, today.replace(day=1) - timedelta(days=1))
    return (start + timedelta(days=rng.randrange((last - start).days + 1))).replace(day=1)


def _cpm(rng: random.Random) -> Decimal:
    """A rate of up to four decimals."""
    return Decimal(rng.choice([rng.randrange(1, 100), rng.randrange(1, 400_000), rng.randrange(1, 80) * 5000])) / 10_000
