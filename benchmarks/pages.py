"""What people wait for: every page of the app in Chromium, by one person alone and by twenty at once.

people of three roles → each a browser context and a session of their own → page after page → milliseconds per page

A round begins with an address that names clients and days, another one each time, and then goes by clicks from page to
page, down into a campaign and from weeks to months. The cache is the viewer's own, so nobody is answered by another.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

import psutil
from playwright.async_api import Browser, Error, Page, async_playwright

from benchmarks import browser, machine
from benchmarks.browser import Server
from benchmarks.stretch import stretch
from benchmarks.world import World
from streamlit_app.main import ROLES_OF_PAGE
from warehouse import database, users
from warehouse.errors import PaidMediaError

STAFF = (("admin", 4), ("analyst", 6))  # of twenty; the others are people of the clients
PASSWORD = "a long password for the benchmark"  # noqa: S105 – of people in a made-up warehouse
PERIODS = ("last_30_days", "last_7_days", "all", "this_month")
VIEWPORT = {"width": 1440, "height": 900}
THINKING_SECONDS = (10.0, 30.0)  # how long a person looks at a page before the next click


@dataclass(frozen=True)
class Step:
    """One click. `marks` are selectors of content that only this page has; `target` is clicked, else the page's link.

    `first` is what opens the list that holds the target.
    """

    name: str
    page: str
    marks: tuple[str, ...]
    target: str | None = None
    first: str | None = None


GRID = "canvas[data-testid=data-grid-canvas]"
OVERVIEW = Step("Overview", "overview", ("[data-testid=stVegaLiteChart] .marks", f".st-key-leaders-campaigns {GRID}"))
STEPS = (
    OVERVIEW,
    Step("Performance", "performance", (f"[class*=st-key-entities-campaign-all] {GRID}", ".st-key-totals")),
    Step("– a campaign opened", "performance", (f"[class*=st-key-entities-strategy-] {GRID}",),
         "[role=option]", "[class*=st-key-choose-entities-] input"),
    Step("– its creatives", "performance", (f"[class*=st-key-entities-creative-] {GRID}",),
         ".st-key-level button:last-of-type"),
    Step("Summaries, weeks", "summaries", ("[data-testid=stVegaLiteChart] .marks", f".st-key-periods {GRID}")),
    Step("– months", "summaries", (f".st-key-month-sources {GRID}",), ".st-key-grain button:last-of-type"),
    Step("Data", "data_freshness", (".st-key-freshness-cards [data-testid=stMetric]", GRID)),
    Step("Upload", "upload", (".st-key-uploads, .st-key-no-uploads",)),
    Step("Admin", "admin", (".st-key-admin", GRID)),
    Step("Account", "account", (".st-key-account",)),
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody who looks at pages; `client_id` is None for people of the agency."""

    number: int
    role: str
    client_id: str | None

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.role}-{self.number:02}@pages.example"

    @property
    def steps(self) -> list[Step]:
        """The pages that they may open, in order."""
        return [step for step in STEPS if self.role in ROLES_OF_PAGE.get(step.page, (self.role,))]


@dataclass(frozen=True)
class Seen:
    """One page that came: how, and after how many milliseconds."""

    step: str
    is_by_address: bool
    milliseconds: float


def measure(world: World, tell: Any) -> dict[str, Any]:
    """Every page by one person and by all at once, over a month. Raises `PaidMediaError` where a page does not come."""
    on, days = machine.machine(), max(world.size.page_days, world.size.days)
    loaded = stretch(world, days, tell)
    people = _people(world)
    with browser.app(world.folder / "app.log") as server:
        found = asyncio.run(_measured(world, server, people, tell))
    return found | {
        "days": days,
        "loaded_days": loaded,
        "rows": _rows(world),
        "machine": on,
        "commit": machine.commit(),
    }


async def _measured(world: World, server: Server, people: Sequence[Person], tell: Any) -> dict[str, Any]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=browser.chromium(), args=list(browser.ARGUMENTS), handle_sigint=False, handle_sigterm=False
        )
        opened = [await _logged_in(chromium, server, person) for person in people]
        tell(f"    {len(opened)} people have come in")
        rounds, clients = world.size.page_rounds, world.size.client_ids
        found: dict[str, Any] = {}
        alone, busy = await _watched(world, server, [_walk(opened[0], server, people[0], clients, rounds, 0.0)])
        found["alone"] = _summed(alone) | {"processor_seconds_per_page": busy}
        slow = ", ".join(f"{name} {each['p50_ms']:,.0f} ms" for name, each in found["alone"]["by click"].items())
        tell(f"    one person, {len(alone)} pages: {slow}")
        walks = [_walk(page, server, person, clients, rounds, 1.0) for page, person in zip(opened, people, strict=True)]
        started = time.monotonic()
        together, busy = await _watched(world, server, walks)
        found["together"] = _summed(together) | {
            "processor_seconds_per_page": busy,
            "pages_per_second": len(together) / (time.monotonic() - started),
        }
        tell(f"    {len(opened)} people at once: {len(together)} pages")
        await chromium.close()
    return found | {"people": len(people), "thinking_seconds": list(THINKING_SECONDS)}


async def _logged_in(chromium: Browser, server: Server, person: Person) -> Page:
    """A context of their own, in which they have come through the door."""
    context = await chromium.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    await context.add_init_script(browser.CLOCK)
    page = await context.new_page()
    await page.goto(f"{server.url}/account")
    await page.get_by_label("E-mail").fill(person.email, timeout=browser.GIVE_UP_MS)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    async with page.expect_response("**/session", timeout=browser.GIVE_UP_MS):
        await page.get_by_role("button", name="Log in").click()
    await page.wait_for_selector(".st-key-account", timeout=browser.GIVE_UP_MS)
    return page


async def _walk(
    page: Page, server: Server, person: Person, clients: Sequence[str], rounds: int, thinking: float
) -> list[Seen]:
    """Rounds of one person. `thinking` stretches the time that they look at a page; 0 is none."""
    chance, seen = random.Random(person.number), []  # noqa: S311 – nothing secret

    async def think() -> None:
        await asyncio.sleep(thinking * chance.uniform(*THINKING_SECONDS))

    await asyncio.sleep(thinking * chance.uniform(0, THINKING_SECONDS[1]))
    steps = person.steps
    pages = [step for step in steps if step.target is None]
    for number in range(rounds):
        at = steps.index(pages[(person.number + number) % len(pages)])
        entered, *others = steps[at:] + steps[:at]
        url = f"{server.url}/{entered.page}?{urlencode(filters(person, clients, number), doseq=True)}"
        seen.append(Seen(entered.name, True, await _came(entered, browser.by_address(page, url, entered.marks))))
        for step in others:
            await think()
            if step.first is not None and step.target is not None:
                await browser.open_list(page, step.first, step.target)
            target = step.target or f"[data-testid=stTopNavLink][href$='/{_address(step)}']"
            seen.append(Seen(step.name, False, await _came(step, browser.by_click(page, target, step.marks))))
        await think()
    return seen


async def _came(step: Step, page: Awaitable[float]) -> float:
    """How long it took. Raises `PaidMediaError` where it did not come."""
    try:
        return await page
    except Error as error:
        raise PaidMediaError(f"the page did not come: {step.name}", where=str(error).splitlines()[0]) from error


def _address(step: Step) -> str:
    return "" if step == OVERVIEW else step.page


def filters(person: Person, clients: Sequence[str], number: int) -> dict[str, Any]:
    """What a round looks at: people of the agency at all clients, at one or at two; all at other days each time."""
    turn = person.number + number
    chosen: dict[str, Any] = {"period": PERIODS[turn % len(PERIODS)]}
    if person.client_id is None and turn % 3:
        chosen["client"] = [clients[(turn + more) % len(clients)] for more in range(turn % 3)]
    return chosen


async def _watched(world: World, server: Server, walks: Sequence[Any]) -> tuple[list[Seen], dict[str, float]]:
    """What was seen on walks side by side, and the processor seconds per page of the app, of Postgres, of Chromium."""
    before = _used(world, server)
    seen = [each for walk in await asyncio.gather(*walks) for each in walk]
    after = _used(world, server)
    return seen, {name: (after[name] - before[name]) / len(seen) for name in after}


def _used(world: World, server: Server) -> dict[str, float]:
    """Processor seconds until now."""
    ours = psutil.Process().children(recursive=True)
    chromium = [each for each in ours if "chrom" in each.name()]
    postgres = psutil.Process(world.postmaster)
    return {
        "app": _seconds([psutil.Process(server.process)]),
        "Postgres": _seconds([postgres, *postgres.children()]),
        "Chromium": _seconds(chromium),
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
    found: dict[str, Any] = {"by click": {}, "by address": {}}
    for step in STEPS:
        for way, is_by_address in (("by click", False), ("by address", True)):
            times = [
                each.milliseconds for each in seen if (each.step, each.is_by_address) == (step.name, is_by_address)
            ]
            if times:
                found[way][step.name] = _figures(times)
    return found


def _figures(times: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(times, n=20, method="inclusive") if len(times) > 1 else [times[0]] * 19
    return {"p50_ms": cuts[9], "p95_ms": cuts[18], "max_ms": max(times), "calls": len(times)}


def _people(world: World) -> list[Person]:
    """The people, entered where they are not known yet: some of the agency, and of the clients in turn."""
    roles = [role for role, count in STAFF for _ in range(count)][: world.size.people]
    roles += ["client"] * (world.size.people - len(roles))
    clients = world.size.client_ids
    found = [
        Person(number, role, clients[number % len(clients)] if role == "client" else None)
        for number, role in enumerate(roles)
    ]
    with database.session(world.settings) as current:
        known = {user.email for user, _ in users.list_users(current)}
        for each in found:
            if each.email not in known:
                users.add_user(current, each.email, role=each.role, client_id=each.client_id, password=PASSWORD)
    return found


def _rows(world: World) -> int:
    from sqlalchemy import text

    with database.session(world.settings) as current:
        return int(current.scalar(text("select count(*) from marts.daily_metrics")) or 0)
