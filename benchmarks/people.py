"""Who opens pages in the benchmark, which pages, in which order, and over which clients and days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.world import World
from streamlit_app.main import ROLES_OF_PAGE
from warehouse.access import users
from warehouse.postgres import database

STAFF = (("admin", 4), ("analyst", 6))  # of twenty; the others are people of the clients
PASSWORD = "a long password for the benchmark"  # noqa: S105 – of people in a made-up warehouse
PERIODS = ("last_30_days", "last_7_days", "all", "this_month")
GRID = "canvas[data-testid=data-grid-canvas]"


@dataclass(frozen=True)
class Choice:
    """An option of a widget: the first or, with -1, the last one. `key` is how the widget's key begins.

    `button` and `list_box` are what a browser clicks, or opens to click the option.
    """

    key: str
    option: int
    button: str
    list_box: str | None = None


@dataclass(frozen=True)
class Step:
    """One click: on the page's link, or on an option of it. `marks` are selectors of what only this page has."""

    name: str
    page: str
    marks: tuple[str, ...]
    choice: Choice | None = None

    @property
    def path(self) -> str:
        """The address of the page's link; the first page is at the root."""
        return "" if self.page == STEPS[0].page else self.page


STEPS = (
    Step("Overview", "overview", ("[data-testid=stVegaLiteChart] .marks", f".st-key-leaders-campaigns {GRID}")),
    Step("Performance", "performance", (f"[class*=st-key-entities-campaign-all] {GRID}", ".st-key-totals")),
    Step("– a campaign opened", "performance", (f"[class*=st-key-entities-strategy-] {GRID}",),
         Choice("choose-entities-campaign-", 0, "[role=option]", "[class*=st-key-choose-entities-] input")),
    Step("– its creatives", "performance", (f"[class*=st-key-entities-creative-] {GRID}",),
         Choice("level", -1, ".st-key-level button:last-of-type")),
    Step("Summaries, weeks", "summaries", ("[data-testid=stVegaLiteChart] .marks", f".st-key-periods {GRID}")),
    Step("– months", "summaries", (f".st-key-month-sources {GRID}",),
         Choice("grain", -1, ".st-key-grain button:last-of-type")),
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

    @property
    def pages(self) -> list[Step]:
        """The pages themselves, in order."""
        return [step for step in self.steps if step.choice is None]


def people(world: World) -> list[Person]:
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


def filters(person: Person, clients: Sequence[str], number: int) -> dict[str, Any]:
    """What a round looks at: people of the agency at all clients, at one or at two; all at other days each time."""
    turn = person.number + number
    chosen: dict[str, Any] = {"period": PERIODS[turn % len(PERIODS)]}
    if person.client_id is None and turn % 3:
        chosen["client"] = [clients[(turn + more) % len(clients)] for more in range(turn % 3)]
    return chosen
