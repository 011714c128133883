"""What is told of the pages: their table, and in words how they were opened and on what.

Pages may be measured in a run of their own, so their figures carry their machine, commit and days.
"""

from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]

# How the pages were opened, whose times, and the heading of the column.
WAYS = (
    ("alone", "by click", "by click, one person"),
    ("watched", "by click", "by click, one of {people} people"),
    ("watched", "by address", "by address, one of {people} people"),
    ("together", "by click", "by click, {people} browsers on the server"),
)
ENOUGH = 20  # calls
CUTS = ("p50_ms", "p95_ms", "max_ms")


def slowest(pages: Figures, way: str) -> float:
    """The 95th percentile, in ms, of the page that comes slowest, by click or address, `watched` or all `together`.

    Only what was opened so often that the percentile is not the slowest one alone.
    """
    opened = [each for kind in ("by click", "by address") for each in pages[way][kind].values()]
    return max(float(each["p95_ms"]) for each in opened if each["calls"] >= ENOUGH)


def headings(pages: Figures) -> tuple[str, ...]:
    """Of the table."""
    return ("ms, p50 / p95 / max", *(heading.format(people=pages["people"]) for _, _, heading in WAYS))


def rows(pages: Figures) -> list[tuple[str, ...]]:
    """One line per page and way down."""
    names = list(pages["watched"]["by click"])
    return [(name, *(_shown(pages[who][kind].get(name)) for who, kind, _ in WAYS)) for name in names]


def told(pages: Figures) -> str:
    """How it was measured, in Markdown."""
    on, watched, together = pages["machine"], pages["watched"], pages["together"]
    least, most = pages["thinking_seconds"]
    made = (
        "all of them loaded"
        if pages["loaded_days"] >= pages["days"]
        else f"{pages['loaded_days']} of them built from raw rows, the others copies of these in the marts and in the "
        "ledger\n(`benchmarks/stretch.py`): pages read nothing else"
    )
    answers = watched["elsewhere"]["by click"]
    loads = [each["calls"] for each in watched["by address"].values()]
    clicks = [each["calls"] for each in watched["by click"].values()]
    return HOW.format(
        people=pages["people"], others=pages["people"] - 1, least=least, most=most,
        watched=watched["pages"], others_pages=_calls(watched["elsewhere"]), busy=_busy(watched),
        answered=max(each["p95_ms"] for each in answers.values()),
        together=together["pages"], together_busy=_busy(together),
        loads=min(loads), clicks=min(clicks), days=pages["days"], made=made, rows=pages["rows"],
        processors=on["processors"], processor=on["processor"], memory=on["memory_gb"], at=on["measured_at"],
        load=on["load_before"], commit=pages["commit"],
    ).strip()  # fmt: skip


HOW = """
Real pages in Chromium, opened by people of three roles, each with a session of their own, all clients or one or two of
them and other days each time. A page is there when its own charts and tables are, and Streamlit's script has ended, by
the page's own clock. *By address* is the whole page anew; *by click* is what a person does all morning. Every browser
has opened every page once before.

- **One of {people} people**: one works in Chromium, in a hurry, first by clicks, then by entering the address of page
  after page ({watched:,} pages, each at least {clicks} times by click and {loads} times by address). The other {others}
  look at a page for {least:.0f} to {most:.0f} s before the next click ({others_pages:,} pages); their browsers are
  elsewhere, as people's are: their sessions speak the app's own protocol over a WebSocket and read all that a browser
  would draw (`benchmarks/elsewhere.py`). The slowest of their pages has all been sent within {answered:,.0f} ms (p95).
  Processors at work: {busy}.
- **{people} browsers on the server**: all of them in Chromium on the same {processors} processors as the app and
  Postgres ({together:,} pages), which then mostly draw. Processors at work: {together_busy}.

The marts hold {days} days, {rows:,} rows of creatives: {made}.

{processors} × {processor}, {memory} GB; {at}; load before the run {load:.2f} per processor. Commit {commit}.
"""


def _calls(summed: Figures) -> int:
    """How many pages were opened."""
    return sum(each["calls"] for way in ("by click", "by address") for each in summed[way].values())


def _busy(found: Figures) -> str:
    """How many processors each part kept busy on average."""
    return ", ".join(f"{name} {used / found['seconds']:.2f}" for name, used in found["processor_seconds"].items())


def _shown(figures: Figures | None) -> str:
    return " / ".join(f"{figures[cut]:,.0f}" for cut in CUTS) if figures else "–"
