"""What people wait for: every page of the app in Chromium, by one person alone and while twenty are at work.

Three ways: one person alone; twenty people, one of them watched in Chromium and the others with their browsers
elsewhere, as people's are; and twenty browsers on the very processors that serve them.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from statistics import quantiles
from typing import Any

import psutil
from playwright.async_api import async_playwright
from sqlalchemy import text

from benchmarks import browser, machine
from benchmarks.browser import Server
from benchmarks.elsewhere import Elsewhere
from benchmarks.people import STEPS, Person, people
from benchmarks.stretch import stretch
from benchmarks.visits import InChromium, Seen, enter_pages, walk
from benchmarks.world import World
from warehouse.postgres import database

THINKING_SECONDS = (10.0, 30.0)  # how long a person looks at a page before the next click
WATCHED_SECONDS = (1.0, 4.0)  # the watched person is one in a hurry, so that there is enough to see
AT_ONCE = (0.0, 0.0)
WAYS = {"by click": False, "by address": True}

Walks = Sequence[Awaitable[list[Seen]]]


def measure(world: World, tell: Any) -> dict[str, Any]:
    """Every page in the three ways, over a month. Raises `PaidMediaError` where a page does not come."""
    on, days = machine.machine(), max(world.size.page_days, world.size.days)
    loaded = stretch(world, days, tell)
    with browser.app(world.folder / "app.log") as server:
        found = asyncio.run(_measured(world, server, people(world), tell))
    return found | {
        "days": days,
        "loaded_days": loaded,
        "rows": _rows(world),
        "machine": on,
        "commit": machine.commit(),
    }


async def _measured(world: World, server: Server, everybody: Sequence[Person], tell: Any) -> dict[str, Any]:
    rounds, clients = world.size.page_rounds, world.size.client_ids
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=browser.chromium(), args=list(browser.ARGUMENTS), handle_sigint=False, handle_sigterm=False
        )
        first = await InChromium.come_in(chromium, server, everybody[0])
        walks = [walk(first, everybody[0], clients, AT_ONCE, lambda done: done < rounds)]
        found = {"alone": await _watched("one person", world, server, walks, tell)}
        found["watched"] = await _beside_others(world, server, first, everybody, tell)
        visitors = [first] + [await InChromium.come_in(chromium, server, person) for person in everybody[1:]]
        walks = [
            walk(visitor, person, clients, THINKING_SECONDS, lambda done: done < rounds)
            for visitor, person in zip(visitors, everybody, strict=True)
        ]
        found["together"] = await _watched(f"{len(everybody)} browsers here", world, server, walks, tell)
        await chromium.close()
    return found | {"people": len(everybody), "thinking_seconds": list(THINKING_SECONDS)}


async def _beside_others(
    world: World, server: Server, watched: InChromium, everybody: Sequence[Person], tell: Any
) -> dict[str, Any]:
    """The first of the people in Chromium, for some rounds; the others are at work, their browsers elsewhere."""
    clients, is_over = world.size.client_ids, asyncio.Event()
    others = [Elsewhere(server, person) for person in everybody[1:]]
    at_work = [
        asyncio.create_task(walk(visitor, person, clients, THINKING_SECONDS, lambda _: not is_over.is_set()))
        for visitor, person in zip(others, everybody[1:], strict=True)
    ]
    await asyncio.sleep(THINKING_SECONDS[1])  # by then all have come
    walks = [_walk_and_enter(watched, everybody[0], clients, world.size.watched_rounds)]
    found = await _watched(f"one of {len(everybody)} people", world, server, walks, tell, beside=at_work)
    is_over.set()
    elsewhere = [each for seen in await asyncio.gather(*at_work) for each in seen]
    for visitor in others:
        await visitor.leave()
    return found | {"elsewhere": _summed(elsewhere)}


async def _walk_and_enter(visitor: InChromium, person: Person, clients: Sequence[str], rounds: int) -> list[Seen]:
    """Some rounds mostly by clicks, then as many by addresses alone."""
    walked = await walk(visitor, person, clients, WATCHED_SECONDS, lambda done: done < rounds)
    return walked + await enter_pages(visitor, person, clients, WATCHED_SECONDS, rounds)


async def _watched(
    who: str, world: World, server: Server, walks: Walks, tell: Any, beside: Sequence[asyncio.Task[Any]] = ()
) -> dict[str, Any]:
    """What was seen on walks side by side, the pages a second, and the seconds of processors in all.

    A task `beside` them that fails ends them.
    """
    before, began = _used(world, server), time.monotonic()
    walking = asyncio.ensure_future(asyncio.gather(*walks))
    await asyncio.wait([walking, *beside], return_when=asyncio.FIRST_COMPLETED)
    for task in beside:
        if task.done():
            walking.cancel()
            task.result()
    seen = [each for walked in await walking for each in walked]
    seconds, after = time.monotonic() - began, _used(world, server)
    found = _summed(seen) | {
        "pages": len(seen),
        "seconds": seconds,
        "processor_seconds": {name: after[name] - before[name] for name in after},
    }
    for way in WAYS:
        shown = (f"{name} {each['p50_ms']:,.0f} / {each['p95_ms']:,.0f}" for name, each in found[way].items())
        tell(f"    {who}, {len(seen)} pages, ms {way} p50 / p95: {', '.join(shown)}")
    return found


def _used(world: World, server: Server) -> dict[str, float]:
    """Processor seconds until now."""
    ours = psutil.Process()
    chromium = [each for each in ours.children(recursive=True) if "chrom" in each.name()]
    postgres = psutil.Process(world.postmaster)
    return {
        "app": _seconds([psutil.Process(server.process)]),
        "Postgres": _seconds([postgres, *postgres.children()]),
        "Chromium": _seconds(chromium),
        "benchmark": sum(ours.cpu_times()[:2]),
    }


def _seconds(processes: Sequence[psutil.Process]) -> float:
    """Of these processes, and of what they have started and has ended since."""
    total = 0.0
    for process in processes:
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total


def _summed(seen: Sequence[Seen]) -> dict[str, Any]:
    """Per way and page: median, 95th percentile, maximum in milliseconds, and how often."""
    found: dict[str, Any] = {way: {} for way in WAYS}
    for step in STEPS:
        for way, is_by_address in WAYS.items():
            times = [
                each.milliseconds for each in seen if (each.step, each.is_by_address) == (step.name, is_by_address)
            ]
            if times:
                found[way][step.name] = _figures(times)
    return found


def _figures(times: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(times, n=20, method="inclusive") if len(times) > 1 else [times[0]] * 19
    return {"p50_ms": cuts[9], "p95_ms": cuts[18], "max_ms": max(times), "calls": len(times)}


def _rows(world: World) -> int:
    with database.session(world.settings) as current:
        return int(current.scalar(text("select count(*) from marts.daily_metrics")) or 0)
