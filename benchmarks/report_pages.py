"""What is told of the pages: their table, and in words how they were opened and on what.

Pages may be measured in a run of their own, so their figures carry their machine, commit and days.
"""

from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]

WAYS = (("alone", "by click"), ("together", "by click"), ("together", "by address"))
CUTS = ("p50_ms", "p95_ms", "max_ms")


def slowest(pages: Figures) -> float:
    """The 95th percentile, in ms, of the page that comes slowest by a click while everybody is at work."""
    return max(float(each["p95_ms"]) for each in pages["together"]["by click"].values())


def headings(pages: Figures) -> tuple[str, ...]:
    """Of the table."""
    people = pages["people"]
    return (
        "ms, p50 / p95 / max",
        "by click, one person",
        f"by click, {people} people at once",
        f"by its address, {people} people at once",
    )


def rows(pages: Figures) -> list[tuple[str, ...]]:
    """One line per page and way down."""
    names = list(pages["together"]["by click"])
    return [(name, *(_shown(pages[who][way].get(name)) for who, way in WAYS)) for name in names]


def told(pages: Figures) -> str:
    """How it was measured, in Markdown."""
    on, used = pages["machine"], pages["together"]["processor_seconds_per_page"]
    spent = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in used.items())
    least, most = pages["thinking_seconds"]
    made = (
        "all of them loaded"
        if pages["loaded_days"] >= pages["days"]
        else f"{pages['loaded_days']} of them built from raw rows, the others copies of these in the marts and in the "
        "ledger\n(`benchmarks/stretch.py`): pages read nothing else"
    )
    return HOW.format(
        pages=sum(each["calls"] for way in ("by click", "by address") for each in pages["together"][way].values()),
        days=pages["days"], made=made, rows=pages["rows"], people=pages["people"], least=least, most=most, spent=spent,
        rate=pages["together"]["pages_per_second"], processors=on["processors"], processor=on["processor"],
        memory=on["memory_gb"], at=on["measured_at"], load=on["load_before"], commit=pages["commit"],
    ).strip()  # fmt: skip


HOW = """
Real pages in Chromium: {pages:,} of them by {people} people of three roles, each with a browser context and a session
of their own, all clients or one or two of them and other days each time. Each looks at a page for {least:.0f} to
{most:.0f} s before the next click; together they open {rate:.2f} pages a second. A page is there when its own charts
and tables are, and Streamlit's script has ended, by the page's own clock. *By its address* is the whole page anew, in
a browser that has been there before; *by click* is what a person does all morning.

The marts hold {days} days, {rows:,} rows of creatives: {made}.

Chromium runs on the same {processors} processors as the app and Postgres; processor time per page, of {people} people
at once: {spent}.

{processors} × {processor}, {memory} GB; {at}; load before the run {load:.2f} per processor. Commit {commit}.
"""


def _shown(figures: Figures | None) -> str:
    return " / ".join(f"{figures[cut]:,.0f}" for cut in CUTS) if figures else "–"
