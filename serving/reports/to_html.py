"""A report as one HTML page that loads nothing: Jinja escapes every name, the chart is drawn in the page."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving import format as shown_as
from serving.metrics import METRICS
from serving.reports.report import READ, Report

WIDTH, HEIGHT = 720, 120
CHARTED = ("impressions", "spend", "conversion_revenue")


def write(report: Report) -> bytes:
    """The file."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = environment.get_template("report.html.jinja").render(
        report=report,
        read=READ,
        moment=shown_as.moment(report.made_at),
        charts=[(METRICS[name], _points([day.values[name] for day in report.days])) for name in CHARTED],
        size=(WIDTH, HEIGHT),
    )
    return page.encode()


def _points(values: Sequence[object]) -> str:
    """The points of a line in the box of the chart; days without a number are left out."""
    numbers = [None if value is None else float(str(value)) for value in values]
    top = max((number for number in numbers if number is not None), default=0) or 1
    step = WIDTH / max(len(numbers) - 1, 1)
    places = [
        (place * step, HEIGHT - number / top * HEIGHT) for place, number in enumerate(numbers) if number is not None
    ]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
