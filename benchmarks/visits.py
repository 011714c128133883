"""A visit: round after round through the pages, in a browser here or in one that is elsewhere.

Somebody who walks begins a round with an address that names clients and days, another one each time, and then goes by
clicks from page to page, down into a campaign and from weeks to months. Somebody who comes by links enters the address
of every page. The cache is the viewer's own, so nobody is answered by another.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from playwright.async_api import Browser, Error, Page
from playwright.async_api import TimeoutError as TimedOut

from benchmarks import browser
from benchmarks.browser import Server
from benchmarks.people import PASSWORD, Person, Step, filters
from warehouse.errors import PaidMediaError

VIEWPORT = {"width": 1440, "height": 900}

Span = tuple[float, float]


class Visitor(Protocol):
    """Who opens pages. Each way gives milliseconds, and raises `PaidMediaError` where a page does not come."""

    async def enter(self, step: Step, query: str) -> float:
        """Enter an address."""

    async def click(self, step: Step) -> float:
        """Click."""


@dataclass(frozen=True)
class Seen:
    """One page that came: how, and after how many milliseconds."""

    step: str
    is_by_address: bool
    milliseconds: float


async def walk(
    visitor: Visitor, person: Person, clients: Sequence[str], thinking: Span, goes_on: Callable[[int], bool]
) -> list[Seen]:
    """Rounds of one person, while `goes_on` says so of the number of rounds done; `thinking` is seconds at a page."""
    chance, seen, number = random.Random(person.number), [], 0  # noqa: S311 – nothing secret
    steps, pages = person.steps, person.pages
    await asyncio.sleep(chance.uniform(0, thinking[1]))
    while goes_on(number):
        at = steps.index(pages[(person.number + number) % len(pages)])
        entered, *others = steps[at:] + steps[:at]
        query = urlencode(filters(person, clients, number), doseq=True)
        seen.append(Seen(entered.name, True, await visitor.enter(entered, query)))
        for step in others:
            await asyncio.sleep(chance.uniform(*thinking))
            if not goes_on(number):
                return seen
            seen.append(Seen(step.name, False, await visitor.click(step)))
        await asyncio.sleep(chance.uniform(*thinking))
        number += 1
    return seen


async def enter_pages(
    visitor: Visitor, person: Person, clients: Sequence[str], thinking: Span, rounds: int
) -> list[Seen]:
    """Rounds of one person who comes to every page by its address, with other clients and days each time."""
    chance, seen = random.Random(person.number), []  # noqa: S311 – nothing secret
    for number, step in enumerate(person.pages * rounds):
        await asyncio.sleep(chance.uniform(*thinking))
        query = urlencode(filters(person, clients, number), doseq=True)
        seen.append(Seen(step.name, True, await visitor.enter(step, query)))
    return seen


class InChromium:
    """A visitor with a browser context of their own, who has been everywhere once. Times are the page's own clock."""

    def __init__(self, page: Page, server: Server) -> None:
        self._page, self._server = page, server

    @classmethod
    async def come_in(cls, chromium: Browser, server: Server, person: Person) -> "InChromium":
        """Log in and open every page once: what people's browsers have loaded on an earlier day stays with them."""
        context = await chromium.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
        await context.add_init_script(browser.CLOCK)
        page = await context.new_page()
        await page.goto(f"{server.url}/account")
        await page.get_by_label("E-mail").fill(person.email, timeout=browser.GIVE_UP_MS)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        async with page.expect_response("**/session", timeout=browser.GIVE_UP_MS):
            await page.get_by_role("button", name="Log in").click()
        await page.wait_for_selector(".st-key-account", timeout=browser.GIVE_UP_MS)
        found = cls(page, server)
        for step in person.pages[:-1]:  # the last one is there
            await found.click(step)
        return found

    async def enter(self, step: Step, query: str) -> float:
        """Enter an address, as the browser shows it on that page: the whole page anew."""
        try:
            return await browser.by_address(self._page, f"{self._server.url}/{step.path}?{query}", step.marks)
        except Error as error:
            raise _missing(step, error) from error

    async def click(self, step: Step) -> float:
        """Click the link of a page, or an option on it."""
        target = f"[data-testid=stTopNavLink][href$='/{step.path}']" if step.choice is None else step.choice.button
        try:
            if step.choice is None or step.choice.list_box is None:
                return await browser.by_click(self._page, target, step.marks)
            return await self._choose(step.choice.list_box, target, step.marks)
        except Error as error:
            raise _missing(step, error) from error

    async def _choose(self, list_box: str, option: str, marks: Sequence[str]) -> float:
        """Open a list and click an option; a list that has closed itself in between is opened once more."""
        await browser.open_list(self._page, list_box, option)
        with suppress(TimedOut):
            return await browser.by_click(self._page, option, marks, browser.LIST_MS)
        await browser.open_list(self._page, list_box, option)
        return await browser.by_click(self._page, option, marks)

    async def leave(self) -> None:
        """Close the browser context."""
        await self._page.context.close()


def _missing(step: Step, error: Error) -> PaidMediaError:
    return PaidMediaError(f"the page did not come: {step.name}", where=str(error).splitlines()[0])
