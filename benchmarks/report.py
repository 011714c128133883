"""From figures to claims: the seven ratios and seconds, their aims, and one page that shows all of it.

figures by step → results (results.json) → table on the terminal, docs/benchmarks.md
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks import machine, report_pages
from benchmarks.day import STAGES
from benchmarks.queries import FIVE
from benchmarks.sizes import FULL, Size
from benchmarks.stages import REST

Figures = Mapping[str, Any]
Rows = list[tuple[str, ...]]

# How pages are opened while twenty people are at work → the key of the slowest one.
PAGE_KEYS = {"watched": "page_p95_ms", "together": "page_together_p95_ms"}
PAGES = "Pages"


@dataclass(frozen=True)
class Aim:
    """What a figure should be: at most, or at least, `bound`."""

    key: str
    says: str
    bound: float
    unit: str = ""
    at_least: bool = False

    def is_met(self, figure: float) -> bool:
        """Whether the figure is as good as it should be."""
        return figure >= self.bound if self.at_least else figure <= self.bound


AIMS = (
    Aim("day_over_floor", "a whole day ÷ the floor", 5),
    Aim("peer_over_day", "the peer ÷ a whole day", 20, at_least=True),
    Aim("history_30_over_1", "the same day with the longest history ÷ the first day", 1.15),
    Aim("correction_seconds", "one client, one day restated: work beyond start-up", 5, "s"),
    Aim("nothing_changed_seconds", "a build when nothing changed, start-up included", 15, "s"),
    Aim("query_p95_ms", "slowest of the five dashboard queries, p95", 100, "ms"),
    Aim("loader_peak_mb", "peak memory of a loading process", 600, "MB"),
    Aim(PAGE_KEYS["watched"], "slowest page in Chromium, one of twenty people at once, p95", 2_000, "ms"),
    Aim(PAGE_KEYS["together"], "the same, all twenty browsers on the server's processors, p95", 2_000, "ms"),
)


def missing(size: Size, figures: Figures) -> list[str]:
    """The steps without figures."""
    from benchmarks.run import steps

    return [step.name for step in steps(size) if step.kind != "history" and step.name not in figures]


def results(size: Size, figures: Figures, on: Mapping[str, Any]) -> dict[str, Any]:
    """The claims and what they rest on. Needs the figures of every step; `on` is the machine."""
    days = {level: figures[f"day {level}"] for level in size.levels}
    floors = {level: figures[f"floor {level}"]["seconds"] for level in size.levels}
    first, last = days[size.levels[0]], days[size.levels[-1]]
    queried = [figures["queries while idle"], figures["queries while building"]]
    found = {
        "day_over_floor": median(days[level]["seconds"] / floors[level] for level in size.levels),
        "peer_over_day": figures["peer"]["seconds"] / first["seconds"],
        "history_30_over_1": last["seconds"] / first["seconds"],
        "correction_seconds": _median(figures[f"correction {size.levels[-1]}"], "work"),
        "nothing_changed_seconds": _median(figures["nothing"], "seconds"),
        "query_p95_ms": max(found[name]["p95_ms"] for found in queried for name in FIVE),
        "loader_peak_mb": max(each["loader_peak_mb"] for each in days.values()),
        "machine": dict(on),
        "versions": machine.versions(),
        "commit": machine.commit(),
        "rows": first["rows"],
        "stages": {"days_of_history": size.days, **figures},
    }
    return with_pages(found, figures["pages"]) if "pages" in figures else found


def with_pages(found: Mapping[str, Any], pages: Figures) -> dict[str, Any]:
    """The results with other figures of the pages, which tell themselves of their machine and commit."""
    slowest = {key: report_pages.slowest(pages, way) for way, key in PAGE_KEYS.items()}
    return {**found, **slowest, "stages": {**found["stages"], "pages": dict(pages)}}


def write(found: Mapping[str, Any], size: Size, data: Path, page: Path) -> None:
    """Write results.json and the page."""
    for path in (data, page):
        path.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps(found) + "\n")  # for programs; people read the page
    page.write_text(markdown(found, size))


def claims(found: Mapping[str, Any], size: Size) -> Rows:
    """Per aim: what, measured, aim, and whether it is met; a smaller form is mostly start-up, and not judged."""
    return [
        (
            aim.says,
            _shown(found[aim.key], aim.unit),
            f"{'≥' if aim.at_least else '≤'} {aim.bound:g}{' ' if aim.unit else ''}{aim.unit}",
            "–" if size != FULL else "yes" if aim.is_met(found[aim.key]) else "no",
        )
        for aim in AIMS
        if aim.key in found
    ]


def sections(found: Mapping[str, Any], size: Size) -> list[tuple[str, Sequence[str], Rows]]:
    """The other tables: title, headings, rows."""
    figures, levels = found["stages"], size.levels
    found_pages = figures.get("pages")
    return [
        ("A day", ("", *(f"day {level}" for level in levels)), _days(figures, levels)),
        ("A correction, a build of nothing, an upload", ("", "work", "whole process", "runs"), _small(figures, levels)),
        ("Dashboard queries", ("", "idle p50", "idle p95", "building p50", "building p95"), _queries(figures)),
        *([(PAGES, report_pages.headings(found_pages), report_pages.rows(found_pages))] if found_pages else []),
        ("Peak memory", ("process", "MB"), _memory(figures, levels)),
    ]


def table(title: str, headings: Sequence[str], rows: Rows) -> Table:
    """A table for the terminal."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    for number, heading in enumerate(headings):
        shown.add_column(heading, justify="right" if number else "left")
    for row in rows:
        shown.add_row(*row)
    return shown


def markdown(found: Mapping[str, Any], size: Size) -> str:
    """The page."""
    on = found["machine"]
    lines = [
        "# Benchmarks\n",
        f"{found['rows']:,} rows a day in {size.clients * 3} deliveries, {size.days} days of history; all of it",
        "measured in one run of `make bench`, which writes this page, but for the pages, which say when.",
        "Every sum was compared with the bytes, to the last digit.\n",
        *_markdown_table(("", "measured", "aim", "met"), claims(found, size)),
    ]
    for title, headings, rows in sections(found, size):
        lines += [f"\n## {title}\n", *_markdown_table(headings, rows)]
        if title == PAGES:
            lines += ["", report_pages.told(found["stages"]["pages"])]
    lines += [f"\n## How it is measured\n\n{HOW.strip()}\n", "## Machine and versions\n"]
    lines += [
        f"{on['processors']} × {on['processor']}, {on['memory_gb']} GB, {on['system']}; {on['measured_at']};",
        f"load before the run {on['load_before']:.2f} per processor. Commit {found['commit']}.\n",
        ", ".join(f"{name} {version}" for name, version in found["versions"].items()) + ".",
    ]
    return "\n".join(lines) + "\n"


HOW = """
- **A day** begins with files in an S3 bucket, reports behind the Vibe API and exports to upload, and ends when the
  marts are published. Three processes of `paidmedia load` and `paidmedia upload` work side by side, then one
  `paidmedia build` models and tests everything. Start-up of all processes is part of it. Where stages overlap, a
  moment's wall time is shared equally by those at work, so the stages add up to the whole.
- **Start-up** is a process's imports and the time until dbt's first statement; **work** is the rest.
- **The floor** copies the same files into unindexed tables of text and sums them to the same grain with one
  `create table as`. It is measured after each day, and the ratio is the median of the pairs.
- **The peer** is `benchmarks/peers/etl.py`, on the first day's files, all rows. It makes no summaries and no checks.
- **History** between the measured days is the first day again under other dates and with other numbers, written to the
  raw tables by SQL and built by `paidmedia build`; the measured days are loaded.
- **Corrections, builds of nothing, uploads** are repeated; the figure is the median. A correction restates all rows of
  one client, source and day.
- **Queries** are the app's own, without its cache, over changing clients and periods, four page views a second; the
  build beside them re-prices the last day of every client.
- Memory of a process is the kernel's count of its own peak; dbt and Postgres are sampled five times a second.

Where the time goes where an aim is missed, and what was tried:
[the physical design](decisions/0018-physical-design.md).
"""


def _days(figures: Figures, levels: Sequence[int]) -> Rows:
    days = [figures[f"day {level}"] for level in levels]
    floors = [figures[f"floor {level}"] for level in levels]

    def row(name: str, value: Callable[[Figures], float], unit: str = "s") -> tuple[str, ...]:
        return name, *(_shown(value(each), unit) for each in days)

    rows = [
        row("whole day", lambda each: each["seconds"]),
        row("rows per second", lambda each: each["rows_per_second"], ""),
    ]
    for stage in (*STAGES, REST):
        rows.append((f"– {stage}", *(_shown(each["stages"].get(stage, 0.0), "s") for each in days)))
    rows += [row("loads, side by side", lambda each: each["loads_seconds"])]
    rows += [row("build", lambda each: each["build_seconds"])]
    rows += [("floor", *(_shown(each["seconds"], "s") for each in floors))]
    rows += [(f"– {part}", *(_shown(each["stages"][part], "s") for each in floors)) for part in floors[0]["stages"]]
    peer = [_shown(figures["peer"]["seconds"], "s"), *[""] * (len(levels) - 1)]
    return [*rows, ("peer", *peer)]


def _small(figures: Figures, levels: Sequence[int]) -> Rows:
    named = {f"correction on day {level}": figures[f"correction {level}"] for level in levels}
    named |= {"nothing changed": figures["nothing"]}
    named |= {f"upload of {figures['upload'][0]['rows']:,} rows": figures["upload"]}
    return [
        (name, _shown(_median(runs, "work"), "s"), _shown(_median(runs, "seconds"), "s"), str(len(runs)))
        for name, runs in named.items()
    ]


def _queries(figures: Figures) -> Rows:
    idle, building = figures["queries while idle"], figures["queries while building"]
    names = [name for name in idle if isinstance(idle[name], Mapping)]
    return [
        (name, *(_shown(found[name][cut], "ms") for found in (idle, building) for cut in ("p50_ms", "p95_ms")))
        for name in names
    ]


def _memory(figures: Figures, levels: Sequence[int]) -> Rows:
    found: dict[str, float] = {}
    for peaks in (*(figures[f"day {level}"]["peak_mb"] for level in levels), figures["peer"]["peak_mb"]):
        for name, size in peaks.items():
            found[name] = max(found.get(name, 0.0), size)
    return [(name, f"{size:,.0f}") for name, size in found.items()]


def _markdown_table(headings: Sequence[str], rows: Rows) -> list[str]:
    ruler = "| --- |" + " ---: |" * (len(headings) - 1)
    return [f"| {' | '.join(headings)} |", ruler, *(f"| {' | '.join(row)} |" for row in rows)]


def _median(runs: Sequence[Figures], key: str) -> float:
    return median(float(each[key]) for each in runs)


def _shown(value: float, unit: str) -> str:
    digits = 0 if value >= 1_000 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{' ' if unit else ''}{unit}"
