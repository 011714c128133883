"""`make bench` and `make bench-quick`: see `--help`. A slow machine fails nothing: only a wrong number does."""

import json
import signal
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from warehouse.cli.console import complain, console
from warehouse.errors import PaidMediaError
from warehouse.settings import PROJECT_ROOT, get_settings


class Stage(StrEnum):
    """What can be measured alone."""

    DAY = "day"
    FLOOR = "floor"
    CORRECTION = "correction"
    PEER = "peer"
    NOTHING = "nothing"
    UPLOAD = "upload"
    QUERIES = "queries"
    PAGES = "pages"


STOPPED = 130
RESULTS = PROJECT_ROOT / "docs" / "benchmarks.json"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    rows: Annotated[int | None, typer.Option(help="Rows of a day over all clients and sources, 1,500,000.")] = None,
    days: Annotated[int | None, typer.Option(help="Days of history at the end, 30.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The small form: 100,000 rows in all, three days.")] = False,
    only: Annotated[list[Stage] | None, typer.Option(help="Only this, and what it needs; may be repeated.")] = None,
    home: Annotated[Path | None, typer.Option(help="Keep everything there, and go on there another time.")] = None,
) -> None:
    """Measure a day, its floor, a peer, corrections, queries and pages; compare every number with the bytes.

    Pages alone need few loaded days (`--days 3 --only pages`): their marts are stretched to 30, and their figures take
    the place of those that were written before.
    """
    from streamlit.logger import set_log_level

    set_log_level("ERROR")  # it remarks that the app's queries are called outside of a page
    from benchmarks import machine, report
    from benchmarks.run import run
    from benchmarks.sizes import FULL, QUICK

    form = QUICK if quick else FULL
    size = replace(form, rows=rows or form.rows, days=days or form.days)
    screen, on = console(), machine.machine()
    kept = get_settings().paidmedia_home / "benchmarks"
    figures = run(size, home, [stage.value for stage in only or ()], lambda line: screen.print(line, markup=False))
    if left := report.missing(size, figures):
        screen.print(f"Not measured yet: {', '.join(left)}. With --home, another run goes on.", markup=False)
        if only != [Stage.PAGES] or size.rows != FULL.rows:
            return
        size, found = FULL, report.with_pages(json.loads(RESULTS.read_text()), figures["pages"])
    else:
        found = report.results(size, figures, on)
    screen.print(report.table("Measured", ("", "measured", "aim", "met"), report.claims(found, size)))
    for title, headings, lines in report.sections(found, size):
        screen.print(report.table(title, headings, lines))
    data, page = kept / "results.json", kept / "benchmarks.md"
    if size == FULL:
        data, page = RESULTS, PROJECT_ROOT / "docs" / "benchmarks.md"
    report.write(found, size, data, page)
    screen.print(f"Written to {data} and {page}.", markup=False)


def main() -> None:
    """Entry point; a polite kill stops like Ctrl-C, so that nothing is left running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code: object = 0
    try:
        code = app(standalone_mode=False)
    except PaidMediaError as error:
        complain(str(error))
        code = 1
    except typer.TyperException as error:
        complain(error.format_message())
        code = 2
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    if code == STOPPED:  # Typer gives it back where it has heard Ctrl-C itself
        complain("stopped; with --home, another run goes on")
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
